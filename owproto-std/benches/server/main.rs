//! Compares our server with owserver and with a bare epoll loop, which knows the lengths of all requests and answers and does
//! not parse anything: it shows what the sockets alone cost.
//!
//! `cargo bench -p owproto-std --features server --bench server [-- --quick] [--only=TEXT] [--write]`
//!
//! In each round, the three servers get the same bytes from the same clients, one server after the other; the results are
//! medians of the rounds. Servers and clients are separate processes, because 10,000 connections need 10,000 open files on
//! each side. First they share one processor, so that only the work counts; then servers and clients have one each. The
//! tables show the time from one answer to the next, and the processor time of the server in it. `--only` measures the cases
//! whose names contain the text. What cannot be measured is printed in capitals and skipped. `--write` writes the tables and
//! a picture to `owproto-std/benchmarks-server.*`.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod bare;
#[path = "../common/mod.rs"]
mod common;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod layout;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod load;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod measure;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod report;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod role;

/// The devices of all servers.
const FAMILIES: [u8; 20] = [
    0x10, 0x28, 0x26, 0x05, 0x20, 0x29, 0x12, 0x1d, 0x2d, 0x1f, 0x01, 0x04, 0x24, 0xff, 0x3a, 0x21, 0xef,
    0x99, 0xdd, 0x28,
];

#[cfg(any(target_os = "linux", target_os = "android"))]
fn main() {
    if role::run() {
        return;
    }
    measure::all();
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn main() {
    println!("!!!!!!!! this system has no epoll: NOTHING WAS MEASURED");
}
