use core::task::{Context, Poll};
use std::string::String;
use std::vec::Vec;

use super::*;
use crate::message::Request;
use crate::server::End;
use crate::text::{RomId, Value};
use crate::tree::Access;
use crate::tree::tester::Tester;
use crate::tree::tests::serve;
use crate::wire::Flags;

/// A bus whose devices can be removed or replaced.
struct Devices(Vec<RomId>);

impl Bus for Devices {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok(self.0.get(n).copied()))
    }

    fn read<'a>(
        &'a mut self,
        _: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        Poll::Ready(Err(ReturnCode::IO))
    }
}

fn device(n: u8) -> RomId {
    RomId::new(0x28, [n, 0, 0, 0, 0, 0])
}

/// Lists a bus with `count` devices through a transmit storage of `ROOM` bytes. After the first bytes are sent, `change`
/// changes the bus. Returns all bytes that were sent, and how the connection ended.
fn list<const ROOM: usize>(
    request: &Request<'_>,
    count: u8,
    change: impl FnOnce(&mut Vec<RomId>),
) -> (Vec<u8>, Option<End>) {
    let mut tree = Tree::new(Devices((1..=count).map(device).collect()));
    let served = serve::serve::<ROOM, _, _>(&mut tree, request, |tree| change(&mut tree.bus_mut().0));
    assert_eq!(served.waits, 0);
    (served.sent, served.end)
}

/// Room for a header and a part of an entry.
const PART: usize = 30;

#[test]
fn a_device_that_is_removed_while_its_entry_is_sent_ends_the_connection() {
    for request in [Request::dir("/").unwrap(), Request::dirall("/").unwrap()] {
        assert_eq!(list::<PART>(&request, 1, |_| ()).1, Some(End::Answered));
        assert_eq!(list::<PART>(&request, 1, Vec::clear).1, Some(End::AnswerAborted));
    }
}

#[test]
fn a_device_that_is_replaced_while_its_entry_is_sent_ends_the_connection() {
    for request in [Request::dir("/").unwrap(), Request::dirall("/").unwrap()] {
        let (_, end) = list::<PART>(&request, 1, |devices| devices[0] = device(2));
        assert_eq!(end, Some(End::AnswerAborted));
    }
}

#[test]
fn a_list_that_changes_after_it_was_counted_ends_the_connection() {
    /// Room for a header and one entry.
    const ENTRY: usize = 40;
    let request = Request::dirall("/").unwrap();
    let (whole, end) = list::<ENTRY>(&request, 2, |_| ());
    assert_eq!(end, Some(End::Answered));
    assert_eq!(&whole[24..], b"/28.010000000000,/28.020000000000\0");
    let (sent, end) = list::<ENTRY>(&request, 2, |devices| devices.truncate(1));
    assert_eq!((&sent[..], end), (&whole[..40], Some(End::AnswerAborted)), "one device less");
    let (sent, end) = list::<ENTRY>(&request, 2, |devices| devices.push(device(3)));
    assert_eq!((&sent[..], end), (&whole[..57], Some(End::AnswerAborted)), "one device more");
    // A DIR does not state a length before its entries.
    let (sent, end) = list::<ENTRY>(&Request::dir("/").unwrap(), 2, |devices| devices.push(device(3)));
    assert_eq!((sent.len(), end), (3 * (24 + 17) + 24, Some(End::Answered)));
}

#[test]
fn a_directory_of_devices_lists_the_devices_of_its_bus_and_its_special_directories() {
    let buses: [&[u8]; 3] = [&[0x10], &[], &[0x28, 0x2d]];
    let rest = "/uncached,/settings,/system,/statistics,/structure,/simultaneous,/alarm";
    for (path, flags, expected) in [
        ("/", Flags::NONE, "/10.000010EF0000,/28.020028D70000,/2D.02002DD20100".into()),
        (
            "/",
            Flags::BUS_LIST,
            std::format!("/10.000010EF0000,/28.020028D70000,/2D.02002DD20100,/bus.2,/bus.1,/bus.0,{rest}"),
        ),
        (
            "/bus.2",
            Flags::BUS_LIST,
            "/bus.2/interface,/bus.2/28.020028D70000,/bus.2/2D.02002DD20100,/bus.2/simultaneous,/bus.2/alarm"
                .into(),
        ),
        ("/bus.1", Flags::NONE, "/bus.1/interface".into()),
        ("/bus.0/alarm", Flags::BUS_LIST, String::new()),
        ("/alarm", Flags::BUS_LIST, String::new()),
    ] {
        let mut tree = Tree::new(Tester::with_buses(&buses));
        let request = Request::dirall(path).unwrap().with_flags(flags);
        let sent = serve::serve::<64, _, _>(&mut tree, &request, |_| ()).sent;
        let text = String::from_utf8(sent[24..].to_vec()).unwrap();
        assert_eq!(text.trim_end_matches('\0'), expected, "{path} {flags}");
    }
}

#[test]
fn a_branch_is_an_empty_directory_but_its_record_is_not_a_directory() {
    let mut tree = Tree::new(Tester::new(&[0x1f]));
    for (path, code) in [
        ("/1F.00001FE00000/aux", ReturnCode::GOOD),
        ("/1F.00001FE00000/branch.0", ReturnCode::NOT_A_DIRECTORY),
        ("/structure/1F/aux", ReturnCode::NOT_A_DIRECTORY),
    ] {
        for request in [Request::dir(path).unwrap(), Request::dirall(path).unwrap()] {
            let sent = serve::serve::<64, _, _>(&mut tree, &request, |_| ()).sent;
            assert_eq!((sent.len(), &sent[8..12]), (24, &code.to_ret().to_be_bytes()[..]), "{request:?}");
        }
    }
}

#[test]
fn a_sparse_array_is_listed_with_one_sample_index() {
    let mut tree = Tree::new(Tester::new(&[0xdd]));
    let request = Request::dirall("/DD.0000DD220000").unwrap();
    let sent = serve::serve::<64, _, _>(&mut tree, &request, |_| ()).sent;
    let text = String::from_utf8(sent[24..].to_vec()).unwrap();
    let indices = text.split([',', '\0']).filter_map(|entry| entry.split('.').nth(2));
    let expected = ["BYTE", "ALL", "0", "1", "2", "3", "4", "5", "6", "7", "xxx", "000"];
    assert_eq!(indices.collect::<Vec<&str>>(), expected, "{text}");
}

/// A bus that returns these devices, one for each call.
struct Script(std::vec::IntoIter<Poll<Option<RomId>>>);

impl Bus for Script {
    fn device(&mut self, _: u16, _: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        self.0.next().unwrap().map(Ok)
    }

    fn read<'a>(
        &'a mut self,
        _: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        Poll::Ready(Err(ReturnCode::IO))
    }
}

#[test]
fn a_device_that_appears_or_disappears_during_a_wait_ends_the_connection() {
    let (one, two, none) = (Poll::Ready(Some(device(1))), Poll::Ready(Some(device(2))), Poll::Ready(None));
    for (results, end) in [
        (std::vec![one, two, none, one, Poll::Pending, two, none], End::Answered),
        (std::vec![one, two, none, one, Poll::Pending, none], End::AnswerAborted),
        (std::vec![one, none, one, Poll::Pending, two], End::AnswerAborted),
    ] {
        let mut tree = Tree::new(Script(results.into_iter()));
        let served = serve::serve::<80, _, _>(&mut tree, &Request::dirall("/").unwrap(), |_| ());
        assert_eq!((served.end, served.waits), (Some(end), 1));
        assert!(tree.bus().0.as_slice().is_empty());
    }
}
