//! Tests of the tree as a whole, and what other tests of it use.

mod captured;
pub(super) mod serve;
