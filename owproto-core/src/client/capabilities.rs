use crate::message::ServerError;
use crate::wire::MessageType;

/// The message types that a server supports, learned from its errors, so that refused types are not tried again.
///
/// An owserver started with `--no_dirall` or `--no_get` answers −42 to DIRALL and DIRALLSLASH, or to GET and GETSLASH (owfs:
/// `data.c`), and so do servers older than these types. All servers support DIR and READ.
///
/// ```
/// use owproto_core::client::ServerCapabilities;
/// use owproto_core::wire::MessageType;
/// # use owproto_core::{ReturnCode, ServerError};
/// # let error = ServerError::new(ReturnCode::from_ret(-42)).unwrap();
/// let mut capabilities = ServerCapabilities::ALL;
/// assert!(capabilities.learn(MessageType::DIRALL, error));
/// assert_eq!(capabilities.substitute_for(MessageType::DIRALL), MessageType::DIR);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ServerCapabilities {
    /// A bit for each kind of message that the server has refused.
    refused: u16,
}

impl ServerCapabilities {
    /// All message types, as long as the server has refused none.
    pub const ALL: Self = Self { refused: 0 };

    const fn bit(message_type: MessageType) -> u16 {
        match message_type {
            MessageType::DIRALL | MessageType::DIRALLSLASH => 1,
            MessageType::GET | MessageType::GETSLASH => 2,
            _ => 0,
        }
    }

    /// Learns from an error that the server returned for a request of this type. Returns true if it means that the type is not
    /// supported, and there is a [substitute](Self::substitute_for).
    pub fn learn(&mut self, message_type: MessageType, error: ServerError) -> bool {
        let bit = Self::bit(message_type);
        if !error.code().is_not_supported() || bit == 0 {
            return false;
        }
        self.refused |= bit;
        true
    }

    /// The message type to send: `wanted` if the server supports it, else DIR for a listing, READ for GET. (If READ returns
    /// −21, the path is a directory: send DIR then.)
    #[must_use]
    pub const fn substitute_for(self, wanted: MessageType) -> MessageType {
        match Self::bit(wanted) & self.refused {
            1 => MessageType::DIR,
            2 => MessageType::READ,
            _ => wanted,
        }
    }

    /// The message types that both include.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self { refused: self.refused | other.refused }
    }

    /// A number for [`from_bits`](Self::from_bits), for storing the capabilities in an atomic.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.refused
    }

    /// The inverse of [`bits`](Self::bits).
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        Self { refused: bits & 3 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::ReturnCode;

    fn error(ret: i32) -> ServerError {
        ServerError::new(ReturnCode::from_ret(ret)).unwrap()
    }

    #[test]
    fn only_minus_42_for_a_type_with_a_substitute_is_learned() {
        let mut capabilities = ServerCapabilities::ALL;
        assert!(!capabilities.learn(MessageType::DIRALL, error(-1)));
        assert!(!capabilities.learn(MessageType::READ, error(-42)));
        assert_eq!(capabilities, ServerCapabilities::ALL);
        assert!(capabilities.learn(MessageType::GETSLASH, error(-42)));
        assert_eq!(capabilities.substitute_for(MessageType::GET), MessageType::READ);
        assert_eq!(capabilities.substitute_for(MessageType::DIRALL), MessageType::DIRALL);
        assert!(capabilities.learn(MessageType::DIRALLSLASH, error(-42)));
        assert_eq!(capabilities.substitute_for(MessageType::DIRALL), MessageType::DIR);
        assert_eq!(capabilities.substitute_for(MessageType::WRITE), MessageType::WRITE);
        assert_eq!(ServerCapabilities::from_bits(capabilities.bits()), capabilities);
    }

    #[test]
    fn capabilities_convert_to_bits_and_combine() {
        let (listings, gets) = (ServerCapabilities::from_bits(1), ServerCapabilities::from_bits(2));
        let both = listings.and(gets);
        assert_eq!((both.bits(), both.and(gets), listings.and(listings)), (3, both, listings));
        assert_eq!(both.substitute_for(MessageType::DIRALLSLASH), MessageType::DIR);
        assert_eq!(both.substitute_for(MessageType::GETSLASH), MessageType::READ);
        assert_eq!(
            ServerCapabilities::from_bits(0xfffc),
            ServerCapabilities::ALL,
            "unknown bits are ignored"
        );
    }
}
