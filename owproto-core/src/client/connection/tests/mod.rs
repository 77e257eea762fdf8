//! Exchanges as ladders, in virtual time: the moment at the left, what is done, what comes of it.

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
use crate::codec::DecodeError;
use crate::wire::{DirectoryFlags, Flags, HEADER_LEN, Header, MessageType, Version};

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
