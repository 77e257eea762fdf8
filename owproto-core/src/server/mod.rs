//! The server's end of a connection, as a state machine without I/O.
//!
//! [`Connection`] turns bytes into requests, one at a time, and [`Answer`] turns answers into bytes. The content of the
//! answers comes from elsewhere: from a [`tree`](crate::tree), or from the program.

mod answer;
mod buffer_full;
mod connection;
mod end;
mod event;
mod policy;
mod reply_header;
mod state;
mod step;
mod timeouts;
mod transmit;

pub use answer::Answer;
pub use buffer_full::BufferFull;
pub use connection::{Connection, DEFAULT_TRANSMIT_LIMIT};
pub use end::End;
pub use event::Event;
pub use policy::{Keepalives, Persistence};
pub use reply_header::{LastFrame, ReplyHeader};
pub use step::Step;
pub use timeouts::{Timeout, Timeouts};
