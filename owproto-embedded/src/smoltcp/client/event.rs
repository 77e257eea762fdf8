use core::fmt;

use owproto_core::Reply;
use owproto_core::client::{ConnectionError, Lost, RequestId};
use owproto_core::message::Entries;

/// What [`Client::poll`](super::Client::poll) returns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// The connection is established.
    Connected,
    /// A keepalive or a part of an answer arrived. More may be available: poll again.
    Progress,
    /// Entries of a directory. More may follow; a [`Reply`](Self::Reply) ends the listing.
    Entries(RequestId, Entries<'a>),
    /// The answer to a request, or its end. It may be an error, also after entries.
    Reply(RequestId, Reply<'a>),
    /// There will be no answer to this request. [`resend`](Lost::resend) is whether it may be sent again.
    Lost(Lost),
    /// The connection has ended, after a [`Lost`](Self::Lost) for each request in flight. The next request opens
    /// another connection, after a delay if this one failed.
    Disconnected(DisconnectReason),
}

/// Why a connection has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The server did not keep the connection after an answer or closed it while it was idle, or
    /// [`Client::disconnect`](super::Client::disconnect) was called.
    Orderly,
    /// It was impossible to connect: the interface has no address from which it could reach the server's, or the
    /// address or the port of the server is zero.
    Unaddressable,
    /// The server's host answered, but no server listens on the port.
    Refused,
    /// The peer reset the connection, or TCP gave it up.
    Reset,
    /// The server went silent, closed the connection too early, or sent an invalid reply.
    Failed(ConnectionError),
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Orderly => f.write_str("the connection was closed"),
            Self::Unaddressable => f.write_str("there is no route to the server's address"),
            Self::Refused => f.write_str("the server's host refused the connection"),
            Self::Reset => f.write_str("the connection was reset"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}
