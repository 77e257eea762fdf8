//! The owserver protocol (OWFS: 1-Wire over TCP, port 4304) without I/O.
//!
//! No `std`, no allocation, no `unsafe`, no clock, no socket: bytes and times go in, bytes and events come out.
//! Transports are thin loops around it. `owproto-std` has them for `std::net` and tokio, `owproto-embedded` for
//! microcontrollers.
//!
//! # The protocol on one page
//!
//! A client speaks first. Each frame is a [header](wire::Header) of six big-endian words, 24 bytes, and a payload:
//!
//! ```text
//!            0        4        8        12       16       20       24
//!  request   version  payload  type     flags    size     offset   path NUL data, tokens
//!  reply     0        payload  ret      flags    size     offset   value, or entries
//! ```
//!
//! - **Types**: [NOP, READ, WRITE, DIR, PRESENCE, DIRALL, GET and some more](wire::MessageType). Each request has one
//!   reply; DIR has a frame for each entry and one without payload behind them.
//! - **Errors** are replies with a negative `ret`: [owserver's number](ReturnCode) for what went wrong.
//! - **Keepalives** are headers with a negative payload length. While a request takes long, the server sends one
//!   each second. They carry nothing, no flags either.
//! - **Persistence**: a request [asks](wire::Flags::PERSISTENCE) for the connection to be kept; its last reply frame
//!   says whether it is. Otherwise the server closes.
//! - **Flags** choose [temperature](wire::TemperatureScale) and [pressure scales](wire::PressureScale) and the
//!   [spelling of ROM ids](wire::DeviceFormat), and hold for one request.
//! - **Tokens** let servers that ask one another [find loops](wire::Tokens). Clients send none.
//!
//! # Layers
//!
//! Each is usable without those above it.
//!
//! | layer | modules | gives |
//! |-------|---------|-------|
//! | L0 words and bytes | [`wire`] | total functions; unknown numbers and bits survive |
//! | L1 frames | [`message`], [`codec`] | builders, an incremental parser for each direction, entries |
//! | L2 connections | [`client`] | a state machine: persistence, pipelining, timeouts, what may be sent again |
//! | | [`server`] | the other end: requests one at a time, answers in pieces, keepalives |
//! | L3 tree | [`tree`] | what stands behind a server: paths, devices and their values, over a [`Bus`](tree::Bus) of yours |
//! | beside them | [`text`] | ROM ids, property values, `/structure` records |
//!
//! The smallest use is a request and a parser:
//!
//! ```
//! use owproto_core::{ReplyEvent, ReplyParser, Request};
//!
//! // What goes out:
//! let mut buffer = [0; 128];
//! let bytes = Request::read("/10.67C6697351FF/temperature")?.encode(&mut buffer)?;
//! # assert_eq!(bytes.len(), 24 + 29);
//!
//! // What comes back, in whatever pieces the network makes of it:
//! let mut parser = ReplyParser::new([0; 256]);
//! # let reply = b"\0\0\0\0\0\0\0\x0c\0\0\0\x0c\0\0\0\0\0\0\0\x0c\0\0\0\0        21.5";
//! # let mut values = vec![];
//! for piece in reply.chunks(7) {
//!     let mut input = piece;
//!     loop {
//!         match parser.parse(&mut input)? {
//!             ReplyEvent::NeedMore(_) => break,
//!             ReplyEvent::Keepalive => println!("the server is at work"),
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
//! [`client::Connection`] does this and everything else that a client has to get right; its documentation is the
//! contract between the core and a transport. [`server::Connection`] is its counterpart, and [`tree::Tree`] makes a
//! whole owserver of it.
//!
//! # Promises
//!
//! - No input of a peer makes it panic, wait for ever or use memory that its owner did not give. Limits act on a
//!   header, before a byte of its payload is kept.
//! - How bytes are cut into pieces never changes what comes out. (One exception: an entry of a comma list that is longer
//!   than the storage is given if it lies whole in the input, and an error if it does not.)
//! - A connection that failed stays failed, and no reply is given to a request that it does not belong to.
//!
//! # Features
//!
//! All add something, none changes behaviour.
//!
//! | feature | adds |
//! |---------|------|
//! | `heapless` | `heapless::Vec` as [`Storage`] |
//! | `alloc` | `Vec` as [`Storage`] |
//! | `std` | `alloc`, and what other crates' derives need |
//! | `defmt` | `defmt::Format` on what firmware logs |
//! | `serde` | `Serialize` and `Deserialize` on what people store |
//! | `arbitrary` | `Arbitrary` on headers, flags and values (brings `std`) |
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
// The derive of `arbitrary` names it.
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
