//! Our server beside the real owserver and beside a bare loop over epoll, which knows the lengths of all requests and
//! answers and looks at nothing: what the sockets alone cost.
//!
//! `cargo bench -p owproto-std --features server --bench server [-- --quick] [--only=TEXT] [--write]`
//!
//! All three get the same bytes from the same clients, in turns, and the medians of the rounds count. Servers and clients
//! are processes, since 10,000 connections need 10,000 files on either side. They share one processor, so that nothing but
//! the work counts, and then they have one each. Beside the time that a client waits for its answer stands the time of a
//! processor that the server takes for it. `--only` measures the cases with that text in their names. What cannot run is
//! named, loudly, and left out. `--write` puts the tables and a picture into `owproto-std/benchmarks-server.*`.

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
    if role::play() {
        return;
    }
    measure::all();
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn main() {
    println!("!!!!!!!! there is no epoll here: NOTHING WAS MEASURED");
}
