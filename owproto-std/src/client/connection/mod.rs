//! Connections: connecting, one exchange of a request and its reply, and the loop around a socket.

mod connect;
mod deadline;
mod error;
mod exchange;
mod session;

pub(crate) use self::connect::{ConnectionSettings, Connector};
pub(crate) use self::deadline::{CallLimits, Deadline};
pub(crate) use self::error::{ErrorKind, SessionError, server_error, timed_out};
pub(crate) use self::exchange::{ExchangeProgress, ReplyReader};
pub(crate) use self::session::{AckPolicy, Item, MAX_IN_FLIGHT, Session};
