//! The cost of decoding, compared with the cheapest possible code for the same work in the same run.
//!
//! `cargo bench -p owproto-core` prints criterion's times, then tables with ratios.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use owproto_core::client::{Connection, Event};
use owproto_core::message::Entries;
use owproto_core::time::Instant;
use owproto_core::wire::{Flags, HEADER_LEN, Header};
use owproto_core::{ReplyEvent, ReplyParser, Request};

#[path = "../../tests/src/side_by_side.rs"]
#[allow(dead_code, unreachable_pub, clippy::cast_precision_loss, reason = "shared with other crates")]
mod side_by_side;
use side_by_side::SideBySide;

fn main() {
    headers();
    small_frames();
    large_payload();
    comma_list();
    streamed_listing();
    Criterion::default().final_summary();
}

fn headers() {
    let bytes: Vec<[u8; HEADER_LEN]> =
        (0..1000).map(|n| Header { payload: n, ..Header::default() }.to_bytes()).collect();
    let parsed: Vec<Header> = bytes.iter().map(Header::from_bytes).collect();
    let mut copies = bytes.clone();
    let mut headers = parsed.clone();
    let mut written = bytes.clone();
    run(SideBySide::new("header", "header", 1000)
        .way("copy of 24 bytes", || {
            for (copy, bytes) in copies.iter_mut().zip(&bytes) {
                *copy = *black_box(bytes);
            }
            black_box(&mut copies);
        })
        .way("Header::from_bytes", || {
            for (header, bytes) in headers.iter_mut().zip(&bytes) {
                *header = Header::from_bytes(black_box(bytes));
            }
            black_box(&mut headers);
        })
        .way("Header::to_bytes", || {
            for (bytes, header) in written.iter_mut().zip(&parsed) {
                *bytes = black_box(header).to_bytes();
            }
            black_box(&mut written);
        }));
}

fn reply(payload: &[u8]) -> Vec<u8> {
    let len = i32::try_from(payload.len()).unwrap();
    let header =
        Header { payload: len, code: len, flags: Flags::PERSISTENCE, size: len, ..Header::default() };
    [&header.to_bytes()[..], payload].concat()
}

/// Reads only the lengths, and skips from frame to frame.
fn hop(mut stream: &[u8], mut frame: impl FnMut(&[u8])) {
    while let Some((head, rest)) = stream.split_first_chunk::<HEADER_LEN>() {
        let len = usize::try_from(i32::from_be_bytes([head[4], head[5], head[6], head[7]])).unwrap();
        let (payload, rest) = rest.split_at(len);
        frame(payload);
        stream = rest;
    }
}

/// Parses all replies in the input.
fn parse(parser: &mut ReplyParser<impl owproto_core::Storage>, mut input: &[u8]) {
    loop {
        match parser.parse(&mut input).unwrap() {
            ReplyEvent::NeedMore(_) => return,
            ReplyEvent::Keepalive => {}
            ReplyEvent::Reply(reply) => {
                black_box(reply.into_result().unwrap().data());
            }
        }
    }
}

fn small_frames() {
    let stream = reply(b"     22.3344").repeat(1000);
    let mut parser = ReplyParser::new([0; 64]);
    run(SideBySide::new("small frame: READ of 12 bytes", "frame", 1000)
        .way("hop from length to length", || {
            hop(black_box(&stream), |payload| {
                black_box(payload);
            });
        })
        .way("ReplyParser", || parse(&mut parser, black_box(&stream))));
}

fn large_payload() {
    const LEN: usize = 65_536;
    let frame = reply(&[7; LEN]);
    let mut copy = vec![0; LEN];
    let mut whole = ReplyParser::new(vec![0; LEN].leak());
    let mut pieces = ReplyParser::new(vec![0; LEN].leak());
    run(SideBySide::new("payload of 64 KiB", "payload", 1)
        .way("memcpy of the payload", || {
            copy.copy_from_slice(&black_box(&frame)[HEADER_LEN..]);
            black_box(&mut copy);
        })
        .way("ReplyParser, whole", || parse(&mut whole, black_box(&frame)))
        .way("ReplyParser, 16 pieces", || {
            for piece in black_box(&frame).chunks(frame.len().div_ceil(16)) {
                parse(&mut pieces, piece);
            }
        }));
}

/// Sends `request` on a connection and passes it the `answer`.
fn exchange(
    connection: &mut Connection<[u8; 64], [u8; 64]>,
    request: &Request<'_>,
    answer: &[u8],
    mut entry: impl FnMut(&[u8]),
) {
    connection.request(request, Instant::ZERO).unwrap();
    connection.handle_transmitted(usize::MAX, Instant::ZERO);
    let mut input = answer;
    loop {
        match connection.handle_input(&mut input, Instant::ZERO).unwrap() {
            Event::Entries(_, entries) => entries.for_each(&mut entry),
            Event::Reply(..) => return,
            _ => panic!("the answer is complete"),
        }
    }
}

fn comma_list() {
    let list = (0..1000).map(|n| format!("/10.{n:012X}")).collect::<Vec<_>>().join(",");
    let frame = reply(list.as_bytes());
    let request = Request::dirall("/").unwrap().with_flags(Flags::PERSISTENCE);
    let mut whole = Connection::new([0; 64], [0; 64]);
    run(SideBySide::new("list of 1000 entries (DIRALL)", "entry", 1000)
        .way("split at commas", || {
            for entry in black_box(list.as_bytes()).split(|&byte| byte == b',') {
                black_box(entry);
            }
        })
        .way("Entries::list", || {
            for entry in Entries::list(black_box(list.as_bytes())) {
                black_box(entry);
            }
        })
        .way("Connection, whole", || {
            exchange(&mut whole, &request, black_box(&frame), |entry| {
                black_box(entry);
            });
        }));
}

fn streamed_listing() {
    let mut frames: Vec<u8> = (0..1000).flat_map(|n| reply(format!("/10.{n:012X}\0").as_bytes())).collect();
    frames.extend(reply(b""));
    let request = Request::dir("/").unwrap().with_flags(Flags::PERSISTENCE);
    let mut whole = Connection::new([0; 64], [0; 64]);
    run(SideBySide::new("listing of 1000 frames (DIR)", "entry", 1000)
        .way("hop from length to length", || {
            hop(black_box(&frames), |entry| {
                black_box(entry);
            });
        })
        .way("Connection, whole", || {
            exchange(&mut whole, &request, black_box(&frames), |entry| {
                black_box(entry);
            });
        }));
}

/// Measures with criterion, then side by side.
fn run(mut ways: SideBySide<'_>) {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(700))
        .sample_size(20)
        .configure_from_args();
    let mut group = criterion.benchmark_group(ways.title());
    group.throughput(Throughput::Elements(ways.units().into()));
    for (name, mut call) in ways.ways() {
        group.bench_function(name, |bencher| bencher.iter(&mut call));
    }
    group.finish();
    ways.print();
}
