//! The server's end of a connection, as a state machine without I/O.
//!
//! [`Connection`] takes bytes and gives requests, one at a time; [`Answer`] takes what is to be said and gives bytes.
//! What the answer is, is decided elsewhere: by [`tree`](crate::tree), or by a program of its own.

mod answer;
mod connection;
mod end;
mod outgoing;
mod timeouts;

pub use answer::{Answer, BufferFull, LastFrame, ReplyHeader};
pub(crate) use answer::{entry_header, value_header};
pub use connection::{Connection, DEFAULT_TRANSMIT_LIMIT, Event, Keepalives, Persistence, Step};
pub use end::End;
pub use timeouts::{Timeout, Timeouts};
