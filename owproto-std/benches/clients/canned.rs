//! A server that sends prepared replies from memory.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use owproto_core::wire::{Flags, Header, MessageType};
use owproto_core::{RequestEvent, RequestParser};

/// The lengths of the listings, in entries; their paths are `/10`, `/1000` and `/20000`.
pub(crate) const LISTINGS: [u32; 3] = [10, 1000, 20_000];

/// The default number of entries in the root directory.
pub(crate) const ROOT: u32 = 1000;

/// The value of every property.
pub(crate) const VALUE: &[u8] = b"     22.3344";

/// The encoded replies that list one directory.
pub(crate) struct Listing {
    path: String,
    dir: Vec<u8>,
    dirall: Vec<u8>,
}

impl Listing {
    fn new(path: String, count: u32) -> Self {
        let entries = || (0..count).map(|n| format!("/10.{n:012X}"));
        let mut dir = Vec::new();
        entries().for_each(|entry| reply(&mut dir, Flags::PERSISTENCE, 0, format!("{entry}\0").as_bytes()));
        reply(&mut dir, Flags::PERSISTENCE, 0, b"");
        let mut dirall = Vec::new();
        reply(&mut dirall, Flags::PERSISTENCE, 0, entries().collect::<Vec<_>>().join(",").as_bytes());
        Self { path, dir, dirall }
    }
}

/// Starts the server, with one thread per connection. `root` is the number of entries in the root directory.
pub(crate) fn serve(listener: TcpListener, root: u32) -> SocketAddr {
    let listings = LISTINGS.iter().map(|&count| Listing::new(format!("/{count}"), count));
    let listings: Arc<[Listing]> = listings.chain([Listing::new("/".to_owned(), root)]).collect();
    let address = listener.local_addr().expect("it has an address");
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let listings = Arc::clone(&listings);
            thread::spawn(move || answer(socket, &listings));
        }
    });
    address
}

/// Serves a connection, with one write for all requests of a read, until the peer closes it or sends a request without
/// persistence.
fn answer(mut socket: TcpStream, listings: &[Listing]) -> Option<()> {
    socket.set_nodelay(true).ok()?;
    let mut requests = RequestParser::new(Vec::new());
    let mut buffer = vec![0; 65_536];
    let mut replies = Vec::new();
    loop {
        let n = socket.read(&mut buffer).ok().filter(|n| *n > 0)?;
        let mut input = &buffer[..n];
        let mut is_last = false;
        replies.clear();
        while let Ok(RequestEvent::Request(request)) = requests.parse(&mut input) {
            let flags = request.header.flags;
            is_last = !flags.contains(Flags::PERSISTENCE);
            let path = request.path();
            let listing = || listings.iter().find(|listing| Some(listing.path.as_bytes()) == path);
            match request.message_type() {
                MessageType::DIR => replies.extend_from_slice(&listing()?.dir),
                MessageType::DIRALL | MessageType::DIRALLSLASH => {
                    replies.extend_from_slice(&listing()?.dirall);
                }
                MessageType::NOP => reply(&mut replies, flags, 0, b""),
                _ => reply(&mut replies, flags, 12, VALUE),
            }
        }
        socket.write_all(&replies).ok()?;
        if is_last {
            return None;
        }
    }
}

fn reply(replies: &mut Vec<u8>, flags: Flags, code: i32, payload: &[u8]) {
    let len = i32::try_from(payload.len()).expect("listings are short");
    let header = Header { payload: len, code, flags, size: len, ..Header::default() };
    replies.extend_from_slice(&header.to_bytes());
    replies.extend_from_slice(payload);
}
