//! The error type of the nom parsers here: where they stopped and why, without storing text.

use nom::error::{ErrorKind, FromExternalError, ParseError};
use nom::{Err, IResult};

/// A nom error that keeps the position, and a typed reason if the syntax was right.
#[derive(Debug)]
pub(crate) struct Located<'a, X> {
    rest: &'a [u8],
    reason: Option<X>,
}

impl<'a, X> Located<'a, X> {
    /// The same position with a reason of another type.
    pub(crate) fn map<Y>(self, convert: impl FnOnce(X) -> Y) -> Located<'a, Y> {
        Located { rest: self.rest, reason: self.reason.map(convert) }
    }
}

impl<'a, X> ParseError<&'a [u8]> for Located<'a, X> {
    fn from_error_kind(rest: &'a [u8], _: ErrorKind) -> Self {
        Self { rest, reason: None }
    }

    /// Keeps the innermost of nested errors, which is the most precise.
    fn append(_: &'a [u8], _: ErrorKind, inner: Self) -> Self {
        inner
    }
}

impl<'a, X> FromExternalError<&'a [u8], X> for Located<'a, X> {
    fn from_external_error(rest: &'a [u8], _: ErrorKind, reason: X) -> Self {
        Self { rest, reason: Some(reason) }
    }
}

/// Runs a parser that has to take all of `input`. An error is the number of bytes that fit the grammar, and the reason
/// unless it is the syntax.
pub(crate) fn parse_whole<'a, T, X>(
    input: &'a [u8],
    parser: impl FnOnce(&'a [u8]) -> IResult<&'a [u8], T, Located<'a, X>>,
) -> Result<T, (usize, Option<X>)> {
    let position = |rest: &[u8]| input.len().saturating_sub(rest.len());
    match parser(input) {
        Ok(([], value)) => Ok(value),
        Ok((rest, _)) => Err((position(rest), None)),
        Err(Err::Error(error) | Err::Failure(error)) => Err((position(error.rest), error.reason)),
        // All parsers here are of the complete kind, which never returns this.
        Err(Err::Incomplete(_)) => Err((input.len(), None)),
    }
}
