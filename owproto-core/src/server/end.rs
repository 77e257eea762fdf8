use core::fmt;

use super::Timeout;
use crate::codec::DecodeError;

/// Why a connection has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum End {
    /// The last request was answered and persistence was not asked for, or not granted.
    Answered,
    /// The client closed its side, between two requests or within one.
    ClientClosed,
    /// The transport failed: the client is gone, and nobody waits for an answer.
    TransportFailed,
    /// The request is no frame: a negative payload, or more than the limit.
    Malformed(DecodeError),
    /// The size of a WRITE is negative or leaves no byte for the path.
    MalformedWrite {
        /// The size word.
        size: i32,
        /// The payload word.
        payload: i32,
    },
    /// The request carries this server's own token: it went in a circle.
    Loop,
    /// Time ran out.
    TimedOut(Timeout),
    /// Something went wrong in the middle of a frame, where no error can be said any more.
    AnswerAborted,
    /// The transmit storage does not even hold a header.
    TransmitTooSmall,
    /// The caller ended it.
    Closed,
}

impl End {
    /// Whether the client got all that it asked for, so that it deserves to read it: a driver should then close its
    /// sending side first, and read (and drop) what still comes for a moment. A plain close with unread bytes makes
    /// TCP send a reset, which may overtake the reply.
    #[must_use]
    pub const fn is_orderly(self) -> bool {
        matches!(self, Self::Answered | Self::ClientClosed)
    }

    /// Whether nobody takes what is sent, so that a driver should reset the transport instead of closing it.
    #[must_use]
    pub const fn is_unread(self) -> bool {
        matches!(self, Self::TransportFailed | Self::TimedOut(Timeout::Send | Timeout::SendTotal))
    }

    /// Whether what waits to be sent is still worth sending.
    pub(super) const fn lets_send(self) -> bool {
        !(self.is_unread() || matches!(self, Self::TransmitTooSmall))
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered => f.write_str("the last request was answered"),
            Self::ClientClosed => f.write_str("the client closed the connection"),
            Self::TransportFailed => f.write_str("the connection to the client failed"),
            Self::Malformed(error) => write!(f, "malformed request: {error}"),
            Self::MalformedWrite { size, payload } => {
                write!(f, "malformed request: {size} bytes of data in a payload of {payload}")
            }
            Self::Loop => f.write_str("the request carries the token of this server: a loop of servers"),
            Self::TimedOut(timeout) => timeout.fmt(f),
            Self::AnswerAborted => f.write_str("the answer could not be finished"),
            Self::TransmitTooSmall => f.write_str("the transmit storage is too small"),
            Self::Closed => f.write_str("the connection was closed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_says_why_and_whether_the_client_has_all() {
        let malformed = End::Malformed(DecodeError::NegativePayload { payload: -1 });
        for (end, is_orderly, lets_send, text) in [
            (End::Answered, true, true, "the last request was answered"),
            (End::ClientClosed, true, true, "the client closed the connection"),
            (End::TransportFailed, false, false, "the connection to the client failed"),
            (malformed, false, true, "malformed request: a request announces -1 bytes of payload"),
            (
                End::MalformedWrite { size: 9, payload: 4 },
                false,
                true,
                "malformed request: 9 bytes of data in a payload of 4",
            ),
            (End::Loop, false, true, "the request carries the token of this server: a loop of servers"),
            (End::TimedOut(Timeout::Request), false, true, "the client did not continue its request"),
            (End::TimedOut(Timeout::RequestTotal), false, true, "the client took too long for its request"),
            (End::TimedOut(Timeout::IdleLow), false, true, "the client is idle"),
            (End::TimedOut(Timeout::IdleHigh), false, true, "the client was idle for too long"),
            (End::TimedOut(Timeout::Send), false, false, "the client did not read"),
            (End::TimedOut(Timeout::Keepalive), false, true, "a keepalive is due"),
            (End::AnswerAborted, false, true, "the answer could not be finished"),
            (End::TransmitTooSmall, false, false, "the transmit storage is too small"),
            (End::Closed, false, true, "the connection was closed"),
        ] {
            assert_eq!(std::format!("{end}"), text);
            assert_eq!((end.is_orderly(), end.lets_send()), (is_orderly, lets_send), "{text}");
        }
    }
}
