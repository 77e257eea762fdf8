//! What the tests of this workspace share.
//!
//! | module | what it gives |
//! |---|---|
//! | [`vectors`] | the exchanges captured from a real owserver, as typed values |
//! | [`splits`] | an input cut at every place, byte by byte, and with trailing bytes |
//! | [`peer`] | a peer that follows a script, right or wrong: the one all tests use |
//! | [`frames`] | frames that a server sends, and requests as text |
//! | [`path_server`] | a server made of one function, whose values name their paths |
//! | [`proxy`] | a proxy that does one thing wrong at one byte |
//! | [`ours`] | our own server without a network, over the tester bus |
//! | [`owserver`] | a real owserver, as a child process for one test |
//! | [`tools`] | owdir, owread, owwrite, owpresent, owget, owexist, pyownet; our own `ow` |
//! | [`side_by_side`] | several ways to do the same, measured in turns |
//! | [`qemu`] | the firmware in QEMU, as a child process for one test |
//! | [`bad_input`] | requests that are wrong, and what becomes of them |
//! | [`files`] | how many files a process may open |
//! | `machines` | two machines in memory, on which embassy-net or smoltcp run, and their cable (feature `machines`) |
//! | `relay` | from such a machine to a server on a real socket (feature `machines`) |
//! | [`bell`] | futures of one task, polled one by one |
//! | [`process`] | running a program to its end, with a deadline |
//!
//! Tests that need owserver or ow-shell live in `tests/interop` behind the feature `interop`, those that need QEMU in
//! `tests/firmware` behind the feature `firmware`; all others pass on a machine that has nothing but Rust.

pub mod bad_input;
pub mod bell;
pub mod files;
pub mod frames;
#[cfg(feature = "machines")]
pub mod machines;
pub mod ours;
pub mod owserver;
pub mod path_server;
pub mod path_words;
pub mod peer;
pub mod process;
pub mod proxy;
pub mod qemu;
#[cfg(feature = "machines")]
pub mod relay;
pub mod side_by_side;
pub mod splits;
pub mod tools;
pub mod vectors;

/// Writes a line to standard error, also from a test that passes, where what the macros print is not shown.
///
/// # Panics
///
/// If that cannot be written.
pub fn show(text: &str) {
    let line = format!("{text}\n");
    std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes()).expect("standard error takes it");
}
