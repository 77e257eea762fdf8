//! What calls cost, beside raw sockets that move the same bytes in the same run, on a canned server in this process.
//!
//! `cargo bench -p owproto-std`: criterion's times, then tables with ratios. Client and server take turns, so the
//! figures are steady only where they share a processor: on Linux, `taskset -c 1 cargo bench -p owproto-std`.
#![allow(missing_docs)]

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use owproto_core::wire::{Flags, HEADER_LEN, Header, MessageType};
use owproto_core::{Request, RequestEvent, RequestParser};
use owproto_std::{Client, DirOptions};
use owproto_tests::side_by_side::SideBySide;

const PATH: &str = "/10.67C6697351FF/temperature";
const ENTRIES: u32 = 1000;
const IN_FLIGHT: usize = 16;

fn main() {
    let listings = Arc::new(Listings::new());
    let server = serve(&listings);
    persistent(server);
    pipelined(server);
    non_persistent(server);
    let request = Request::dirall("/").unwrap();
    listing(server, "DIRALL of 1000 entries", &request, listings.dirall.len(), DirOptions::new());
    let request = Request::dir("/").unwrap();
    listing(server, "DIR of 1000 entries", &request, listings.dir.len(), DirOptions::new().streamed());
    Criterion::default().final_summary();
}

/// The answers to persistent listings.
struct Listings {
    dir: Vec<u8>,
    dirall: Vec<u8>,
}

impl Listings {
    fn new() -> Self {
        let entries = || (0..ENTRIES).map(|n| format!("/10.{n:012X}"));
        let mut dir = Vec::new();
        entries().for_each(|entry| reply(&mut dir, Flags::PERSISTENCE, 0, format!("{entry}\0").as_bytes()));
        reply(&mut dir, Flags::PERSISTENCE, 0, b"");
        let mut dirall = Vec::new();
        reply(&mut dirall, Flags::PERSISTENCE, 0, entries().collect::<Vec<_>>().join(",").as_bytes());
        Self { dir, dirall }
    }
}

/// A server that answers from memory.
fn serve(listings: &Arc<Listings>) -> SocketAddr {
    let listings = Arc::clone(listings);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for socket in listener.incoming() {
            let socket = socket.unwrap();
            let listings = Arc::clone(&listings);
            thread::spawn(move || answer(socket, &listings));
        }
    });
    address
}

/// A connection: what came together is answered together.
fn answer(mut socket: TcpStream, listings: &Listings) {
    socket.set_nodelay(true).unwrap();
    let mut requests = RequestParser::new(Vec::new());
    let mut buffer = vec![0; 65_536];
    let mut replies = Vec::new();
    while let Ok(n @ 1..) = socket.read(&mut buffer) {
        let mut input = &buffer[..n];
        let mut is_last = false;
        replies.clear();
        while let RequestEvent::Request(request) = requests.parse(&mut input).unwrap() {
            let flags = request.header.flags;
            is_last = !flags.contains(Flags::PERSISTENCE);
            match request.message_type() {
                MessageType::DIR => replies.extend_from_slice(&listings.dir),
                MessageType::DIRALL => replies.extend_from_slice(&listings.dirall),
                _ => reply(&mut replies, flags, 12, b"     22.3344"),
            }
        }
        if socket.write_all(&replies).is_err() || is_last {
            return;
        }
    }
}

fn reply(replies: &mut Vec<u8>, flags: Flags, code: i32, payload: &[u8]) {
    let len = i32::try_from(payload.len()).unwrap();
    let header = Header { payload: len, code, flags, size: len, ..Header::default() };
    replies.extend_from_slice(&header.to_bytes());
    replies.extend_from_slice(payload);
}

fn encode(request: &Request<'_>) -> Vec<u8> {
    let mut bytes = vec![0; request.encoded_len()];
    request.encode(&mut bytes).unwrap();
    bytes
}

fn connect(server: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(server).unwrap();
    socket.set_nodelay(true).unwrap();
    socket
}

fn client(server: SocketAddr) -> Client {
    Client::new(&server.to_string()).unwrap()
}

fn persistent(server: SocketAddr) {
    let request = encode(&Request::read(PATH).unwrap().with_flags(Flags::PERSISTENCE));
    let mut socket = connect(server);
    let mut answer = [0; HEADER_LEN + 12];
    let mut value = [0; 64];
    let (first, second) = (client(server), client(server));
    run(SideBySide::new("READ, persistent", "call", 1)
        .way("raw socket", || {
            socket.write_all(&request).unwrap();
            socket.read_exact(&mut answer).unwrap();
            black_box(&answer);
        })
        .way("Client::read_into", || {
            black_box(first.read_into(PATH, &mut value).unwrap());
        })
        .way("Client::read", || {
            black_box(second.read(PATH).unwrap());
        }));
}

fn pipelined(server: SocketAddr) {
    let requests = encode(&Request::read(PATH).unwrap().with_flags(Flags::PERSISTENCE)).repeat(IN_FLIGHT);
    let mut socket = connect(server);
    let mut answers = [0; (HEADER_LEN + 12) * IN_FLIGHT];
    let paths = [PATH; IN_FLIGHT];
    let client = client(server);
    run(SideBySide::new("READ, 16 in flight", "value", u32::try_from(IN_FLIGHT).unwrap())
        .way("raw socket", || {
            socket.write_all(&requests).unwrap();
            socket.read_exact(&mut answers).unwrap();
            black_box(&answers);
        })
        .way("Client::read_many", || {
            assert!(black_box(client.read_many(&paths)).iter().all(Result::is_ok));
        }));
}

fn non_persistent(server: SocketAddr) {
    let request = encode(&Request::read(PATH).unwrap());
    let mut answer = [0; HEADER_LEN + 12];
    let mut value = [0; 64];
    let client = client(server).non_persistent();
    run(SideBySide::new("READ, a connection each", "call", 1)
        .way("raw socket", || {
            let mut socket = connect(server);
            socket.write_all(&request).unwrap();
            socket.read_exact(&mut answer).unwrap();
            black_box(&answer);
        })
        .way("Client::read_into", || {
            black_box(client.read_into(PATH, &mut value).unwrap());
        }));
}

fn listing(server: SocketAddr, title: &str, request: &Request<'_>, answer_len: usize, options: DirOptions) {
    let bytes = encode(&request.with_flags(Flags::PERSISTENCE));
    let mut socket = connect(server);
    let mut answer = vec![0; answer_len];
    let client = client(server);
    run(SideBySide::new(title, "entry", ENTRIES)
        .way("raw socket, not looked at", || {
            socket.write_all(&bytes).unwrap();
            socket.read_exact(&mut answer).unwrap();
            black_box(&answer);
        })
        .way("Client::dir_each", || {
            let mut count = 0;
            client
                .dir_each("/", options, |entry| {
                    black_box(entry);
                    count += 1;
                })
                .unwrap();
            assert_eq!(count, ENTRIES);
        })
        .way("Client::dir", || {
            black_box(client.dir_with("/", options).unwrap());
        }));
}

/// By criterion, then side by side.
fn run(mut ways: SideBySide<'_>) {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .sample_size(20)
        .configure_from_args();
    let mut group = criterion.benchmark_group(ways.title());
    group.throughput(Throughput::Elements(ways.units().into()));
    for (name, call) in ways.ways() {
        group.bench_function(name, |bencher| bencher.iter(&mut *call));
    }
    group.finish();
    ways.print();
}
