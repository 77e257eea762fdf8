//! The server of the benchmarks by itself: it answers from memory, as fast as its sockets allow.
//!
//! `canned_server [ADDRESS [ENTRIES]]` listens at `ADDRESS` (`127.0.0.1:4304`; port 0 is a free one), says where, and
//! answers until it is stopped. `bench_driver`, or any other client of the protocol, can be pointed at it.
//!
//! | asked | answer |
//! |---|---|
//! | READ of any path | `     22.3344` |
//! | DIR, DIRALL, DIRALLSLASH of `/` | `ENTRIES` entries (1000) |
//! | the same of `/10`, `/1000`, `/20000` | so many entries |
//! | NOP | yes |

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
