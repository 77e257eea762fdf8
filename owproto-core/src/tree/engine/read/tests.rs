use core::task::{Context, Poll};
use std::vec::Vec;

use super::*;
use crate::message::Request;
use crate::server::End;
use crate::text::{RomId, Value};
use crate::tree::AliasTable;
use crate::tree::tester::Tester;
use crate::tree::tests::serve;

const SWITCH: RomId = RomId::new(0x29, [1, 0, 0, 0, 0, 0]);
const MEMORY: RomId = RomId::new(0x2d, [2, 0, 0, 0, 0, 0]);

/// A switch and a memory.
#[derive(Default)]
struct Devices {
    /// For each read: the number of the element, the offset, and whether it is uncached.
    reads: Vec<(Option<u32>, usize, bool)>,
    /// The number of reads that succeed; all further ones fail.
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

type TestTree = Tree<Devices, AliasTable<4>>;

fn tree() -> TestTree {
    Tree::new(Devices::default()).with_aliases(AliasTable::new())
}

/// Serves a request through a transmit storage of `ROOM` bytes. Returns all bytes that were sent after the header, and
/// how the connection ended.
fn serve<const ROOM: usize>(
    tree: &mut TestTree,
    request: &Request<'_>,
    change: impl FnOnce(&mut TestTree),
) -> (Vec<u8>, Option<End>) {
    let mut served = serve::serve::<ROOM, _, _>(tree, request, change);
    assert_eq!(served.waits, 0);
    (served.sent.split_off(24.min(served.sent.len())), served.end)
}

fn read(path: &str) -> Request<'_> {
    Request::read(path).unwrap()
}

#[test]
fn the_bus_receives_the_element_and_whether_it_is_uncached() {
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
fn the_second_pass_over_an_uncached_array_may_be_cached() {
    let mut tree = tree();
    let (value, _) = serve::<128>(&mut tree, &read("/uncached/29.010000000000/sensed.ALL"), |_| ());
    assert_eq!(value, b"0,1,0,1,0,1,0,1");
    let pass = |is_uncached| (0..8).map(move |n| (Some(n), 0, is_uncached));
    assert_eq!(tree.bus().reads, pass(true).chain(pass(false)).collect::<Vec<_>>());
}

#[test]
fn bytes_are_read_at_their_offset_in_their_element() {
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
        let change = |tree: &mut TestTree| tree.aliases_mut().set(MEMORY, other).unwrap();
        let (sent, end) = serve::<40>(&mut aliased(), &list, change);
        assert_eq!(end, Some(End::AnswerAborted), "{other:?}");
        // The bytes before the change are right.
        assert!(whole.starts_with(&sent), "{sent:?}");
    }
}

#[test]
fn a_list_of_aliases_that_is_shorter_than_it_was_counted_ends_the_connection() {
    let mut tree = tree();
    tree.aliases_mut().set(SWITCH, b"a-first-alias").unwrap();
    tree.aliases_mut().set(MEMORY, b"second").unwrap();
    // The first line is sent, and then there is no second one.
    let change = |tree: &mut TestTree| tree.aliases_mut().set(MEMORY, b"").unwrap();
    let (sent, end) = serve::<60>(&mut tree, &read("/settings/alias/list"), change);
    assert_eq!(end, Some(End::AnswerAborted));
    assert!(sent.ends_with(b"=a-first-alias\r\n2D02"), "{}", sent.escape_ascii());
}

#[test]
fn an_error_is_sent_before_the_answer_but_within_it_ends_the_connection() {
    let error = |path, good_reads| {
        let mut tree = tree();
        tree.bus_mut().good_reads = Some(good_reads);
        let mut served = serve::serve::<60, _, _>(&mut tree, &read(path), |_| ());
        let payload = served.sent.split_off(24);
        (i32::from_be_bytes(served.sent[8..12].try_into().unwrap()), payload, served.end)
    };
    let (array, memory) = ("/29.010000000000/sensed.ALL", "/2D.020000000000/memory");
    assert_eq!(error(array, 7), (-5, Vec::new(), Some(End::Answered)), "while counting");
    assert_eq!(error(array, 8), (15, Vec::new(), Some(End::AnswerAborted)));
    assert_eq!(error(array, 10), (15, b"0,1".to_vec(), Some(End::AnswerAborted)));
    assert_eq!(error(memory, 0), (-5, Vec::new(), Some(End::Answered)));
    let (ret, part, end) = error(memory, 1);
    assert_eq!((ret, end), (128, Some(End::AnswerAborted)));
    assert_eq!(part, (0..36).collect::<Vec<u8>>(), "the bytes before the error are sent");
}

#[test]
fn each_directory_of_the_server_itself_has_its_values() {
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
        let sent_ret = i32::from_be_bytes(sent[8..12].try_into().unwrap());
        assert_eq!((sent_ret, &sent[24..]), (ret, expected.as_bytes()), "{path}");
    }
}
