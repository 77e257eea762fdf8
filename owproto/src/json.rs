//! The objects of `--json`, one per line.
//!
//! If a path is not UTF-8, `path` has replacement characters, and the field `path_hex` after it has the bytes. The same holds
//! for `entries` and `entries_hex`.

use owproto_std::owproto_core::ServerError;
use serde_json::{Map, Value, json};

use crate::hex::hex;

/// An object that starts with a path.
fn with_path(path: &[u8]) -> Map<String, Value> {
    let mut object = Map::new();
    object.insert("path".to_owned(), String::from_utf8_lossy(path).into());
    if std::str::from_utf8(path).is_err() {
        object.insert("path_hex".to_owned(), hex(path).into());
    }
    object
}

/// `{"path":..,"value":text or null,"hex":..}`
pub(crate) fn value(path: &[u8], value: &[u8]) -> Value {
    let mut object = with_path(path);
    object.insert("value".to_owned(), std::str::from_utf8(value).ok().into());
    object.insert("hex".to_owned(), hex(value).into());
    object.into()
}

/// `{"path":..,"entries":[..]}`
pub(crate) fn entries<'a>(path: &[u8], entries: impl Iterator<Item = &'a [u8]>) -> Value {
    let mut object = with_path(path);
    let (mut texts, mut bytes) = (Vec::new(), Vec::new());
    let mut is_text = true;
    for entry in entries {
        is_text &= std::str::from_utf8(entry).is_ok();
        texts.push(Value::from(String::from_utf8_lossy(entry)));
        bytes.push(Value::from(hex(entry)));
    }
    object.insert("entries".to_owned(), texts.into());
    if !is_text {
        object.insert("entries_hex".to_owned(), bytes.into());
    }
    object.into()
}

/// `{"path":..,"present":bool}`
pub(crate) fn present(path: &[u8], present: bool) -> Value {
    let mut object = with_path(path);
    object.insert("present".to_owned(), present.into());
    object.into()
}

/// `{"path":..,"written":n}`
pub(crate) fn written(path: &[u8], written: usize) -> Value {
    let mut object = with_path(path);
    object.insert("written".to_owned(), written.into());
    object.into()
}

/// `{"path":..,"error":{"code":n,"text":..}}`; the code is the server's number without its sign.
pub(crate) fn error(path: &[u8], error: ServerError) -> Value {
    let mut object = with_path(path);
    let code = error.code();
    let text = code.sentence().map_or_else(|| code.owserver_text().to_string(), str::to_owned);
    object.insert("error".to_owned(), json!({ "code": code.code(), "text": text }));
    object.into()
}

#[cfg(test)]
mod tests {
    use owproto_std::owproto_core::ReturnCode;

    use super::*;

    #[test]
    fn fields_have_the_documented_order() {
        assert_eq!(value(b"/a", b" 1").to_string(), r#"{"path":"/a","value":" 1","hex":"2031"}"#);
        assert_eq!(value(b"/a", b"\xff").to_string(), r#"{"path":"/a","value":null,"hex":"ff"}"#);
        assert_eq!(present(b"/a", true).to_string(), r#"{"path":"/a","present":true}"#);
        assert_eq!(written(b"/a", 3).to_string(), r#"{"path":"/a","written":3}"#);
        assert_eq!(
            entries(b"/", [&b"/a"[..], b"/b"].into_iter()).to_string(),
            r#"{"path":"/","entries":["/a","/b"]}"#
        );
    }

    #[test]
    fn an_error_has_a_plain_text_or_else_the_text_of_owserver() {
        let object = |ret| error(b"/a", ServerError::new(ReturnCode::from_ret(ret)).unwrap()).to_string();
        assert_eq!(object(-1), r#"{"path":"/a","error":{"code":1,"text":"no such path"}}"#);
        assert_eq!(object(-44), r#"{"path":"/a","error":{"code":44,"text":"Bus - bus short"}}"#);
    }

    #[test]
    fn bytes_that_are_not_utf_8_are_added_in_hexadecimal() {
        assert_eq!(
            present(b"/\xff", false).to_string(),
            "{\"path\":\"/\u{fffd}\",\"path_hex\":\"2fff\",\"present\":false}"
        );
        assert_eq!(
            entries(b"/", [&b"/\xff"[..], b"/b"].into_iter()).to_string(),
            "{\"path\":\"/\",\"entries\":[\"/\u{fffd}\",\"/b\"],\"entries_hex\":[\"2fff\",\"2f62\"]}"
        );
    }
}
