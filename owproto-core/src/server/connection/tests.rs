//! Connections in virtual time.

use std::vec::Vec;

use super::*;
use crate::codec::DecodeError;
use crate::message::{Request, ReturnCode};
use crate::server::{LastFrame, ReplyHeader};
use crate::wire::{DirectoryFlags, Header, Version};

mod answers;
mod keepalives;
mod persistence;
mod requests;
mod settings;
mod timeouts;

const PERSISTENCE: Flags = Flags::PERSISTENCE;
const KEEPALIVE: [u8; 24] = Header::KEEPALIVE.to_bytes();

type TestConnection = Connection<[u8; 128], [u8; 128]>;

fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn new_connection() -> TestConnection {
    Connection::new([0xa5; 128], [0xa5; 128])
}

fn bytes(request: &Request<'_>) -> Vec<u8> {
    let mut bytes = std::vec![0; request.encoded_len()];
    request.encode(&mut bytes).unwrap();
    bytes
}

fn nop() -> Vec<u8> {
    bytes(&Request::nop().with_flags(PERSISTENCE))
}

fn read(path: &str) -> Vec<u8> {
    bytes(&Request::read(path).unwrap().with_flags(PERSISTENCE))
}

fn feed(c: &mut TestConnection, mut input: &[u8], now: Instant) -> (Event, usize) {
    let event = c.handle_input(&mut input, now);
    (event, input.len())
}

/// Passes a whole request to the connection.
fn receive_request(c: &mut TestConnection, request: &[u8], now: Instant) {
    assert_eq!(feed(c, request, now), (Event::Request, 0));
    assert_eq!(c.step(), Step::Answer);
}

/// Sends all bytes that wait, and returns them.
fn send_all<T: Storage, R: Storage>(c: &mut Connection<T, R>, now: Instant) -> Vec<u8> {
    let sent = c.poll_transmit().to_vec();
    c.handle_transmitted(sent.len(), now);
    sent
}

fn reply(header: Header, payload: &[u8]) -> Vec<u8> {
    [&header.to_bytes()[..], payload].concat()
}

/// Lets all timeouts expire that are due until `until` (ms). Returns their times (ms) and kinds.
fn expire_until(c: &mut TestConnection, until: u64) -> Vec<(u64, Timeout)> {
    let mut due = Vec::new();
    while let Some((at, timeout)) = c.poll_timeout() {
        if at > ms(until) {
            break;
        }
        let just_before = Instant::from_micros(at.as_micros() - 1);
        assert_eq!(c.handle_timeout(just_before), None, "too early");
        assert_eq!(c.handle_timeout(at), Some(timeout));
        due.push((at.as_micros() / 1000, timeout));
        if timeout == Timeout::Keepalive {
            assert_eq!(send_all(c, at), KEEPALIVE);
        }
    }
    due
}
