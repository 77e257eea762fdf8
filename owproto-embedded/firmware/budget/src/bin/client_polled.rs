//! The blocking client over `Polled`, which keeps deadlines: a listing, and a pipelined read.
#![no_std]
#![no_main]

use core::hint::black_box;

use owproto_budget::now;
use owproto_budget::socket::{PATHS, Socket};
use owproto_core::client::Connection;
use owproto_embedded::blocking::{Client, Polled};

#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    loop {
        let connection: Connection<_, _, 4> = Connection::new([0; 128], [0; 64]);
        let transport = Polled::new(Socket, core::hint::spin_loop);
        let mut client = Client::new(transport, now, connection, [0; 128]);
        let _ = black_box(client.dir("/", |entry| {
            black_box(entry);
        }));
        let _ = black_box(client.read_many(PATHS, |_, value| {
            let _ = black_box(value);
        }));
    }
}
