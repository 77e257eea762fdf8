//! The client's end of a connection, as a state machine without I/O.

mod capabilities;
mod connection;
mod error;
mod exchanges;
mod in_flight;
mod send_error;
mod timeouts;

pub use capabilities::ServerCapabilities;
pub use connection::{Connection, DEFAULT_LIST_LIMIT, Event, Step};
pub use error::{ConnectionError, Lost, Resend};
pub use in_flight::RequestId;
pub use send_error::SendError;
pub use timeouts::{Timeout, Timeouts};
