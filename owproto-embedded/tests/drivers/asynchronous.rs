//! The scenarios on the asynchronous drivers, and what only these promise.

macro_rules! run {
    ($wire:expr, $block:block) => {
        $wire.run(async { $block })
    };
}

macro_rules! awaited {
    ($future:expr) => {
        $future.await
    };
}

/// Over `Read + Write`: late by as long as a read waits.
mod plain {
    use owproto_core::time::Instant;
    use owproto_embedded::asynchronous::{Client, Server};

    use crate::wire::Wire;

    /// A keepalive arrives every second.
    const LATE: u64 = 1_000_000;

    macro_rules! client {
        ($wire:expr, $connection:expr, $receive:expr) => {
            Client::new($wire.clone(), $wire.clock(), $connection, $receive)
        };
    }
    macro_rules! replace {
        ($client:expr, $wire:expr) => {{
            $client.reconnect($wire.clone());
        }};
    }

    crate::scenarios::scenarios!(client, run, awaited);

    fn clock(wire: &Wire) -> impl FnMut() -> Instant + use<> {
        wire.clock()
    }

    /// Nothing wakes the task for a keepalive.
    const KEEPALIVES: &[u64] = &[];

    macro_rules! transport {
        ($wire:expr) => {
            $wire.clone()
        };
    }

    crate::server_scenarios::server_scenarios!(transport, run, awaited);
}

/// Over `Timed`: never late.
mod timed {
    use owproto_core::time::Instant;
    use owproto_embedded::asynchronous::{Client, Server, Timed};

    use crate::wire::{Delay, Wire};

    const LATE: u64 = 0;

    fn timed(wire: &Wire) -> Timed<Wire, Delay> {
        Timed::new(wire.clone(), Delay(wire.clone()))
    }

    macro_rules! client {
        ($wire:expr, $connection:expr, $receive:expr) => {
            Client::new(timed(&$wire), $wire.clock(), $connection, $receive)
        };
    }
    macro_rules! replace {
        ($client:expr, $wire:expr) => {{
            $client.reconnect(timed(&$wire));
        }};
    }

    crate::scenarios::scenarios!(client, run, awaited);
    crate::breaking_off::breaking_off!(client, run, awaited);

    fn clock(wire: &Wire) -> impl FnMut() -> Instant + use<> {
        wire.clock()
    }

    const KEEPALIVES: &[u64] = &[1000, 2000, 3000];

    macro_rules! transport {
        ($wire:expr) => {
            timed(&$wire)
        };
    }

    crate::server_scenarios::server_scenarios!(transport, run, awaited);

    mod only_here {
        use owproto_core::client::{Connection, ConnectionError, Resend, Timeout, Timeouts};
        use owproto_core::time::Duration;
        use owproto_embedded::Error;
        use owproto_tests::frames::{persistent, value};
        use owproto_tests::peer::Script;

        use super::*;

        fn memory() -> Connection<[u8; 64], [u8; 16]> {
            Connection::new([0; 64], [0; 16])
        }

        #[test]
        fn deadlines_are_exact() {
            let request = || Script::new().read_request();
            let millis = Duration::from_millis;
            let table = [
                (request(), 2000, 0, Timeout::Inactivity, 2000),
                (request(), 2000, 1500, Timeout::Total, 1500),
                (request().pause_ms(1999).keepalive(), 2000, 0, Timeout::Inactivity, 3999),
                (request().pause_ms(1999).keepalive(), 2000, 3000, Timeout::Total, 3000),
                (
                    request().pause_ms(500).send(&persistent(value(b"abc"))[..25]),
                    700,
                    0,
                    Timeout::Inactivity,
                    1200,
                ),
                // Longer than one delay can last.
                (request(), 5_000_000, 0, Timeout::Inactivity, 5_000_000),
            ];
            for (script, inactivity, total, timeout, expected) in table {
                let wire = Wire::new(&script.stall());
                let mut client = client!(wire, memory(), [0; 32]);
                client.set_timeouts(
                    Timeouts::NONE.with_inactivity(millis(inactivity)).with_total(millis(total)),
                );
                let before = wire.now();
                let error = ConnectionError::TimedOut(timeout);
                let result = wire.run(client.ping());
                assert_eq!(result, Err(Error::Connection { error, resend: Resend::Safe }));
                assert_eq!(wire.now().saturating_since(before), millis(expected));
                assert_eq!(wire.run(client.ping()), Err(Error::Ended));
            }
        }

        #[test]
        fn futures_can_be_sent_where_their_transport_can() {
            fn sent<T: Send>(_: T) {}
            struct Socket;
            impl embedded_io::ErrorType for Socket {
                type Error = embedded_io::ErrorKind;
            }
            impl embedded_io_async::Read for Socket {
                async fn read(&mut self, _: &mut [u8]) -> Result<usize, Self::Error> {
                    Ok(0)
                }
            }
            impl embedded_io_async::Write for Socket {
                async fn write(&mut self, _: &[u8]) -> Result<usize, Self::Error> {
                    Ok(0)
                }
                async fn flush(&mut self) -> Result<(), Self::Error> {
                    Ok(())
                }
            }
            let clock = || Instant::ZERO;
            let mut client = Client::new(Socket, clock, memory(), [0; 32]);
            sent(client.ping());
            sent(client.read_many(["/a"], |_, _| ()));
            sent(client.dir("/", |_| ()));
        }
    }
}
