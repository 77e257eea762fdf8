//! How a grammar tells where and why it stopped, without storing text.

use nom::error::{ErrorKind, FromExternalError, ParseError};
use nom::{Err, IResult};

/// A nom error that keeps the place, and the typed reason if a check after the grammar failed.
#[derive(Debug)]
pub(crate) struct Located<'a, X> {
    rest: &'a [u8],
    reason: Option<X>,
}

impl<'a, X> Located<'a, X> {
    /// The same place with a reason of another type.
    pub(crate) fn map<Y>(self, convert: impl FnOnce(X) -> Y) -> Located<'a, Y> {
        Located { rest: self.rest, reason: self.reason.map(convert) }
    }
}

impl<'a, X> ParseError<&'a [u8]> for Located<'a, X> {
    fn from_error_kind(rest: &'a [u8], _: ErrorKind) -> Self {
        Self { rest, reason: None }
    }

    /// Of nested errors the innermost says most.
    fn append(_: &'a [u8], _: ErrorKind, inner: Self) -> Self {
        inner
    }
}

impl<'a, X> FromExternalError<&'a [u8], X> for Located<'a, X> {
    fn from_external_error(rest: &'a [u8], _: ErrorKind, reason: X) -> Self {
        Self { rest, reason: Some(reason) }
    }
}

/// Runs a grammar over all of `input`. Where it fails: how many bytes fitted before, and the reason, if it is another
/// than the syntax.
pub(crate) fn whole<'a, T, X>(
    input: &'a [u8],
    grammar: impl FnOnce(&'a [u8]) -> IResult<&'a [u8], T, Located<'a, X>>,
) -> Result<T, (usize, Option<X>)> {
    let position = |rest: &[u8]| input.len().saturating_sub(rest.len());
    match grammar(input) {
        Ok(([], value)) => Ok(value),
        Ok((rest, _)) => Err((position(rest), None)),
        Err(Err::Error(error) | Err::Failure(error)) => Err((position(error.rest), error.reason)),
        // Grammars here are of the complete sort and never say this.
        Err(Err::Incomplete(_)) => Err((input.len(), None)),
    }
}
