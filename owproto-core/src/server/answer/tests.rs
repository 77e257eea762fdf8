use std::vec::Vec;

use super::*;
use crate::message::Request;
use crate::server::{Connection, Event, Step};

/// A connection that has received a whole request.
fn with_request<T: Storage>(transmit: T) -> Connection<T, [u8; 64]> {
    let mut buffer = [0; 64];
    let mut input = Request::read("/a").unwrap().encode(&mut buffer).unwrap();
    let mut connection = Connection::new(transmit, [0; 64]);
    assert_eq!(connection.handle_input(&mut input, Instant::ZERO), Event::Request);
    assert_eq!(connection.step(), Step::Answer);
    connection
}

fn answer<T: Storage>(connection: &mut Connection<T, [u8; 64]>) -> Answer<'_, T> {
    connection.answer(Instant::ZERO).unwrap().1
}

fn sent_by(write_answer: impl Fn(&mut Answer<'_, [u8; 64]>) -> Result<(), BufferFull>) -> Vec<u8> {
    let mut connection = with_request([0; 64]);
    assert_eq!(write_answer(&mut answer(&mut connection)), Ok(()));
    connection.poll_transmit().to_vec()
}

fn frame(header: Header, payload: &[u8]) -> Vec<u8> {
    [&header.to_bytes()[..], payload].concat()
}

#[test]
fn each_answer_has_its_header_words() {
    let nothing = Header::default();
    let value = Header { payload: 2, code: 2, size: 2, offset: 7, ..nothing };
    assert_eq!(sent_by(|answer| answer.value(b"xy", 7)), frame(value, b"xy"));
    assert_eq!(sent_by(|answer| answer.value(b"", 7)), frame(nothing, b""));
    #[allow(clippy::redundant_closure_for_method_calls, reason = "the method takes one lifetime only")]
    let success = sent_by(|answer| answer.success());
    assert_eq!(success, frame(nothing, b""));
    assert_eq!(sent_by(|answer| answer.written(5)), frame(Header { size: 5, ..nothing }, b""));
    assert_eq!(sent_by(|answer| answer.error(ReturnCode::BUSY)), frame(Header { code: -16, ..nothing }, b""));
    let last = Header { offset: 0x8002, ..nothing };
    assert_eq!(sent_by(|answer| answer.end_of_entries(DirectoryFlags(0x8002))), frame(last, b""));
    let entry = Header { payload: 3, size: 2, ..nothing };
    assert_eq!(sent_by(|answer| answer.entry(b"/a")), frame(entry, b"/a\0"));
    // Eight bytes that the size does not count.
    let device = RomId::new(0x10, [1, 2, 3, 4, 5, 6]);
    let presence = Header { payload: 8, ..nothing };
    assert_eq!(sent_by(|answer| answer.presence(Some(device))), frame(presence, device.as_bytes()));
    assert_eq!(sent_by(|answer| answer.presence(None)), frame(presence, &[0; 8]));
}

#[test]
fn a_frame_that_does_not_fit_changes_nothing() {
    let mut connection = with_request([0; 26]);
    let mut it = answer(&mut connection);
    assert_eq!((it.room(), it.capacity(), it.remaining(), it.is_complete()), (26, 26, 0, false));
    let full = |needed| Err(BufferFull { needed, available: 26 });
    assert_eq!(it.value(b"abc", 0), full(27));
    assert_eq!(it.presence(None), full(32));
    assert_eq!(it.entry(b"/a"), full(27));
    assert_eq!((it.room(), it.is_complete()), (26, false));
    assert_eq!(it.value(b"ab", 0), Ok(()));
    assert_eq!((it.room(), it.capacity(), it.remaining(), it.is_complete()), (0, 26, 0, true));
    assert_eq!(
        std::format!("{}", BufferFull { needed: 27, available: 26 }),
        "27 bytes are needed, there is room for 26"
    );
}

#[test]
fn a_frame_is_worth_beginning_if_it_fits_or_waiting_does_not_help() {
    let mut connection = with_request([0; 64]);
    assert!(answer(&mut connection).is_worth_beginning(1000), "all of the storage is free");
    assert_eq!(answer(&mut connection).entry(b"/a"), Ok(()));
    let room = 64 - HEADER_LEN - 3;
    let it = answer(&mut connection);
    assert!(it.is_worth_beginning(room - HEADER_LEN));
    assert!(!it.is_worth_beginning(room - HEADER_LEN + 1), "it fits once the entry is sent");
    connection.handle_transmitted(usize::MAX, Instant::ZERO);
    assert!(answer(&mut connection).is_worth_beginning(room));
}

#[test]
fn no_frame_begins_before_the_payload_of_another_is_complete() {
    let mut connection = with_request([0; 64]);
    let mut it = answer(&mut connection);
    it.begin(ReplyHeader { payload: 3, ..ReplyHeader::default() }, LastFrame::No).unwrap();
    assert_eq!((it.push(b"a"), it.remaining()), (1, 2));
    let full = Err(BufferFull { needed: HEADER_LEN + 2, available: 64 - HEADER_LEN - 1 });
    assert_eq!(it.success(), full);
    assert!(it.value(b"x", 0).is_err() && it.entry(b"").is_err());
    assert_eq!((it.push(b"bcd"), it.remaining()), (2, 0), "no more than remains");
    assert_eq!(it.success(), Ok(()));
    assert_eq!(connection.poll_transmit().len(), HEADER_LEN + 3 + HEADER_LEN);
}

#[test]
fn storage_for_one_header_is_the_minimum() {
    let mut connection = with_request([0; HEADER_LEN]);
    let mut it = answer(&mut connection);
    it.begin(ReplyHeader { payload: 1, ..ReplyHeader::default() }, LastFrame::Yes).unwrap();
    assert_eq!(it.push(b"x"), 0);
    assert_eq!(connection.end(), None, "there is room once the bytes are sent");
    connection.handle_transmitted(HEADER_LEN, Instant::ZERO);
    assert_eq!(answer(&mut connection).push(b"x"), 1);
    assert_eq!(connection.end(), Some(End::Answered));

    let mut connection = with_request([0; HEADER_LEN - 1]);
    assert_eq!(answer(&mut connection).success(), Ok(()));
    assert_eq!((connection.end(), connection.poll_transmit()), (Some(End::TransmitTooSmall), &b""[..]));
}

/// Claims to have room, but takes only headers, like a `Vec` without memory.
struct Stubborn([u8; HEADER_LEN]);

impl Storage for Stubborn {
    fn capacity(&self) -> usize {
        64
    }
    fn space(&mut self, at: usize, len: usize) -> Option<&mut [u8]> {
        self.0.get_mut(at..)?.get_mut(..len).filter(|place| place.len() == HEADER_LEN)
    }
    fn filled(&self, len: usize) -> &[u8] {
        self.0.get(..len).unwrap_or(&self.0)
    }
}

#[test]
fn empty_storage_that_takes_no_byte_ends_the_connection() {
    let mut connection = with_request(Stubborn([0; HEADER_LEN]));
    let mut it = answer(&mut connection);
    it.begin(ReplyHeader { payload: 1, ..ReplyHeader::default() }, LastFrame::Yes).unwrap();
    assert_eq!(it.push(b"x"), 0);
    assert_eq!(connection.end(), None);
    connection.handle_transmitted(HEADER_LEN, Instant::ZERO);
    assert_eq!(answer(&mut connection).push(b"x"), 0);
    assert_eq!(connection.end(), Some(End::TransmitTooSmall));
}
