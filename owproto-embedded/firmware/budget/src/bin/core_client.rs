//! The core's client alone: a listing, and pipelined reads.
#![no_std]
#![no_main]

use core::hint::black_box;

use owproto_budget::{now, receive, send};
use owproto_core::client::{Connection, ConnectionError, Event, SendError, Step};
use owproto_core::message::Entries;
use owproto_core::wire::Flags;
use owproto_core::{Request, RequestError};

type Client<'b> = Connection<&'b mut [u8], &'b mut [u8], 4>;

#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    loop {
        let (mut transmit, mut receive) = ([0; 128], [0; 64]);
        let _ = black_box(session(Client::new(&mut transmit, &mut receive)));
    }
}

/// Uses one connection until it ends.
fn session(mut client: Client<'_>) -> Result<(), Failure> {
    let mut buffer = [0; 128];
    client.request(&Request::dirall("/")?.with_flags(Flags::PERSISTENCE), now())?;
    loop {
        match client.step() {
            Step::Close => return Ok(()),
            Step::Idle => {
                while client.room() > 0 {
                    let request = Request::read(black_box("/10.67C6697351FF/temperature"))?;
                    client.request(&request.with_flags(Flags::PERSISTENCE), now())?;
                }
            }
            Step::Write => {
                let sent = send(client.poll_transmit());
                client.handle_transmitted(sent, now());
            }
            Step::Read => {
                let len = receive(&mut buffer);
                if len == 0 {
                    client.handle_timeout(now())?;
                }
                let mut input = buffer.get(..len).unwrap_or_default();
                loop {
                    match client.handle_input(&mut input, now())? {
                        Event::NeedMore(_) => break,
                        Event::Keepalive => {}
                        Event::Entries(_, entries) => list(entries),
                        Event::Reply(_, reply) => {
                            black_box(reply.data());
                        }
                    }
                }
            }
        }
    }
}

enum Failure {
    Request,
    Connection,
}

impl From<RequestError> for Failure {
    fn from(_: RequestError) -> Self {
        Self::Request
    }
}

impl From<SendError> for Failure {
    fn from(_: SendError) -> Self {
        Self::Request
    }
}

impl From<ConnectionError> for Failure {
    fn from(_: ConnectionError) -> Self {
        Self::Connection
    }
}

fn list(entries: Entries<'_>) {
    for entry in entries {
        black_box(entry);
    }
}
