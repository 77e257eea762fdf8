use core::task::{Context, Poll};
use std::vec::Vec;

use super::*;
use crate::message::Request;
use crate::server::End;
use crate::text::RomId;
use crate::tree::AliasTable;
use crate::tree::tester::Tester;
use crate::tree::tests::serve;
use crate::wire::TemperatureScale;

const SWITCH: RomId = RomId::new(0x29, [1, 0, 0, 0, 0, 0]);
const MEMORY: RomId = RomId::new(0x2d, [2, 0, 0, 0, 0, 0]);

/// A switch and a memory.
#[derive(Default)]
struct Devices {
    /// Which element, from which byte on, was read from the devices or not.
    reads: Vec<(Option<u32>, usize, bool)>,
    /// After so many reads all fail.
    good_reads: Option<usize>,
}

impl Bus for Devices {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok([SWITCH, MEMORY].get(n).copied()))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        scratch: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        let element = match access.element {
            Element::Number(n) => Some(n),
            _ => None,
        };
        self.reads.push((element, access.offset, access.is_uncached));
        if self.good_reads.is_some_and(|good| self.reads.len() > good) {
            return Poll::Ready(Err(ReturnCode::IO));
        }
        Poll::Ready(Ok(match access.device {
            SWITCH => Value::YesNo(element.is_some_and(|n| n % 2 == 1)),
            _ => {
                let start = element.unwrap_or_default() as usize * 32 + access.offset;
                for (at, byte) in (start..).zip(scratch.iter_mut()) {
                    *byte = u8::try_from(at).unwrap();
                }
                Value::Bytes(scratch)
            }
        }))
    }
}

type Served = Tree<Devices, AliasTable<4>>;

fn tree() -> Served {
    Tree::new(Devices::default()).with_aliases(AliasTable::new())
}

/// Serves a request through so much room. Gives all that was sent behind the header, and how the connection ended.
fn serve<const ROOM: usize>(
    tree: &mut Served,
    request: &Request<'_>,
    change: impl FnOnce(&mut Served),
) -> (Vec<u8>, Option<End>) {
    let mut served = serve::serve::<ROOM, _, _>(tree, request, change);
    assert_eq!(served.waits, 0);
    (served.sent.split_off(24.min(served.sent.len())), served.end)
}

fn read(path: &str) -> Request<'_> {
    Request::read(path).unwrap()
}

#[test]
fn the_bus_is_told_what_is_read_and_whether_from_the_device() {
    for (request, is_uncached) in [
        (read("/29.010000000000/sensed.3"), false),
        (read("/uncached/29.010000000000/sensed.3"), true),
        (read("/29.010000000000/sensed.3").with_flags(Flags::UNCACHED), true),
    ] {
        let mut tree = tree();
        let (value, end) = serve::<64>(&mut tree, &request, |_| ());
        assert_eq!((&value[..], end), (&b"1"[..], Some(End::Answered)));
        assert_eq!(tree.bus().reads, [(Some(3), 0, is_uncached)]);
    }
}

#[test]
fn an_array_is_read_from_the_device_once_and_then_again_as_it_is_remembered() {
    let mut tree = tree();
    let (value, _) = serve::<128>(&mut tree, &read("/uncached/29.010000000000/sensed.ALL"), |_| ());
    assert_eq!(value, b"0,1,0,1,0,1,0,1");
    let pass = |is_uncached| (0..8).map(move |n| (Some(n), 0, is_uncached));
    assert_eq!(tree.bus().reads, pass(true).chain(pass(false)).collect::<Vec<_>>());
}

#[test]
fn bytes_come_from_where_they_are_in_their_element() {
    let all: Vec<u8> = (0..128).collect();
    for path in ["/2D.020000000000/memory", "/2D.020000000000/pages/page.ALL"] {
        let (value, end) = serve::<60>(&mut tree(), &read(path), |_| ());
        assert_eq!((&value, end), (&all, Some(End::Answered)), "{path}");
    }
    let part = read("/2D.020000000000/memory").with_offset(70).unwrap().with_size(40).unwrap();
    let (value, _) = serve::<60>(&mut tree(), &part, |_| ());
    assert_eq!(value, all[70..110]);
}

#[test]
fn a_list_of_aliases_that_changes_while_it_is_sent_ends_the_connection() {
    let aliased = || {
        let mut tree = tree();
        tree.aliases_mut().set(SWITCH, b"a-first-alias").unwrap();
        tree.aliases_mut().set(MEMORY, b"second").unwrap();
        tree
    };
    let list = read("/settings/alias/list");
    let (whole, end) = serve::<40>(&mut aliased(), &list, |_| ());
    assert_eq!(end, Some(End::Answered));
    let line = |device: RomId, alias: &str| {
        let digits: std::string::String =
            device.to_bytes().iter().map(|byte| std::format!("{byte:02X}")).collect();
        std::format!("{digits}={alias}\r\n")
    };
    assert_eq!(whole, (line(SWITCH, "a-first-alias") + &line(MEMORY, "second")).as_bytes());
    for other in [&b"longer than before"[..], b"short"] {
        let change = |tree: &mut Served| tree.aliases_mut().set(MEMORY, other).unwrap();
        let (sent, end) = serve::<40>(&mut aliased(), &list, change);
        assert_eq!(end, Some(End::AnswerAborted), "{other:?}");
        // What was sent is what was announced, up to where it changed.
        assert!(whole.starts_with(&sent), "{sent:?}");
    }
}

