//! The client's end of a connection, as a state machine without I/O.

mod capabilities;
mod connection;
mod connection_error;
mod deadline;
mod event;
mod in_flight;
mod lost;
mod pipeline;
mod request_id;
mod send_error;
mod step;
mod timeouts;

pub use capabilities::ServerCapabilities;
pub use connection::{Connection, DEFAULT_LIST_LIMIT};
pub use connection_error::ConnectionError;
pub use event::Event;
pub use lost::{Lost, Resend};
pub use request_id::RequestId;
pub use send_error::SendError;
pub use step::Step;
pub use timeouts::{Timeout, Timeouts};
