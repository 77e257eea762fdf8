//! Text in payloads: ROM ids, values, dates, structure records, lists.

use owproto_core::message::{Entries, listing};
use owproto_core::text::{Date, Elements, RomId, Structure, Value, ValueType, list_element};
use owproto_core::wire::DeviceFormat;

/// Input: the text.
pub fn check(data: &[u8]) {
    rom_id(data);
    date(data);
    structure(data);
    for value_type in (0..=u8::MAX).filter_map(ValueType::from_letter) {
        value(value_type, data);
    }
    lists(data);
}

fn rom_id(text: &[u8]) {
    let Ok(id) = RomId::parse(text) else { return };
    for format in DeviceFormat::ALL {
        let spelling = id.format(format);
        assert_eq!(RomId::parse(spelling.as_bytes()), Ok(id), "{spelling}");
    }
    assert_eq!(RomId::from_bytes(id.to_bytes()), Ok(id));
    assert_eq!(RomId::from_reversed(id.reversed()), Ok(id));
}

fn date(text: &[u8]) {
    let Ok(date) = Date::parse(text) else { return };
    assert_eq!(Date::parse(date.to_ascii().as_bytes()), Ok(date), "{date}");
    assert_eq!(Date::from_unix_seconds(date.to_unix_seconds()), Some(date), "{date}");
}

fn structure(text: &[u8]) {
    match Structure::parse(text) {
        Ok(record) => {
            assert_eq!(Structure::parse(record.to_ascii().as_bytes()), Ok(record), "{record}");
            for element in record.elements(text).take(text.len() + 2) {
                let _ = element;
            }
        }
        Err(error) => assert!(error.position <= text.len(), "{error:?}"),
    }
}

fn value(value_type: ValueType, text: &[u8]) {
    match Value::parse(value_type, text) {
        Ok(value) => {
            // The encoded value is read as the same value.
            let sent = value.encode();
            let read = Value::parse(value_type, sent.as_bytes())
                .unwrap_or_else(|error| panic!("{value:?} is encoded as {sent:?}: {error}"));
            match (value, read) {
                (Value::Float(value), Value::Float(read)) => {
                    assert!(
                        value.to_bits() == read.to_bits() || value.is_nan() && read.is_nan(),
                        "{value}, {read}"
                    );
                }
                (value, read) => assert_eq!(read, value),
            }
            let _ = value.to_string();
        }
        Err(error) => assert!(error.position <= text.len(), "{error:?}"),
    }
    let count = Elements::separated(value_type, text).count();
    assert!(count <= text.len() + 1, "{count} elements in {} bytes", text.len());
}

/// The entries of a comma list, split as simply as possible.
pub(crate) fn split_list(text: &[u8]) -> Vec<Vec<u8>> {
    let is_separator = |at: usize| text[at] == 0 || text[at] == b',' && text.get(at + 1) == Some(&b'/');
    let mut expected = vec![Vec::new()];
    for (at, &byte) in text.iter().enumerate() {
        if is_separator(at) {
            expected.push(Vec::new());
        } else {
            expected.last_mut().unwrap().push(byte);
        }
    }
    expected.retain(|entry| !entry.is_empty());
    expected
}

fn lists(text: &[u8]) {
    assert!(Entries::list(text).eq(split_list(text).iter().map(Vec::as_slice)));
    for entry in Entries::list(text) {
        let without = listing::without_slash(entry);
        assert_eq!(without.len() + usize::from(listing::has_slash(entry)), entry.len());
        let _ = listing::is_directory(entry);
    }
    assert!(Entries::one(text).count() <= 1);

    let elements = text.split(|&byte| byte == b',').count();
    for n in [0, 1, elements, elements + 1, usize::MAX] {
        if let Some(element) = list_element(text, n) {
            assert!(n < elements && !element.contains(&b','));
        }
    }
}
