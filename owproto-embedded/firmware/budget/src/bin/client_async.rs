//! The asynchronous client over `Timed`, which keeps deadlines: a listing, and a pipelined read.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::pin::pin;
use core::task::{Context, Waker};

use owproto_budget::now;
use owproto_budget::socket::{Delay, PATHS, Socket};
use owproto_core::client::Connection;
use owproto_embedded::asynchronous::{Client, Timed};

#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    let mut program = pin!(program());
    loop {
        let _ = program.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
}

async fn program() {
    loop {
        let connection: Connection<_, _, 4> = Connection::new([0; 128], [0; 64]);
        let mut client = Client::new(Timed::new(Socket, Delay), now, connection, [0; 128]);
        let _ = black_box(
            client
                .dir("/", |entry| {
                    black_box(entry);
                })
                .await,
        );
        let _ = black_box(
            client
                .read_many(PATHS, |_, value| {
                    let _ = black_box(value);
                })
                .await,
        );
    }
}

/// The compiler gives every future code that panics if it is polled after its completion. It is never reached here, but
/// the linker does not know that.
#[unsafe(no_mangle)]
extern "C" fn owproto_core_can_panic() -> ! {
    loop {}
}
