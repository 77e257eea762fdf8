//! The owserver protocol (OWFS: 1-Wire over TCP, port 4304) without I/O.
//!
//! No `std`, no allocation, no `unsafe`, no clock, no socket: the program passes bytes and times in, and gets bytes and
//! events out. Transports are small loops around it. `owproto-std` has them for `std::net` and tokio, `owproto-embedded` for
//! microcontrollers.
//!
//! # The protocol on one page
//!
//! The client sends first. Each frame is a [header](wire::Header) of six big-endian words, 24 bytes, and a payload:
//!
//! ```text
//!            0        4        8        12       16       20       24
//!  request   version  payload  type     flags    size     offset   path NUL data, tokens
//!  reply     0        payload  ret      flags    size     offset   value, or entries
//! ```
//!
//! - **Message types**: [NOP, READ, WRITE, DIR, PRESENCE, DIRALL, GET and others](wire::MessageType). The answer to a request
//!   is one reply; for DIR it is one reply for each entry, and a last one without payload.
//! - **Errors** are replies with a negative `ret`: [owserver's number](ReturnCode) of the error.
//! - **Keepalives** are headers with a negative payload length and flags of 0. While a request takes long, the server sends
//!   one each second.
//! - **Persistence**: a [flag](wire::Flags::PERSISTENCE) of the request asks the server to keep the connection. The flag in
//!   the last reply grants it. Otherwise the server closes the connection.
//! - **Flags** choose [temperature](wire::TemperatureScale) and [pressure scales](wire::PressureScale) and the
//!   [spelling of ROM ids](wire::DeviceFormat). They apply to one request.
//! - **Tokens** let servers that forward requests [detect loops](wire::Tokens). Clients send none.
//!
//! # Layers
//!
//! Each layer can be used without those above it.
//!
//! | layer | modules | content |
//! |-------|---------|-------|
//! | L0 wire | [`wire`] | words and headers from and to bytes; unknown numbers and bits survive |
//! | L1 frames | [`message`], [`codec`] | requests, replies and entries as values; an incremental parser for each direction |
//! | L2 connections | [`client`] | a state machine: persistence, pipelining, timeouts, which requests may be sent again |
//! | | [`server`] | the server's end: requests one at a time, answers in pieces, keepalives |
//! | L3 tree | [`tree`] | the content of a server: paths, devices and values, over the program's [`Bus`](tree::Bus) |
//! | used by all | [`text`], [`time`], [`storage`] | ROM ids, property values, `/structure` records; moments; buffers |
//!
//! The smallest use is a request and a parser:
//!
//! ```
//! use owproto_core::{ReplyEvent, ReplyParser, Request};
//!
//! // To the server:
//! let mut buffer = [0; 128];
//! let bytes = Request::read("/10.67C6697351FF/temperature")?.encode(&mut buffer)?;
//! # assert_eq!(bytes.len(), 24 + 29);
//!
//! // From the server, in any pieces:
//! let mut parser = ReplyParser::new([0; 256]);
//! # let reply = b"\0\0\0\0\0\0\0\x0c\0\0\0\x0c\0\0\0\0\0\0\0\x0c\0\0\0\0        21.5";
//! # let mut values = vec![];
//! for piece in reply.chunks(7) {
//!     let mut input = piece;
//!     loop {
//!         match parser.parse(&mut input)? {
//!             ReplyEvent::NeedMore(_) => break,
//!             ReplyEvent::Keepalive => println!("the server is working"),
//!             ReplyEvent::Reply(reply) => {
//!                 let value = reply.into_result()?.data();
//!                 assert_eq!(value.trim_ascii(), b"21.5");
//! #               values.push(value.to_vec());
//!             }
//!         }
//!     }
//! }
//! # assert_eq!(values.len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`client::Connection`] does this and everything else that a client needs. Its documentation is the contract between the
//! core and a transport. [`server::Connection`] is the server's end, and [`tree::Tree`] makes it a complete owserver.
//!
//! # Guarantees
//!
//! - No input of a peer causes a panic, an endless loop, or the use of memory other than the caller's. Limits apply to a
//!   header, before any byte of its payload is stored.
//! - The split of the input into pieces never changes the results. (One exception: an entry of a comma list that is longer
//!   than the storage is returned if it is entirely in the input, and is an error otherwise.)
//! - A connection that failed stays failed, and no reply is matched to another request.
//!
//! # Features
//!
//! Features only add items. None changes behaviour.
//!
//! | feature | adds |
//! |---------|------|
//! | `heapless` | `heapless::Vec` as [`Storage`] |
//! | `alloc` | `Vec` as [`Storage`] |
//! | `std` | `alloc`, and support for derives of other crates that need it |
//! | `defmt` | `defmt::Format` for types that firmware logs |
//! | `serde` | `Serialize` and `Deserialize` for types that programs store |
//! | `arbitrary` | `Arbitrary` for headers, flags and values (enables `std`) |
//! | `nom` | `codec::grammar` and `text::grammar`: nom parsers of frames and text |
#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects
    )
)]

#[cfg(feature = "alloc")]
extern crate alloc;
// Named by the derive of `arbitrary`.
#[cfg(any(feature = "std", test))]
extern crate std;

mod bytes;
pub mod client;
pub mod codec;
pub mod message;
pub mod server;
pub mod storage;
pub mod text;
pub mod time;
pub mod tree;
pub mod wire;

pub use codec::{DecodeError, ReplyEvent, ReplyParser, RequestEvent, RequestFrame, RequestParser};
pub use message::{Reply, Request, RequestError, ReturnCode, ServerError};
pub use storage::Storage;