#[test]
fn a_list_of_aliases_that_is_shorter_than_it_was_counted_ends_the_connection() {
    let mut tree = tree();
    tree.aliases_mut().set(SWITCH, b"a-first-alias").unwrap();
    tree.aliases_mut().set(MEMORY, b"second").unwrap();
    // The first line has gone out, and there is no second.
    let change = |tree: &mut Served| tree.aliases_mut().set(MEMORY, b"").unwrap();
    let (sent, end) = serve::<60>(&mut tree, &read("/settings/alias/list"), change);
    assert_eq!(end, Some(End::AnswerAborted));
    assert!(sent.ends_with(b"=a-first-alias\r\n2D02"), "{}", sent.escape_ascii());
}

#[test]
fn an_error_is_told_before_the_answer_and_ends_the_connection_within_it() {
    let error = |path, good_reads| {
        let mut tree = tree();
        tree.bus_mut().good_reads = Some(good_reads);
        let mut served = serve::serve::<60, _, _>(&mut tree, &read(path), |_| ());
        let payload = served.sent.split_off(24);
        (i32::from_be_bytes(served.sent[8..12].try_into().unwrap()), payload, served.end)
    };
    let (array, memory) = ("/29.010000000000/sensed.ALL", "/2D.020000000000/memory");
    assert_eq!(error(array, 7), (-5, Vec::new(), Some(End::Answered)), "not all were counted");
    assert_eq!(error(array, 8), (15, Vec::new(), Some(End::AnswerAborted)));
    assert_eq!(error(array, 10), (15, b"0,1".to_vec(), Some(End::AnswerAborted)));
    assert_eq!(error(memory, 0), (-5, Vec::new(), Some(End::Answered)));
    let (ret, part, end) = error(memory, 1);
    assert_eq!((ret, end), (128, Some(End::AnswerAborted)));
    assert_eq!(part, (0..36).collect::<Vec<u8>>(), "what was read is sent");
}

#[test]
fn a_value_is_given_as_its_type_says_or_not_at_all() {
    let date = Date::new(2007, 3, 23, 4, 0, 0).unwrap();
    for (value_type, value, expected) in [
        (ValueType::Integer, Value::Integer(i32::MIN), Ok("-2147483648")),
        (ValueType::Integer, Value::Unsigned(0x7fff_ffff), Ok("2147483647")),
        (ValueType::Integer, Value::Unsigned(0x8000_0000), Err(NOT_THERE)),
        (ValueType::Integer, Value::Float(1.0), Err(NOT_THERE)),
        (ValueType::Unsigned, Value::Unsigned(u32::MAX), Ok("4294967295")),
        (ValueType::Unsigned, Value::Integer(7), Ok("7")),
        (ValueType::Unsigned, Value::Integer(0), Ok("0")),
        (ValueType::Unsigned, Value::Integer(-1), Err(NOT_THERE)),
        (ValueType::BitField, Value::Unsigned(5), Ok("5")),
        (ValueType::BitField, Value::YesNo(true), Err(NOT_THERE)),
        (ValueType::Float, Value::Float(0.5), Ok("0.5")),
        (ValueType::Float, Value::Integer(-3), Ok("-3")),
        (ValueType::Pressure, Value::Unsigned(1013), Ok("1013")),
        (ValueType::Temperature, Value::Integer(100), Ok("212")),
        (ValueType::TemperatureDifference, Value::Float(10.0), Ok("18")),
        (ValueType::Temperature, Value::Text(b"warm"), Err(NOT_THERE)),
        (ValueType::Float, Value::Float(-1.23456e-100), Err(ReturnCode::MESSAGE_SIZE)),
        (ValueType::YesNo, Value::YesNo(true), Ok("1")),
        (ValueType::YesNo, Value::YesNo(false), Ok("0")),
        (ValueType::YesNo, Value::Unsigned(1), Err(NOT_THERE)),
        (ValueType::Date, Value::Date(date), Ok("Fri Mar 23 04:00:00 2007")),
        (ValueType::Date, Value::Text(b"today"), Err(NOT_THERE)),
        (ValueType::Text, Value::Text(b"C2"), Ok("C2")),
        (ValueType::Alias, Value::Text(b"kitchen"), Ok("kitchen")),
        (ValueType::Text, Value::Float(1.0), Err(NOT_THERE)),
        (ValueType::Directory, Value::Text(b"aux"), Err(NOT_THERE)),
    ] {
        let flags = Flags::TRIM.with_temperature_scale(TemperatureScale::Fahrenheit);
        let mut made = RenderBuffer::new();
        let text = text_of::<Devices>(value_type, value, flags, &mut made);
        assert_eq!(text, expected.map(str::as_bytes).map_err(Stop::from), "{value_type} {value:?}");
    }
}

#[test]
fn each_section_of_the_server_itself_has_its_values() {
    let mut tree = Tree::new(Tester::new(&[0x10])).with_aliases(AliasTable::<4>::new());
    let locked = ReturnCode::DEVICE_LOCKED.to_ret();
    for (path, ret, expected) in [
        ("/settings/timeout/volatile", 12, "          15"),
        ("/system/configuration/trim", 1, "0"),
        ("/statistics/read/calls", 12, "           3"),
        ("/bus.0/interface/settings/name", 18, "Simulated-Computed"),
        ("/simultaneous/temperature", 1, "0"),
        ("/thermostat/temperature", locked, ""),
        ("/thermostat/type", locked, ""),
    ] {
        let sent = serve::serve::<64, _, _>(&mut tree, &read(path), |_| ()).sent;
        let told = i32::from_be_bytes(sent[8..12].try_into().unwrap());
        assert_eq!((told, &sent[24..]), (ret, expected.as_bytes()), "{path}");
    }
}
