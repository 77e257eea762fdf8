//! Exchanges as ladders, in virtual time: the moment at the left, what is done, what comes of it.

use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

use super::*;
use crate::decode::DecodeError;
use crate::listing::DirectoryFlags;
use crate::wire::{Flags, Header, MessageType, Version};

/// Asks to keep the connection, or grants it.
const KEEP: Flags = Flags::PERSISTENCE;
const KEEPALIVE: [u8; HEADER_LEN] = Header::KEEPALIVE.to_bytes();
const DEFAULT_INACTIVITY: u64 = 2000;

type Small = Connection<[u8; 128], [u8; 64], 4>;

fn small() -> Small {
    // Storage that is not zero shows what was forgotten to be written.
    Connection::new([0xa5; 128], [0xa5; 64])
}

fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn just_before(moment: Instant) -> Instant {
    Instant::from_micros(moment.as_micros() - 1)
}

fn read(path: &str) -> Request<'_> {
    Request::read(path).unwrap().with_flags(KEEP)
}

fn write<'a>(path: &'a str, data: &'a str) -> Request<'a> {
    Request::write(path, data).unwrap().with_flags(KEEP)
}

/// A frame from a server that keeps the connection.
fn frame(ret: i32, payload: &[u8]) -> Vec<u8> {
    frame_with(KEEP, ret, payload)
}

fn frame_with(flags: Flags, ret: i32, payload: &[u8]) -> Vec<u8> {
    let len = i32::try_from(payload.len()).unwrap();
    let header = Header { payload: len, code: ret, flags, size: len, ..Header::default() };
    [&header.to_bytes()[..], payload].concat()
}

/// Sends everything that waits, and gives it.
fn send<T: Storage, R: Storage, const N: usize>(c: &mut Connection<T, R, N>, now: Instant) -> Vec<u8> {
    let mut sent = Vec::new();
    while c.step() == Step::Write {
        let bytes = c.poll_transmit();
        assert!(!bytes.is_empty());
        sent.extend_from_slice(bytes);
        let n = bytes.len();
        c.handle_transmitted(n, now);
    }
    sent
}

/// Takes a request and sends it.
fn ask<T: Storage, R: Storage, const N: usize>(
    c: &mut Connection<T, R, N>,
    request: &Request<'_>,
    now: Instant,
) -> RequestId {
    let id = c.request(request, now).unwrap();
    send(c, now);
    id
}

/// Gives `input` to the connection until it asks for more or fails, and tells what came.
fn feed<T: Storage, R: Storage, const N: usize>(
    c: &mut Connection<T, R, N>,
    input: &[u8],
    now: Instant,
) -> Vec<String> {
    let mut input = input;
    let mut seen = Vec::new();
    loop {
        match c.handle_input(&mut input, now) {
            Ok(Event::NeedMore(n)) => {
                assert!(input.is_empty(), "it asks for more and leaves {} bytes", input.len());
                seen.push(format!("need {n}"));
                return seen;
            }
            Ok(Event::Keepalive) => seen.push("keepalive".into()),
            Ok(Event::Entries(id, entries)) => {
                seen.extend(entries.map(|entry| format!("#{} {}", id.0, entry.escape_ascii())));
            }
            Ok(Event::Reply(id, reply)) => {
                seen.push(format!("#{} ret {} [{}]", id.0, reply.ret(), reply.payload().escape_ascii()));
            }
            Err(error) => {
                seen.push(format!("failed: {error:?}"));
                return seen;
            }
        }
    }
}

/// A connection that the server has kept after a first exchange; the next request is number 1.
fn kept() -> Small {
    keep(small())
}

fn keep<T: Storage, R: Storage, const N: usize>(mut c: Connection<T, R, N>) -> Connection<T, R, N> {
    ask(&mut c, &Request::nop().with_flags(KEEP), ms(0));
    assert_eq!(feed(&mut c, &frame(0, b""), ms(0)), ["#0 ret 0 []", "need 24"]);
    assert!(c.is_reusable());
    c
}

fn lost<T: Storage, R: Storage, const N: usize>(c: &mut Connection<T, R, N>) -> Vec<(u32, Resend)> {
    let mut all = Vec::new();
    while let Some(Lost { id, resend }) = c.poll_lost() {
        all.push((id.0, resend));
    }
    all
}

