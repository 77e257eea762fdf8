use crate::message::ServerError;
use crate::wire::MessageType;

/// The message types that a server has refused, so that they are not tried again.
///
/// An owserver started with `--no_dirall` or `--no_get` answers −42 to DIRALL and DIRALLSLASH, or GET and GETSLASH
/// (owfs: `data.c`), as did servers older than these types. DIR and READ are always there.
///
/// ```
/// use owproto_core::client::ServerCapabilities;
/// use owproto_core::wire::MessageType;
/// # use owproto_core::{ReturnCode, ServerError};
/// # let error = ServerError::new(ReturnCode::from_ret(-42)).unwrap();
/// let mut refusals = ServerCapabilities::ALL;
/// assert!(refusals.learn(MessageType::DIRALL, error));
/// assert_eq!(refusals.substitute_for(MessageType::DIRALL), MessageType::DIR);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct ServerCapabilities(u16);

impl ServerCapabilities {
    /// All message types, as long as the server has refused none.
    pub const ALL: Self = Self(0);

    const fn bit(message_type: MessageType) -> u16 {
        match message_type {
            MessageType::DIRALL | MessageType::DIRALLSLASH => 1,
            MessageType::GET | MessageType::GETSLASH => 2,
            _ => 0,
        }
    }

    /// Takes note of an error. True if it says that this type is refused and there is
    /// [another one](Self::substitute_for) to ask with.
    pub fn learn(&mut self, message_type: MessageType, error: ServerError) -> bool {
        let bit = Self::bit(message_type);
        if !error.code().is_not_supported() || bit == 0 {
            return false;
        }
        self.0 |= bit;
        true
    }

    /// The type to ask with: `wanted` itself if it was not refused; else DIR for a listing, READ for GET (which
    /// answers −21 to a directory: then DIR).
    #[must_use]
    pub const fn substitute_for(self, wanted: MessageType) -> MessageType {
        match Self::bit(wanted) & self.0 {
            1 => MessageType::DIR,
            2 => MessageType::READ,
            _ => wanted,
        }
    }

    /// What both have learned.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// A number that [`from_bits`](Self::from_bits) takes, to be kept in an atomic.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The inverse of [`bits`](Self::bits).
    #[must_use]
    pub const fn from_bits(bits: u16) -> Self {
        Self(bits & 3)
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
    fn only_minus_42_to_a_type_with_a_substitute_is_a_refusal() {
        let mut refusals = ServerCapabilities::ALL;
        assert!(!refusals.learn(MessageType::DIRALL, error(-1)));
        assert!(!refusals.learn(MessageType::READ, error(-42)));
        assert_eq!(refusals, ServerCapabilities::ALL);
        assert!(refusals.learn(MessageType::GETSLASH, error(-42)));
        assert_eq!(refusals.substitute_for(MessageType::GET), MessageType::READ);
        assert_eq!(refusals.substitute_for(MessageType::DIRALL), MessageType::DIRALL);
        assert!(refusals.learn(MessageType::DIRALLSLASH, error(-42)));
        assert_eq!(refusals.substitute_for(MessageType::DIRALL), MessageType::DIR);
        assert_eq!(refusals.substitute_for(MessageType::WRITE), MessageType::WRITE);
        assert_eq!(ServerCapabilities::from_bits(refusals.bits()), refusals);
    }

    #[test]
    fn what_was_learned_can_be_kept_and_joined() {
        let (listings, gets) = (ServerCapabilities::from_bits(1), ServerCapabilities::from_bits(2));
        let both = listings.and(gets);
        assert_eq!((both.bits(), both.and(gets), listings.and(listings)), (3, both, listings));
        assert_eq!(both.substitute_for(MessageType::DIRALLSLASH), MessageType::DIR);
        assert_eq!(both.substitute_for(MessageType::GETSLASH), MessageType::READ);
        assert_eq!(
            ServerCapabilities::from_bits(0xfffc),
            ServerCapabilities::ALL,
            "bits without a meaning are dropped"
        );
    }
}
