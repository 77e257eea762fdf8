use core::fmt;

use super::timeouts::Timeout;
use crate::codec::DecodeError;

/// Why a connection has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum End {
    /// The last request was answered, and persistence was not requested or not granted.
    Answered,
    /// The client closed its side, between two requests or within one.
    ClientClosed,
    /// The transport failed: the client cannot receive an answer.
    TransportFailed,
    /// The request is not a valid frame: its payload is negative or above the limit.
    Malformed(DecodeError),
    /// The size of a WRITE is negative or leaves no byte for the path.
    MalformedWrite {
        /// The size word.
        size: i32,
        /// The payload word.
        payload: i32,
    },
    /// The request carries this server's own token: it went in a loop.
    Loop,
    /// A timeout expired.
    TimedOut(Timeout),
    /// The answer was [aborted](super::Answer::abort), because a failure could not be reported to the client.
    AnswerAborted,
    /// The transmit storage is too small for a header.
    TransmitTooSmall,
    /// The caller [closed](super::Connection::close) the connection.
    Closed,
}

impl End {
    /// Whether the client got all answers. A driver should then close its sending side first, and read and drop input for a
    /// moment: closing a socket with unread input makes TCP send a reset, which may destroy the reply.
    #[must_use]
    pub const fn is_orderly(self) -> bool {
        matches!(self, Self::Answered | Self::ClientClosed)
    }

    /// Whether the peer no longer reads, so that a driver should reset the transport instead of closing it.
    #[must_use]
    pub const fn is_unread(self) -> bool {
        matches!(self, Self::TransportFailed | Self::TimedOut(Timeout::Send | Timeout::SendTotal))
    }

    /// Whether the bytes that wait should still be sent.
    pub(super) const fn allows_sending(self) -> bool {
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
    fn each_end_has_a_text_and_says_what_the_driver_has_to_do() {
        let malformed = End::Malformed(DecodeError::NegativePayload { payload: -1 });
        for (end, is_orderly, allows_sending, text) in [
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
            assert_eq!((end.is_orderly(), end.allows_sending()), (is_orderly, allows_sending), "{text}");
        }
    }
}
