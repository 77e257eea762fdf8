//! What a real server sent, parsed and written again.

use std::collections::BTreeMap;
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, fs};

use serde_json::Value as Json;

use super::*;
use crate::message::{OwserverText, ReturnCode};
use crate::wire::{DeviceFormat, Flags};

struct Exchange {
    name: String,
    path: String,
    flags: Flags,
    size: i64,
    offset: i64,
    ret: i64,
    payload: Vec<u8>,
}

/// A file of captures.
pub(crate) fn vectors(file: &str) -> Vec<Json> {
    let path = format!("{}/tests/vectors/{file}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// All exchanges of one type of message in a file of captures; the last frame of the reply.
fn exchanges(file: &str, type_name: &str) -> Vec<Exchange> {
    vectors(file)
        .iter()
        .filter(|vector| vector["request"]["type_name"] == type_name)
        .filter_map(|vector| {
            let (request, reply) = (&vector["request"], vector["replies"].as_array()?.last()?);
            Some(Exchange {
                name: vector["name"].as_str()?.to_string(),
                path: request["path"].as_str()?.to_string(),
                flags: Flags(u32::try_from(request["flags"].as_u64()?).unwrap()),
                size: request["size"].as_i64()?,
                offset: request["offset"].as_i64()?,
                ret: reply["ret"].as_i64()?,
                payload: from_hex(reply["payload_hex"].as_str()?),
            })
        })
        .collect()
}

pub(crate) fn from_hex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The captured records of `/structure`, by family, property and index as in `29/PIO.ALL`.
fn records() -> BTreeMap<String, Structure> {
    exchanges("structure", "READ")
        .into_iter()
        .filter(|exchange| exchange.ret >= 0)
        .map(|exchange| {
            let key = exchange.path.strip_prefix("/structure/").unwrap().to_string();
            (key, Structure::parse(&exchange.payload).unwrap())
        })
        .collect()
}

#[test]
fn records_parse_and_print_the_same() {
    let captured = exchanges("structure", "READ");
    let mut count = 0;
    for Exchange { name, payload, ret, .. } in captured {
        if ret < 0 {
            assert!(payload.is_empty());
            continue;
        }
        let record = Structure::parse(&payload).expect(&name);
        assert_eq!(record.to_string().as_bytes(), payload, "{name}");
        count += 1;

        // The length is that of the type, times the elements that were asked for.
        if let Some(len) = record.value_type.rendered_len() {
            let expected = match (record.index, record.shape) {
                (Index::All, Shape::Array(elements)) => record.value_type.array_len(len, elements),
                _ => len,
            };
            assert_eq!(record.length, expected, "{name}");
        }
    }
    assert_eq!(count, 28);
    let types: Vec<_> = records().values().map(|record| record.value_type).collect();
    for &value_type in ValueType::ALL {
        assert_eq!(types.contains(&value_type), value_type != ValueType::Unknown, "{value_type}");
    }
}

/// A record for what is read at a path: as captured from the server, or else what is known of the property.
fn record_of(path: &str, records: &BTreeMap<String, Structure>) -> Option<Structure> {
    let mut path = path.trim_start_matches('/');
    for prefix in ["uncached/", "text/", "unaliased/", "bus.0/"].iter().cycle().take(12) {
        path = path.strip_prefix(prefix).unwrap_or(path);
    }
    let (first, property) = path.split_once('/')?;
    let family = RomId::parse(first.as_bytes()).ok().map(|id| format!("{:02X}", id.family()));

    // As captured, or as captured for another element.
    let key = family.map(|family| format!("{family}/{property}"));
    if let Some(key) = &key {
        let (base, index) = key.split_once('.').unwrap_or((key, ""));
        let similar = match index {
            "" | "ALL" | "BYTE" => None,
            _ => ["0", "A", "000"].iter().find_map(|index| records.get(&format!("{base}.{index}"))),
        };
        if let Some(record) = records.get(key).or(similar) {
            return Some(*record);
        }
    }

    let value_type = match (property.rsplit('/').next()?.split('.').next()?, first) {
        ("address" | "r_address" | "id" | "crc8" | "family" | "type" | "version" | "name", _)
        | ("temperature_scale" | "pressure_scale" | "text", "settings") => ValueType::Text,
        ("alias" | "list", _) => ValueType::Alias,
        ("temperature", "simultaneous") => ValueType::YesNo,
        ("temperature" | "templow" | "temphigh", _) => ValueType::Temperature,
        ("pressure" | "offset", _) => ValueType::Pressure,
        ("volt", _) => ValueType::Float,
        ("counters" | "udate" | "volatile" | "count_current_buses", _) => ValueType::Unsigned,
        ("pid", _) => ValueType::Integer,
        ("PIO", _) if property.ends_with(".BYTE") => ValueType::BitField,
        ("memory" | "page", _) => ValueType::Bytes,
        ("date", _) => ValueType::Date,
        _ => return None,
    };
    let all = property.ends_with(".ALL");
    Some(Structure {
        value_type,
        index: if all { Index::All } else { Index::Element(0) },
        shape: if all { Shape::Array(4) } else { Shape::Scalar },
        access: AccessMode::ReadOnly,
        length: if property == "pages/page.ALL" { 128 } else { value_type.rendered_len().unwrap_or(0) },
        change: ChangeRate::Volatile,
    })
}

#[test]
fn values_parse_and_render_the_same() {
    let records = records();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for file in ["read", "flags", "write", "settings"] {
        for Exchange { name, path, flags, size, offset, payload, ret } in exchanges(file, "READ") {
            if ret < 0 || path.starts_with("/structure") {
                continue;
            }
            // An alias, and no value at all.
            let path =
                path.replace("/kitchen/", "/28.000028D70100/").replace("/back door/", "/29.000029D60500/");
            let record = record_of(&path, &records).unwrap_or_else(|| panic!("{name}: what is {path}?"));
            let is_number = record.value_type.rendered_len() == Some(12);
            if is_number && (offset != 0 || size < 12) {
                // A number that the request cut.
                let text = core::str::from_utf8(&payload).unwrap().trim();
                let value = Value::parse(record.value_type, &payload).ok().and_then(|value| value.as_f64());
                assert_eq!(value, text.parse().ok(), "{name}");
                *seen.entry("cut".to_string()).or_default() += 1;
                continue;
            }

            let values: Vec<_> = record.elements(&payload).map(|value| value.expect(&name)).collect();
            let texts: Vec<_> = values
                .iter()
                .map(|value| value.render(Padding::from_flags(flags)).expect(&name).as_bytes().to_vec())
                .collect();
            let separator = if record.value_type == ValueType::Bytes { &b""[..] } else { b"," };
            assert_eq!(texts.join(separator), payload, "{name}");
            for value in &values {
                let encoded = value.encode();
                assert_eq!(Value::parse(record.value_type, encoded.as_bytes()), Ok(*value), "{name}");
            }

            let is_array = record.index == Index::All;
            assert!(values.len() == 1 || is_array, "{name}");
            *seen.entry(record.value_type.to_string()).or_default() += 1;
            if is_array {
                *seen.entry(format!("{} elements", record.value_type)).or_default() += values.len();
            }
        }
    }
    // What was covered, so that this test cannot pass on nothing.
    for (what, least) in [
        ("cut", 6),
        ("integer", 2),
        ("unsigned", 7),
        ("bit field", 2),
        ("float", 4),
        ("temperature", 23),
        ("pressure", 8),
        ("yes/no", 4),
        ("date", 6),
        ("text", 25),
        ("alias", 4),
        ("bytes", 7),
        ("yes/no elements", 8),
        ("float elements", 12),
        ("unsigned elements", 2),
        ("bytes elements", 4),
        ("text elements", 211),
    ] {
        let found = seen.get(what).copied().unwrap_or(0);
        assert!(found >= least, "{what}: {found} of at least {least}, in {seen:?}");
    }
}

#[test]
fn values_are_what_they_should_be() {
    let reads = exchanges("read", "READ");
    let payload =
        |name: &str| reads.iter().find(|exchange| exchange.name == name).expect(name).payload.clone();
    let parse = |value_type, name| {
        let payload = payload(name);
        Value::parse(value_type, &payload).map(|value| value.to_string())
    };
    for (value_type, name, expected) in [
        (ValueType::Float, "read_float", "3.6"),
        (ValueType::Unsigned, "read_unsigned", "36"),
        (ValueType::Integer, "read_integer", "239"),
        (ValueType::YesNo, "read_yesno", "yes"),
        (ValueType::BitField, "read_bitfield_byte", "44"),
        (ValueType::Date, "read_date", "Fri Mar 23 04:00:00 2007"),
        (ValueType::Text, "read_ascii_type", "DS18S20"),
        (ValueType::Bytes, "read_binary_memory_size3", "2d0000"),
        (ValueType::Alias, "read_alias_unset", ""),
    ] {
        assert_eq!(parse(value_type, name).as_deref(), Ok(expected), "{name}");
    }

    let id = RomId::parse(&payload("read_ascii_address")).unwrap();
    assert_eq!(id.to_string(), "10.000010EF0000");
    let reversed: String = id.reversed().iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(reversed.as_bytes(), payload("read_ascii_r_address"));
}

#[test]
fn the_list_of_return_codes_holds_their_texts() {
    let reads = exchanges("read", "READ");
    let list = &reads.iter().find(|exchange| exchange.name == "read_return_codes_all").unwrap().payload;
    let last = usize::try_from(OwserverText::LAST.code()).unwrap();
    for (n, code) in (0..=last).zip(0..) {
        let text = ReturnCode::from_code(code).owserver_text().to_string();
        assert_eq!(list_element(list, n), Some(text.as_bytes()));
    }
    assert_eq!(list_element(list, last + 1), None);
}

#[test]
fn rom_ids_of_listings_are_in_the_format_of_the_flags() {
    let mut count = 0;
    let mut formats = Vec::new();
    for Exchange { name, path, flags, payload, .. } in exchanges("flags", "DIRALL") {
        if path != "/" {
            continue;
        }
        let list = payload.strip_suffix(b"\0").unwrap_or(&payload);
        for entry in list.split(|&byte| byte == b',') {
            let text = entry.strip_prefix(b"/").unwrap();
            if !text.first().is_some_and(u8::is_ascii_hexdigit) || text.starts_with(b"bus.") {
                continue;
            }
            let id = RomId::parse(text).expect(&name);
            assert_eq!(id.format(flags.device_format()).as_bytes(), text, "{name}");
            count += 1;
        }
        formats.push(flags.device_format());
    }
    assert!(count > 100, "{count}");
    let missing: Vec<_> = DeviceFormat::ALL.into_iter().filter(|format| !formats.contains(format)).collect();
    assert_eq!(missing, [DeviceFormat::FIdC], "the one that was not captured");
}

#[test]
fn presence_says_which_device() {
    let captured = exchanges("presence", "PRESENCE");
    let mut found = [0, 0];
    for Exchange { name, path, payload, .. } in captured {
        let id = RomId::from_presence(&payload);
        let expected =
            path.starts_with("/28.000028D70100").then(|| RomId::new(0x28, [0, 0, 0x28, 0xd7, 1, 0]));
        if payload.is_empty() {
            assert_eq!(id, None, "{name}");
        } else {
            assert_eq!(id, expected, "{name}");
            found[usize::from(id.is_some())] += 1;
        }
    }
    assert!(found[0] >= 3 && found[1] >= 2, "{found:?}");
}
