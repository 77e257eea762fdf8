//! Helpers that the tests of this workspace share.
//!
//! | module | what it has |
//! |---|---|
//! | [`vectors`] | the exchanges captured from a real owserver, as typed values |
//! | [`splits`] | one input, cut at every place, byte by byte, and with trailing bytes |
//! | [`peer`] | a peer that follows a script, right or wrong: the one all tests use |
//! | [`frames`] | frames that a server sends, and requests as text |
//! | [`path_server`] | a server made of one function, whose values name their paths |
//! | [`fault_proxy`] | a proxy that does one thing wrong at one byte |
//! | [`core_server`] | our server without I/O, over the tester bus |
//! | [`owserver`] | a real owserver, as a child process for one test |
//! | [`tools`] | owdir, owread, owwrite, owpresent, owget, owexist, pyownet, and `ow` |
//! | [`side_by_side`] | benchmarks of several ways to do the same, measured in turns |
//! | [`qemu`] | the firmware in QEMU, as a child process for one test |
//! | [`bad_requests`] | malformed requests, and what our server does with them |
//! | [`file_limit`] | how many files a process may have open |
//! | [`path_words`] | words for paths that are made up |
//! | `machines` | machines in memory for embassy-net and smoltcp, and a cable between them (feature `machines`) |
//! | `relay` | a relay from such a machine to a server on a real socket (feature `machines`) |
//! | [`wakers`] | futures that run in one task but have a waker each |
//! | [`process`] | runs a program to its end, with a deadline |
//!
//! Tests that need owserver or ow-shell are in `tests/interop` (feature `interop`), those that need QEMU in
//! `tests/firmware` (feature `firmware`). All others need nothing but Rust.

pub mod bad_requests;
pub mod core_server;
pub mod fault_proxy;
pub mod file_limit;
pub mod frames;
#[cfg(feature = "machines")]
pub mod machines;
pub mod owserver;
pub mod path_server;
pub mod path_words;
pub mod peer;
pub mod process;
pub mod qemu;
#[cfg(feature = "machines")]
pub mod relay;
pub mod side_by_side;
pub mod splits;
pub mod tools;
pub mod vectors;
pub mod wakers;

/// Writes a line to standard error. Unlike output of the macros, it is shown for a test that passes too.
///
/// # Panics
///
/// If standard error cannot be written.
pub fn print_always(text: &str) {
    let line = format!("{text}\n");
    std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes())
        .expect("standard error can be written");
}
