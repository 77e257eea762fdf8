//! The server of the client benchmarks: it answers from memory, as fast as its sockets allow. For `bench_driver`, or any other
//! client of the protocol.
//!
//! ```sh
//! cargo run --release -p owproto-std --example canned_server [ADDRESS [ENTRIES]]
//! ```
//!
//! It listens on `ADDRESS` (127.0.0.1:4304 by default; port 0 selects a free port), prints the address, and serves until it
//! is stopped.
//!
//! | request | answer |
//! |---|---|
//! | READ of any path | `     22.3344` |
//! | DIR, DIRALL, DIRALLSLASH of `/` | `ENTRIES` entries, 1000 by default |
//! | the same of `/10`, `/1000`, `/20000` | that number of entries |
//! | NOP | success |

#[path = "../benches/clients/canned.rs"]
mod canned;

use std::error::Error;
use std::net::TcpListener;
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:4304".into());
    let entries = arguments.next().map_or(Ok(canned::ROOT), |entries| entries.parse())?;
    if arguments.next().is_some() {
        return Err("usage: canned_server [ADDRESS [ENTRIES]]".into());
    }
    println!("listening on {}", canned::serve(TcpListener::bind(address)?, entries));
    loop {
        thread::park();
    }
}