#[test]
fn the_first_failure_is_the_one_that_counts() {
    // The server withdraws persistence while a write is under way: it did not read it. That its socket then
    // fails too changes nothing.
    let mut c = kept();
    ask(&mut c, &read("/a"), ms(1));
    ask(&mut c, &write("/b", "1"), ms(1));
    assert_eq!(
        feed(&mut c, &frame_with(Flags::NONE, 1, b"x"), ms(2)),
        ["#1 ret 1 [x]", "failed: PersistenceWithdrawn"]
    );
    assert_eq!(c.handle_transport_error(), ConnectionError::PersistenceWithdrawn);
    assert_eq!(c.error(), Some(ConnectionError::PersistenceWithdrawn));
    assert_eq!(lost(&mut c), [(2, Resend::Safe)]);
}

#[test]
fn a_new_connection_has_room_for_one() {
    let mut c = small();
    assert_eq!(c.room(), 1);
    ask(&mut c, &read("/a"), ms(0));
    assert_eq!(c.room(), 0);
    assert_eq!(c.request(&read("/b"), ms(0)), Err(RequestError::TooManyInFlight));
    feed(&mut c, &frame(0, b""), ms(0));
    assert_eq!(c.room(), 4);
    for left in [3, 2, 1, 0] {
        ask(&mut c, &read("/b"), ms(0));
        assert_eq!(c.room(), left);
    }
    assert_eq!(c.request(&read("/c"), ms(0)), Err(RequestError::TooManyInFlight));
    assert_eq!(c.in_flight(), 4);

    let mut none: Connection<_, _, 0> = Connection::new([0; 64], [0; 64]);
    assert_eq!(none.room(), 0);
    assert_eq!(none.request(&read("/a"), ms(0)), Err(RequestError::TooManyInFlight));
    assert_eq!(none.step(), Step::Idle);
}

#[test]
fn an_entry_may_fill_the_storage_to_its_last_byte() {
    // 8 bytes each; the separator behind them needs no place of its own.
    let list = frame(0, b"/1234567,/abcdefg\0");
    let entries = ["#0 /1234567", "#0 /abcdefg", "#0 ret 0 []"];
    for cut in 1..list.len() {
        let mut exact: Connection<_, _> = Connection::new([0; 64], [0xa5; 8]);
        ask(&mut exact, &Request::dirall("/").unwrap().with_flags(KEEP), ms(0));
        let mut seen = feed(&mut exact, &list[..cut], ms(0));
        seen.extend(feed(&mut exact, &list[cut..], ms(0)));
        seen.retain(|event| !event.starts_with("need"));
        assert_eq!(seen, entries, "cut at {cut}");
    }
    let mut short: Connection<_, _> = Connection::new([0; 64], [0xa5; 7]);
    ask(&mut short, &Request::dirall("/").unwrap().with_flags(KEEP), ms(0));
    let seen: Vec<String> = list.chunks(1).flat_map(|byte| feed(&mut short, byte, ms(0))).collect();
    let first = seen.iter().find(|event| !event.starts_with("need"));
    assert_eq!(first.unwrap(), "failed: Decode(EntryTooLong { capacity: 7 })");
}

#[test]
fn what_comes_before_a_request_is_sent_is_no_answer_to_it() {
    // A stray reply on an idle connection, found when the next request is queued already, or half sent. The server
    // has not read the request, so even a write may be sent again.
    let stray = frame(5, b"stray");
    let request = write("/a", "1");
    for sent in 0..request.encoded_len() {
        let mut c = kept();
        c.request(&request, ms(1)).unwrap();
        c.handle_transmitted(sent, ms(1));
        assert_eq!(feed(&mut c, b"", ms(1)), ["need 24"]);
        assert_eq!(feed(&mut c, &stray[..1], ms(1)), ["failed: UnexpectedData"], "{sent} bytes sent");
        assert_eq!(lost(&mut c), [(1, Resend::Safe)]);
    }
    // The answer to an earlier one may come while a later one is being sent.
    let mut c = kept();
    ask(&mut c, &read("/a"), ms(1));
    c.request(&request, ms(1)).unwrap();
    c.handle_transmitted(1, ms(1));
    assert_eq!(feed(&mut c, &frame(1, b"x"), ms(1)), ["#1 ret 1 [x]", "need 24"]);
    send(&mut c, ms(1));
    assert_eq!(feed(&mut c, &frame(0, b""), ms(1)), ["#2 ret 0 []", "need 24"]);
}
