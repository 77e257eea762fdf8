use super::word;

/// The length of an antiloop token in bytes.
pub const TOKEN_LEN: usize = 16;

/// An antiloop token: 16 bytes that identify a running owserver.
///
/// A server appends its own token to every request that it forwards, and closes the connection if a request already
/// carries it (owfs: `from_client.c`, `ow_server_message.c`). This crate has no random numbers, so the program that runs a
/// server chooses its token.
pub type Token = [u8; TOKEN_LEN];

/// The tokens at the end of a request, oldest first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Tokens<'a>(&'a [Token]);

impl<'a> Tokens<'a> {
    /// No tokens, as in requests of clients.
    pub const NONE: Self = Self(&[]);

    /// These tokens; `None` if there are more than 65,535, the greatest count that fits the version word.
    #[must_use]
    pub const fn new(tokens: &'a [Token]) -> Option<Self> {
        if tokens.len() <= u16::MAX as usize { Some(Self(tokens)) } else { None }
    }

    /// The tokens in `bytes`, one after the other. Bytes after the last complete token are left out.
    #[must_use]
    pub const fn from_bytes(bytes: &'a [u8]) -> Self {
        Self(bytes.as_chunks().0)
    }

    /// The bytes on the wire.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0.as_flattened()
    }

    /// The tokens as a slice.
    #[must_use]
    pub const fn as_slice(self) -> &'a [Token] {
        self.0
    }

    /// The number of tokens.
    #[must_use]
    pub const fn len(self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// Whether `token` is among them. If it is a server's own token, the request went in a loop.
    #[must_use]
    pub fn contains(self, token: &Token) -> bool {
        self.0.contains(token)
    }

    /// Iterates over the tokens.
    pub fn iter(self) -> core::slice::Iter<'a, Token> {
        self.0.iter()
    }

    /// The number of tokens, as in the version word.
    pub(crate) fn count(self) -> u16 {
        u16::try_from(self.0.len()).unwrap_or(u16::MAX)
    }

    /// The length in bytes of the tokens of a request with this version word.
    pub(crate) const fn wire_len(version: super::Version) -> usize {
        #[allow(clippy::cast_lossless)] // `From` is not const
        let count = version.token_count() as i32;
        match word::to_len(count) {
            Some(count) => count.saturating_mul(TOKEN_LEN),
            None => usize::MAX,
        }
    }
}

impl<'a> IntoIterator for Tokens<'a> {
    type Item = &'a Token;
    type IntoIter = core::slice::Iter<'a, Token>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Version;

    #[test]
    fn bytes_become_tokens_and_back() {
        let mut bytes = [0xa5; 40];
        for (n, byte) in (0u8..).zip(&mut bytes) {
            *byte = n;
        }
        let tokens = Tokens::from_bytes(&bytes);
        assert_eq!(tokens.len(), 2);
        assert_eq!(tokens.as_bytes(), &bytes[..32]);
        assert!(tokens.contains(&bytes[16..32].try_into().unwrap()));
        assert!(!tokens.contains(&[0; TOKEN_LEN]));
        assert!(Tokens::NONE.is_empty());
    }

    #[test]
    fn tokens_keep_their_order_and_have_a_limited_count() {
        let list = [[1; TOKEN_LEN], [2; TOKEN_LEN]];
        let tokens = Tokens::new(&list).unwrap();
        assert_eq!((tokens.as_slice(), tokens.count(), tokens.is_empty()), (&list[..], 2, false));
        assert!(tokens.iter().eq(&list));
        assert!(tokens.into_iter().eq(&list));
        // The count has 16 bits.
        let many = std::vec![[0; TOKEN_LEN]; 65536];
        assert_eq!(Tokens::new(&many), None);
        assert_eq!(Tokens::new(&many[1..]).map(Tokens::count), Some(65535));
    }

    #[test]
    fn the_version_word_determines_the_length_on_the_wire() {
        assert_eq!(Tokens::wire_len(Version::PLAIN), 0);
        assert_eq!(Tokens::wire_len(Version::with_tokens(2)), 32);
        assert_eq!(Tokens::wire_len(Version(-1)), 65535 * 16);
    }
}
