//! The scenarios on the blocking drivers, and what only these promise.

macro_rules! run {
    ($wire:expr, $block:block) => {
        $block
    };
}

macro_rules! completed {
    ($value:expr) => {
        $value
    };
}

/// Over `Read + Write`: late by as long as a read waits.
mod plain {
    use owproto_core::time::Instant;
    use owproto_embedded::blocking::{Client, Server};

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
            // The clock is still that of the old wire.
            $client.reconnect($wire.clone());
        }};
    }

    crate::scenarios::scenarios!(client, run, completed);

    /// The server spins while it waits for a sensor, so that the clock has to advance by itself.
    fn clock(wire: &Wire) -> impl FnMut() -> Instant + use<> {
        wire.ticking_clock(50)
    }

    const KEEPALIVES: &[u64] = &[1000, 2000, 3000];

    macro_rules! transport {
        ($wire:expr) => {
            $wire.clone()
        };
    }

    crate::server_scenarios::server_scenarios!(transport, run, completed);
}

/// Over `Polled`: late by as long as the idle function takes.
mod polled {
    use owproto_core::time::Instant;
    use owproto_embedded::blocking::{Client, Polled, Server};

    use crate::wire::Wire;

    const IDLE: u64 = 50;
    const LATE: u64 = IDLE - 1;

    fn polled(wire: &Wire) -> Polled<Wire, impl FnMut() + use<>> {
        let passing = wire.clone();
        Polled::new(wire.clone(), move || passing.advance(IDLE))
    }

    macro_rules! client {
        ($wire:expr, $connection:expr, $receive:expr) => {
            Client::new(polled(&$wire), $wire.clock(), $connection, $receive)
        };
    }
    macro_rules! replace {
        ($client:expr, $wire:expr) => {{
            $client.reconnect(polled(&$wire));
        }};
    }

    crate::scenarios::scenarios!(client, run, completed);
    crate::breaking_off::breaking_off!(client, run, completed);

    fn clock(wire: &Wire) -> impl FnMut() -> Instant + use<> {
        wire.clock()
    }

    const KEEPALIVES: &[u64] = &[1000, 2000, 3000];

    macro_rules! transport {
        ($wire:expr) => {
            polled(&$wire)
        };
    }

    crate::server_scenarios::server_scenarios!(transport, run, completed);

    mod only_here {
        use owproto_core::client::{Connection, ConnectionError, Resend, Timeout, Timeouts};
        use owproto_core::time::Duration;
        use owproto_embedded::Error;
        use owproto_tests::frames::{done, persistent, value};
        use owproto_tests::peer::{Output, Script};

        use super::*;

        fn millis(millis: u64) -> Duration {
            Duration::from_millis(millis)
        }

        #[test]
        fn deadlines_are_exact() {
            let request = || Script::new().read_request();
            // The script; the inactivity and the total timeout; which of them, after how many milliseconds.
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
            ];
            for (script, inactivity, total, timeout, expected) in table {
                let wire = Wire::new(&script.stall());
                let memory = Connection::<_, _>::new([0; 64], [0; 16]);
                let mut client = client!(wire, memory, [0; 32]);
                client.set_timeouts(
                    Timeouts::NONE.with_inactivity(millis(inactivity)).with_total(millis(total)),
                );
                let before = wire.now();
                let error = ConnectionError::TimedOut(timeout);
                assert_eq!(client.ping(), Err(Error::Connection { error, resend: Resend::Safe }));
                assert_eq!(wire.now().saturating_since(before), millis(expected));
                assert_eq!(client.ping(), Err(Error::Ended));
            }
        }

        #[test]
        fn an_answer_that_has_arrived_counts_even_after_its_deadline() {
            let wire = Wire::new(&Script::new().read_request().pause_ms(1).reply(value(b"1")).stall());
            let passing = wire.clone();
            // The idle function sleeps longer than the server may be silent.
            let transport = Polled::new(wire.clone(), move || passing.advance(5_000_000));
            let mut client =
                Client::new(transport, wire.clock(), Connection::<_, _>::new([0; 64], [0; 16]), [0; 32]);
            assert_eq!(client.read("/a", &mut [0; 4]), Ok(&b"1"[..]));
        }

        #[test]
        fn a_connection_that_was_closed_or_received_bytes_while_idle_is_not_used() {
            let error = Error::Connection { error: ConnectionError::UnexpectedData, resend: Resend::Safe };
            for (unasked, expected) in [(Output::Close, Error::Ended), (Output::Bytes(vec![7]), error)] {
                let wire = Wire::new(&Script::new().answer(done()).stall());
                let mut client = client!(wire, Connection::<_, _>::new([0; 64], [0; 16]), [0; 32]);
                client.ping().unwrap();
                let sent = wire.sent().len();
                wire.receive_unscripted(unasked);
                assert_eq!(client.write("/a", "1"), Err(expected));
                assert_eq!((client.is_open(), wire.sent().len()), (false, sent));
            }
        }
    }
}

/// Transports that stop waiting by themselves.
mod impatient {
    use embedded_io::{ErrorKind, ErrorType, Read, Write};
    use owproto_core::client::{Connection, Resend, Timeouts};
    use owproto_embedded::Error;
    use owproto_embedded::blocking::Client;
    use owproto_tests::peer::Script;

    use crate::wire::Wire;

    /// Gives up each read with an error after 300 ms.
    struct Impatient(Wire, ErrorKind);

    impl ErrorType for Impatient {
        type Error = ErrorKind;
    }

    impl Read for Impatient {
        fn read(&mut self, _buffer: &mut [u8]) -> Result<usize, ErrorKind> {
            self.0.advance(300_000);
            Err(self.1)
        }
    }

    impl Write for Impatient {
        fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> Result<(), ErrorKind> {
            Ok(())
        }
    }

    #[test]
    fn deadlines_are_late_by_at_most_one_read() {
        for kind in [ErrorKind::TimedOut, ErrorKind::Interrupted] {
            let wire = Wire::new(&Script::new().stall());
            let memory = Connection::<_, _>::new([0; 64], [0; 16]);
            let mut client = Client::new(Impatient(wire.clone(), kind), wire.clock(), memory, [0; 32]);
            let before = wire.now();
            assert!(client.ping().unwrap_err().is_timeout());
            assert_eq!(wire.now().saturating_since(before).as_micros(), 2_100_000);
        }
    }

    #[test]
    fn without_a_deadline_a_timeout_of_the_transport_is_an_error() {
        let wire = Wire::new(&Script::new().stall());
        let memory = Connection::<_, _>::new([0; 64], [0; 16]);
        let transport = Impatient(wire.clone(), ErrorKind::TimedOut);
        let mut client = Client::new(transport, wire.clock(), memory, [0; 32]);
        client.set_timeouts(Timeouts::NONE);
        let error = ErrorKind::TimedOut;
        assert_eq!(client.ping(), Err(Error::Transport { error, resend: Resend::Safe }));
    }
}
