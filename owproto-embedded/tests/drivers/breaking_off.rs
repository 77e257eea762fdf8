//! Answers that break off, arrive too late or are wrong, at every byte, for drivers that keep deadlines.

/// The tests, for the driver that `client!(wire)` makes. `LATE` is by how many microseconds it may miss a deadline.
macro_rules! breaking_off {
    ($client:ident, $run:ident, $wait:ident) => {
        mod breaking_off {
            use embedded_io::ErrorKind;
            use owproto_core::client::{Connection, ConnectionError, Timeout, Timeouts};
            use owproto_core::time::Duration;
            use owproto_embedded::Error;
            use owproto_tests::frames::{keepalive, list, persistent, rom_id, value, written};
            use owproto_tests::peer::Script;

            use super::*;
            use crate::wire::Wire;

            const INACTIVITY: u64 = 2_000_000;
            const TOTAL: u64 = 3_000_000;

            #[derive(Clone, Copy, Debug)]
            enum Call {
                Read,
                Write,
                Dir,
                Present,
                ReadMany,
            }

            fn answers() -> [(Call, Vec<u8>); 5] {
                [
                    (Call::Read, persistent([keepalive(), value("21.5")])),
                    (Call::Write, persistent(written(2))),
                    (Call::Dir, persistent(list("/10.67C6697351FF,/28.67C6697351FF"))),
                    (Call::Present, persistent(rom_id([1, 2, 3, 4, 5, 6, 7, 8]))),
                    (Call::ReadMany, persistent(value("21.5"))),
                ]
            }

            /// The error of a call, and how long it took. Checks that the next call gets its own answer.
            fn answered(call: Call, script: Script, total: u64) -> (Option<Error<ErrorKind>>, u64) {
                let wire = Wire::new(&script.stall());
                let timeouts = Timeouts::NONE
                    .with_inactivity(Duration::from_micros(INACTIVITY))
                    .with_total(Duration::from_micros(total));
                let connection: Connection<_, _> =
                    Connection::new([0xa5; 96], [0xa5; 64]).with_timeouts(timeouts);
                let mut client = $client!(wire, connection, [0xa5; 32]);
                let start = wire.now();
                let mut buffer = [0xa5; 64];
                let result = $run!(wire, {
                    match call {
                        Call::Read => $wait!(client.read("/a", &mut buffer)).map(|_| ()),
                        Call::Write => $wait!(client.write("/a", "21")).map(|_| ()),
                        Call::Dir => $wait!(client.dir("/", |_| ())).map(|_| ()),
                        Call::Present => $wait!(client.present("/a")).map(|_| ()),
                        Call::ReadMany => $wait!(client.read_many(["/a"], |_, _| ())),
                    }
                });
                let took = wire.now().saturating_since(start).as_micros();
                let next = wire.beside(&Script::new().answer(value(b"next")).stall());
                replace!(client, next);
                let value = $run!(next, { $wait!(client.read("/next", &mut buffer)).map(<[u8]>::to_vec) });
                assert_eq!(value, Ok(b"next".to_vec()));
                (result.err(), took)
            }

            fn timed_out(error: Option<Error<ErrorKind>>) -> Option<Timeout> {
                match error {
                    Some(Error::Connection { error: ConnectionError::TimedOut(timeout), .. }) => {
                        Some(timeout)
                    }
                    None => None,
                    error => panic!("{error:?}"),
                }
            }

            #[test]
            fn silence_from_any_byte_on_ends_in_exactly_the_inactivity_timeout() {
                for (call, bytes) in answers() {
                    for at in 0..bytes.len() {
                        let begins = || Script::new().read_request().send(&bytes[..at]);
                        let late = begins().pause_ms(INACTIVITY / 1000 + 1).send(&bytes[at..]);
                        for script in [begins(), late] {
                            let (error, took) = answered(call, script, 0);
                            assert_eq!(timed_out(error), Some(Timeout::Inactivity), "{call:?} at {at}");
                            assert!(
                                (INACTIVITY..=INACTIVITY + LATE).contains(&took),
                                "{call:?} at {at}: {took}"
                            );
                        }
                    }
                }
            }

            #[test]
            fn an_answer_byte_by_byte_ends_in_exactly_the_total_timeout() {
                for (call, bytes) in answers() {
                    for at in 0..bytes.len() {
                        let begins = Script::new().read_request().send(&bytes[..at]);
                        let drops = bytes[at..]
                            .iter()
                            .fold(begins, |script, byte| script.pause_ms(400).send([*byte]));
                        let needed = 400_000 * (bytes.len() - at) as u64;
                        let (error, took) = answered(call, drops, TOTAL);
                        let expected = (needed > TOTAL).then_some(Timeout::Total);
                        assert_eq!(timed_out(error), expected, "{call:?} at {at}");
                        let exact = needed.min(TOTAL);
                        assert!((exact..=exact + LATE).contains(&took), "{call:?} at {at}: {took}");
                    }
                }
            }

            #[test]
            fn an_answer_with_any_byte_changed_ends_within_the_inactivity_timeout() {
                let mut errors = 0;
                for (call, bytes) in answers() {
                    for at in 0..bytes.len() {
                        for change in [0x01, 0x10, 0x80, 0xff] {
                            let mut changed = bytes.clone();
                            changed[at] ^= change;
                            let script = Script::new().read_request().send(&changed);
                            let (error, took) = answered(call, script, 0);
                            assert!(took <= INACTIVITY + LATE, "{call:?} at {at}: {took}");
                            errors += usize::from(error.is_some());
                        }
                    }
                }
                assert!(errors > 100, "{errors}");
            }
        }
    };
}

pub(crate) use breaking_off;
