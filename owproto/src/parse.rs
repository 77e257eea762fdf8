//! Parsers for the arguments of several commands.

use std::ffi::{OsStr, OsString};
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};
use owproto_std::owproto_core::message::{MAX_BODY_LEN, MAX_PATH_LEN};

use crate::printable::printable;

/// A path, as bytes that fit into a request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Path(Vec<u8>);

impl Path {
    /// Parses an argument.
    ///
    /// # Errors
    /// A message.
    pub(crate) fn new(argument: OsString) -> Result<Self, String> {
        let path = into_bytes(argument)?;
        if path.len() > MAX_PATH_LEN {
            let len = path.len();
            return Err(format!("a path has at most {MAX_PATH_LEN} bytes, this one has {len}"));
        }
        Ok(Self(path))
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Path {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// The bytes of an argument: any on Unix, UTF-8 elsewhere.
///
/// # Errors
/// A message, for text that is not valid Unicode.
#[allow(clippy::unnecessary_wraps)] // it can fail elsewhere than on Unix
pub(crate) fn into_bytes(argument: OsString) -> Result<Vec<u8>, String> {
    #[cfg(unix)]
    {
        Ok(std::os::unix::ffi::OsStringExt::into_vec(argument))
    }
    #[cfg(not(unix))]
    {
        argument.into_string().map(String::into_bytes).map_err(|_| "not valid Unicode".to_owned())
    }
}

/// A parser for paths.
pub(crate) fn path_parser() -> impl TypedValueParser<Value = Path> {
    OsStringValueParser::new().try_map(Path::new)
}

/// A parser for offsets in a value.
pub(crate) fn offset_parser() -> impl TypedValueParser<Value = u32> {
    clap::value_parser!(u32).range(0..=i64::from(i32::MAX))
}

/// A parser for lengths of values and requests.
pub(crate) fn len_parser() -> impl TypedValueParser<Value = u32> {
    clap::value_parser!(u32).range(1..=MAX_BODY_LEN as i64)
}

/// Parses a time in seconds. 0 stands for no limit.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    let time =
        Duration::try_from_secs_f64(seconds).map_err(|_| "not a time of 0 or more seconds".to_owned())?;
    // A tiny time must not be rounded to 0.
    Ok(if seconds > 0.0 { time.max(Duration::from_micros(1)) } else { time })
}

/// An argument in a message.
pub(crate) fn quoted(argument: &OsStr) -> String {
    format!("'{}'", printable(argument.as_encoded_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_of_0_or_more() {
        assert_eq!(seconds("2"), Ok(Duration::from_secs(2)));
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        assert_eq!(seconds("1e-12"), Ok(Duration::from_micros(1)));
        for text in ["", "x", "-1", "nan", "inf", "1e30", "2s"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
