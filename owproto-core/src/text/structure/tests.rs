use std::string::ToString;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

#[test]
fn every_field_is_parsed_and_written() {
    assert_eq!(
        Structure::parse(b"y,-000002,000008,rw,000012,s,"),
        Ok(Structure {
            value_type: ValueType::BitField,
            index: Index::Byte,
            shape: Shape::Array(8),
            access: AccessMode::ReadWrite,
            length: 12,
            change: ChangeRate::Stable,
        })
    );
    assert_eq!(
        Structure::parse(b"u,000000,-000001,ro,000012,t,"),
        Ok(Structure {
            value_type: ValueType::Unsigned,
            index: Index::Element(0),
            shape: Shape::SparseLetters,
            access: AccessMode::ReadOnly,
            length: 12,
            change: ChangeRate::EverySecond,
        })
    );
}

#[test]
fn text_that_is_not_a_record_is_refused_with_its_position() {
    for (text, position, kind) in [
        ("", 0, StructureErrorKind::Syntax),
        ("x,000000,000001,ro,000012,v,", 0, StructureErrorKind::UnknownType),
        ("\u{e9},000000,000001,ro,000012,v,", 0, StructureErrorKind::UnknownType),
        ("t;000000,000001,ro,000012,v,", 1, StructureErrorKind::Syntax),
        ("t,00000,000001,ro,000012,v,", 2, StructureErrorKind::Syntax),
        ("t,0000000,000001,ro,000012,v,", 2, StructureErrorKind::Syntax),
        ("t,-000003,000001,ro,000012,v,", 2, StructureErrorKind::Syntax),
        ("t,-000000,000001,ro,000012,v,", 2, StructureErrorKind::Syntax),
        ("t,4294967296,000001,ro,000012,v,", 2, StructureErrorKind::OutOfRange),
        ("t,000000,-000002,ro,000012,v,", 9, StructureErrorKind::Syntax),
        ("t,000000,000001,xx,000012,v,", 16, StructureErrorKind::Syntax),
        ("t,000000,000001,ro,-000012,v,", 19, StructureErrorKind::Syntax),
        ("t,000000,000001,ro,000012,x,", 26, StructureErrorKind::Syntax),
        ("t,000000,000001,ro,000012,v", 27, StructureErrorKind::Syntax),
        ("t,000000,000001,ro,000012,v,,", 28, StructureErrorKind::Syntax),
    ] {
        assert_eq!(text.parse::<Structure>(), Err(StructureError { position, kind }), "{text}");
    }
}

#[test]
fn the_longest_record_fits() {
    let record = Structure {
        value_type: ValueType::Bytes,
        index: Index::Element(u32::MAX),
        shape: Shape::Array(u32::MAX),
        access: AccessMode::Neither,
        length: u32::MAX,
        change: ChangeRate::Fixed,
    };
    let text = record.to_ascii();
    assert_eq!(text, "b,4294967295,4294967295,oo,4294967295,f,");
    assert_eq!(Structure::parse(text.as_bytes()), Ok(record));
}

#[test]
fn bytes_are_split_by_the_number_of_elements_in_the_record() {
    let mut record = Structure::parse(b"b,-000001,000002,rw,000006,v,").unwrap();
    let elements = |record: &Structure| {
        record.elements(b"ab,def").map(|value| value.unwrap().as_bytes().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(elements(&record), [b"ab,", b"def"]);
    record.index = Index::Element(0);
    assert_eq!(elements(&record), [b"ab,def"]);
    for (shape, length) in [(Shape::Scalar, 6), (Shape::Array(0), 6), (Shape::Array(7), 6)] {
        record = Structure { index: Index::All, shape, length, ..record };
        assert_eq!(elements(&record), [b"ab,def"]);
    }
}

#[test]
fn access_modes_tell_what_is_possible() {
    let all = [AccessMode::ReadOnly, AccessMode::ReadWrite, AccessMode::WriteOnly, AccessMode::Neither];
    assert_eq!(all.map(AccessMode::is_readable), [true, true, false, false]);
    assert_eq!(all.map(AccessMode::is_writable), [false, true, true, false]);
}

fn any_record() -> impl Strategy<Value = Structure> {
    let index = prop_oneof![any::<u32>().prop_map(Index::Element), Just(Index::All), Just(Index::Byte)];
    let shape = prop_oneof![
        Just(Shape::Scalar),
        (2..=u32::MAX).prop_map(Shape::Array),
        Just(Shape::SparseNumbers),
        Just(Shape::SparseLetters)
    ];
    let access = prop::sample::select(
        &[AccessMode::ReadOnly, AccessMode::ReadWrite, AccessMode::WriteOnly, AccessMode::Neither][..],
    );
    let change = prop::sample::select(
        &[ChangeRate::Fixed, ChangeRate::Stable, ChangeRate::Volatile, ChangeRate::EverySecond][..],
    );
    let value_type = prop::sample::select(ValueType::ALL);
    (value_type, index, shape, access, any::<u32>(), change).prop_map(
        |(value_type, index, shape, access, length, change)| {
            let value_type = match (value_type, index) {
                (ValueType::YesNo, Index::Byte) => ValueType::BitField,
                (ValueType::BitField, Index::Element(_) | Index::All) => ValueType::YesNo,
                _ => value_type,
            };
            Structure { value_type, index, shape, access, length, change }
        },
    )
}

#[test]
fn each_error_says_what_is_wrong_and_where() {
    for (text, expected) in [
        ("y,", "not a record of /structure: unexpected at byte 2"),
        ("z,000000,000000,ro,000012,v,", "no type has this letter, at byte 0"),
        ("i,000000,99999999999,ro,000012,v,", "number out of range at byte 9"),
    ] {
        assert_eq!(Structure::parse(text.as_bytes()).unwrap_err().to_string(), expected);
    }
}

proptest! {
    #[test]
    fn parsing_undoes_printing(record in any_record(), rest: Vec<u8>) {
        let text = record.to_ascii();
        prop_assert_eq!(Structure::parse(text.as_bytes()), Ok(record));
        let mut longer = Vec::from(text.as_bytes());
        longer.extend_from_slice(&rest);
        prop_assert_eq!(structure::<()>(&longer), Ok((&rest[..], record)));
    }

    #[test]
    fn printing_undoes_parsing(text in "[tuy?D],-?[0-9]{5,7},-?00000[0-9],(ro|rw|wo|oo|or),[0-9]{6},[fsvtx],") {
        if let Ok(record) = text.parse::<Structure>() {
            prop_assert_eq!(record.to_string(), text);
        }
    }

    #[test]
    fn any_bytes_are_parsed_or_refused(bytes: Vec<u8>) {
        if let Err(error) = Structure::parse(&bytes) {
            prop_assert!(error.position <= bytes.len());
        }
    }

    #[test]
    fn iteration_over_elements_ends(record in any_record(), bytes: Vec<u8>) {
        prop_assert!(record.elements(&bytes).count() <= bytes.len() + 1);
    }
}
