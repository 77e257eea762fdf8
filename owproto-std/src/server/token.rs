use std::hash::{BuildHasher, RandomState};

use owproto_core::wire::Token;

/// 16 random bytes, so that no other server has the same token. It is not a secret: knowing it, an attacker can only have
/// requests of its own refused.
pub(super) fn random_token() -> Token {
    let mut token = Token::default();
    for half in token.chunks_mut(8) {
        // Each `RandomState` has random keys.
        let number = RandomState::new().hash_one(std::process::id());
        half.copy_from_slice(&number.to_ne_bytes());
    }
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_tokens_differ_in_both_halves() {
        let tokens = [random_token(), random_token(), random_token()];
        assert!(tokens[0] != tokens[1] && tokens[1] != tokens[2] && tokens[0] != tokens[2]);
        assert_ne!(tokens[0][..8], tokens[0][8..]);
    }
}
