//! What the tests of owproto share.
