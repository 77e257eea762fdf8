//! Connections in virtual time.

mod endings;
mod fast_path;
mod in_flight;
mod listings;
mod storage;
mod timeouts;

use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

use super::*;
use crate::client::{Event, Lost, Resend, Timeout};
use crate::codec::DecodeError;
use crate::wire::{DirectoryFlags, Flags, HEADER_LEN, Header, MessageType, Version};

/// Asks for persistence, or grants it.
const PERSISTENCE: Flags = Flags::PERSISTENCE;
const KEEPALIVE: [u8; HEADER_LEN] = Header::KEEPALIVE.to_bytes();
const DEFAULT_INACTIVITY: u64 = 2000;

type TestConnection = Connection<[u8; 128], [u8; 64], 4>;

fn new_connection() -> TestConnection {
    // Storage that is not zero reveals bytes that were not written.
    Connection::new([0xa5; 128], [0xa5; 64])
}

fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn just_before(moment: Instant) -> Instant {
    Instant::from_micros(moment.as_micros() - 1)
}

fn read(path: &str) -> Request<'_> {
    Request::read(path).unwrap().with_flags(PERSISTENCE)
}

fn write<'a>(path: &'a str, data: &'a str) -> Request<'a> {
    Request::write(path, data).unwrap().with_flags(PERSISTENCE)
}

/// A reply frame that grants persistence.
fn frame(ret: i32, payload: &[u8]) -> Vec<u8> {
    frame_with(PERSISTENCE, ret, payload)
}

fn frame_with(flags: Flags, ret: i32, payload: &[u8]) -> Vec<u8> {
    let len = i32::try_from(payload.len()).unwrap();
    let header = Header { payload: len, code: ret, flags, size: len, ..Header::default() };
    [&header.to_bytes()[..], payload].concat()
}

/// Sends all bytes that wait, and returns them.
fn send_all<T: Storage, R: Storage, const N: usize>(c: &mut Connection<T, R, N>, now: Instant) -> Vec<u8> {
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

/// Sends a whole request.
fn send_request<T: Storage, R: Storage, const N: usize>(
    c: &mut Connection<T, R, N>,
    request: &Request<'_>,
    now: Instant,
) -> RequestId {
    let id = c.request(request, now).unwrap();
    send_all(c, now);
    id
}

/// Passes `input` to the connection until it needs more or fails. Returns the events as text.
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
                assert!(input.is_empty(), "it needs more, but left {} bytes", input.len());
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

/// A connection for which the server has granted persistence. The next request has the id 1.
fn persistent_connection() -> TestConnection {
    make_persistent(new_connection())
}

fn make_persistent<T: Storage, R: Storage, const N: usize>(
    mut c: Connection<T, R, N>,
) -> Connection<T, R, N> {
    send_request(&mut c, &Request::nop().with_flags(PERSISTENCE), ms(0));
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
