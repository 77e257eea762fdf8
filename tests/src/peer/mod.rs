//! A peer that follows a script: the one that all tests of this workspace talk to.
//!
//! A [`Script`] is what the peer does on one connection: it expects requests, sends bytes, pauses, stalls, closes,
//! resets, or refuses the connection. It knows bytes and frames and nothing of their meaning, so it can do anything right
//! or wrong.
//!
//! A [`ScriptRun`] follows a script on one connection, without I/O: its carrier passes bytes and the time to it, and
//! sends what it returns. Each carrier is a small loop around it:
//!
//! | carrier | where |
//! |---|---|
//! | TCP sockets, real time | [`Peer`] |
//! | the `Runtime` of owproto-std's tests, virtual time | `owproto-std/src/client/tests/virtual_time.rs` |
//! | streams of embedded-io, blocking and async, virtual time | `owproto-embedded/tests/drivers/wire.rs` |
//! | smoltcp sockets, virtual time | `owproto-embedded/tests/smoltcp/peer.rs` |

mod run;
mod script;
mod tcp;

pub use run::{Output, Record, ScriptRun};
pub use script::{Opening, Script};
pub use tcp::{DEADLINE, Peer};
