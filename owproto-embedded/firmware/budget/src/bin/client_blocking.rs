//! The blocking client over `Read + Write`: a listing, and a pipelined read.
#![no_std]
#![no_main]

use core::hint::black_box;

use owproto_budget::now;
use owproto_budget::socket::{PATHS, Socket};
use owproto_core::client::Connection;
use owproto_embedded::blocking::Client;

#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    loop {
        let connection: Connection<_, _, 4> = Connection::new([0; 128], [0; 64]);
        let mut client = Client::new(Socket, now, connection, [0; 128]);
        let _ = black_box(client.dir("/", |entry| {
            black_box(entry);
        }));
        let _ = black_box(client.read_many(PATHS, |_, value| {
            let _ = black_box(value);
        }));
    }
}
