//! What all clients promise.

/// The scenarios as tests, for the driver that `client!(wire)` makes. `$run` evaluates a block in
/// which `$wait` waits for a call.
macro_rules! scenarios {
    ($client:ident, $run:ident, $wait:ident) => {
        mod scenarios {
            use embedded_io::ErrorKind;
            use owproto_core::client::{Connection, ConnectionError, Resend, SendError, Timeouts};
            use owproto_core::text::{Value, ValueError, ValueErrorKind, ValueType};
            use owproto_core::time::Duration;
            use owproto_core::wire::{DirectoryFlags, Flags, MessageType, TemperatureScale};
            use owproto_core::{DecodeError, Request, RequestError, ReturnCode, ServerError};
            use owproto_embedded::Error;
            use owproto_embedded::{Plausibility, ReadError, Reading, ReadingError, Sensor, owproto_core};
            use owproto_tests::frames::{done, entries, persistent, reply, server_error, value, written};
            use owproto_tests::peer::Script;
            use owproto_tests::vectors;

            use super::*;
            use crate::wire::Wire;

            fn server_error_of(ret: i32) -> ServerError {
                ServerError::new(ReturnCode::from_ret(ret)).unwrap()
            }

            fn connection() -> Connection<[u8; 96], [u8; 64]> {
                Connection::new([0xa5; 96], [0xa5; 64])
            }

            #[test]
            fn calls_return_the_answers_of_the_server() {
                let wire = Wire::new(
                    &Script::new()
                        .answer(done())
                        .answer(reply(0, &[0; 8]))
                        .answer(server_error(1))
                        .answer(value(b"        21.5"))
                        .answer(value(b"DS18S20"))
                        .answer(written(3))
                        .answer(server_error(22))
                        .stall(),
                );
                let mut client = $client!(wire, connection(), [0xa5; 32]);
                $run!(wire, {
                    $wait!(client.ping()).unwrap();
                    assert!($wait!(client.present("/10.67C6697351FF")).unwrap());
                    assert!(!$wait!(client.present("/10.000000000000")).unwrap());
                    let mut buffer = [0xa5; 16];
                    let path = "/10.67C6697351FF/temperature";
                    let value = $wait!(client.read_value(path, ValueType::Temperature, &mut buffer));
                    assert_eq!(value, Ok(Value::Float(21.5)));
                    assert_eq!(
                        $wait!(client.read("/10.67C6697351FF/type", &mut buffer)),
                        Ok(&b"DS18S20"[..])
                    );
                    assert_eq!($wait!(client.write("/10.67C6697351FF/alias", "abc")), Ok(3));
                    let error = $wait!(client.write("/10.67C6697351FF/temphigh", "x")).unwrap_err();
                    assert_eq!(error, Error::Server(server_error_of(-22)));
                    assert!(client.is_open() && !error.is_safe_to_retry());
                });
                assert!(wire.is_flushed());
            }

            #[test]
            fn every_call_sends_the_flags_and_requests_persistence() {
                let wire =
                    Wire::new(&Script::new().answer(value(b"1")).answer(value(b"1")).answer(done()).stall());
                let kelvin = Flags::NONE.with_temperature_scale(TemperatureScale::Kelvin);
                let mut client = $client!(wire, connection(), [0xa5; 32]).with_flags(kelvin);
                $run!(wire, {
                    $wait!(client.read("/a", &mut [0; 4])).unwrap();
                    $wait!(client.read_many(["/b"], |_, value| assert!(value.is_ok()))).unwrap();
                    $wait!(client.dir("/", |_| ())).unwrap();
                });
                let mut sent = &wire.sent()[..];
                let mut requests = owproto_core::RequestParser::new([0; 64]);
                for _ in 0..3 {
                    let owproto_core::RequestEvent::Request(request) = requests.parse(&mut sent).unwrap()
                    else {
                        panic!()
                    };
                    assert_eq!(request.header.flags, kelvin | Flags::PERSISTENCE);
                }
            }

            #[test]
            fn every_captured_exchange_is_answered_byte_by_byte() {
                let mut driven = 0;
                for vector in vectors::all() {
                    let (true, [wanted], Some(last)) =
                        (vector.request_is_whole(), &vector.requests[..], vector.final_reply())
                    else {
                        continue;
                    };
                    if wanted.payload > 100_000 || wanted.payload < 0 {
                        continue;
                    }
                    driven += 1;
                    let bytes = vector.request.clone();
                    let mut parser = owproto_core::RequestParser::new(Vec::new());
                    let owproto_core::RequestEvent::Request(frame) = parser.parse(&mut &bytes[..]).unwrap()
                    else {
                        panic!()
                    };
                    let request = frame.to_request().unwrap();
                    let wire = Wire::new(&Script::new().read_request().send(vector.reply.clone()).close())
                        .in_pieces(1, 7);
                    let memory = Connection::<_, _>::new(vec![0; bytes.len()], vec![0; 100_050]);
                    let mut client = $client!(wire, memory.with_payload_limit(100_050), [0xa5; 64]);
                    let mut entries = 0;
                    let answer = $run!(wire, {
                        $wait!(client.exchange(
                            &request,
                            |some| entries += some.count(),
                            |reply| (reply.ret(), reply.offset(), reply.payload().len()),
                        ))
                    });
                    let is_list = [MessageType::DIRALL, MessageType::DIRALLSLASH]
                        .contains(&MessageType(wanted.message_type));
                    let payload = if is_list { 0 } else { last.payload_bytes.len() };
                    assert_eq!(answer, Ok((last.ret, last.offset, payload)), "{}", vector.name);
                    let (frames, list) = match is_list {
                        true => (
                            0,
                            last.payload_bytes.split(|&byte| byte == b',').filter(|e| *e != b"\0").count(),
                        ),
                        false => (vector.replies.iter().filter(|frame| !frame.is_keepalive()).count() - 1, 0),
                    };
                    if !vector.name.contains("alias") && last.ret >= 0 && !last.payload_bytes.is_empty() {
                        assert_eq!(entries, frames + list, "{}", vector.name);
                    }
                    assert_eq!(wire.sent(), bytes, "{}", vector.name);
                    assert_eq!(wire.received(), vector.reply.len(), "{}", vector.name);
                }
                assert!(driven > 440, "{driven}");
            }

            #[test]
            fn a_listing_of_65_kb_passes_through_256_bytes() {
                let names: Vec<String> = (0..3900).map(|n| format!("/10.{n:012X}")).collect();
                let list = names.join(",");
                assert!(list.len() > 65_536);
                for at_once in [1, 7, usize::MAX] {
                    let wire = Wire::new(&Script::new().answer(reply(0, list.as_bytes())).stall())
                        .in_pieces(at_once, usize::MAX);
                    // 256 bytes of buffers, and the rest of the client on a 64-bit machine.
                    let small = Connection::<_, _>::new([0xa5; 96], [0xa5; 32]);
                    let mut client = $client!(wire, small, [0xa5; 128]);
                    let given = size_of_val(client.transport()) + size_of_val(&wire.clock());
                    assert!(
                        size_of_val(&client) - given <= 256 + 248,
                        "{} bytes",
                        size_of_val(&client) - given
                    );
                    let mut listed = Vec::new();
                    let flags = $run!(wire, {
                        $wait!(
                            client.dir("/", |entry| listed.push(String::from_utf8(entry.to_vec()).unwrap()))
                        )
                    });
                    assert_eq!(flags, Ok(DirectoryFlags::default()));
                    assert!(listed == names, "{} entries", listed.len());
                }
            }

            #[test]
            fn a_buffer_one_byte_too_small_is_an_error_before_anything_is_sent_or_lost() {
                // The request: 24 bytes, the path and a NUL.
                for (transmit, expected) in [(24 + 2 + 1, true), (24 + 2, false)] {
                    let wire = Wire::new(&Script::new().answer(value(b"1")).stall());
                    let mut transmit = vec![0; transmit];
                    let mut client =
                        $client!(wire, Connection::<_, _>::new(&mut transmit[..], [0; 8]), [0; 32]);
                    let mut buffer = [0; 4];
                    let result = $run!(wire, { $wait!(client.read("/a", &mut buffer)) });
                    let too_small = SendError::BufferFull { needed: 27, available: 26 };
                    assert_eq!(result, if expected { Ok(&b"1"[..]) } else { Err(Error::Send(too_small)) });
                    assert!(client.is_open() && wire.sent().is_empty() != expected);
                }
                // The value.
                for (room, expected) in [(12, true), (11, false)] {
                    let wire = Wire::new(&Script::new().answer(value(b"        21.5")).stall());
                    let mut room = vec![0; room];
                    let mut client = $client!(wire, Connection::<_, _>::new([0; 64], &mut room[..]), [0; 64]);
                    let mut buffer = [0; 16];
                    let result = $run!(wire, { $wait!(client.read("/a", &mut buffer)) });
                    let error = DecodeError::StorageTooSmall { announced: 12, capacity: 11 };
                    let failure = Error::Connection { error: error.into(), resend: Resend::Safe };
                    assert_eq!(result, if expected { Ok(&b"        21.5"[..]) } else { Err(failure) });
                }
                // The receive buffer.
                let wire = Wire::new(&Script::new().stall());
                let mut client = $client!(wire, connection(), [0; 0]);
                let result = $run!(wire, { $wait!(client.ping()) });
                assert_eq!(
                    result,
                    Err(Error::Request(RequestError::BufferTooSmall { needed: 1, available: 0 }))
                );
                // The caller's buffer, if the server sends more than was requested.
                let wire = Wire::new(&Script::new().answer(value(b"12345")).stall());
                let mut client = $client!(wire, connection(), [0; 64]);
                let result = $run!(wire, { $wait!(client.read("/a", &mut [0; 4])).map(<[u8]>::len) });
                assert_eq!(result, Err(Error::TooLong { len: 5, capacity: 4 }));
                assert!(client.is_open());
            }

            #[test]
            fn keepalives_prolong_the_inactivity_timeout() {
                let mut script = Script::new().read_request();
                for _ in 0..30 {
                    script = script.pause_ms(1000).keepalive();
                }
                let wire = Wire::new(&script.pause_ms(999).reply(value(b"85")).stall());
                let mut client = $client!(wire, connection(), [0xa5; 32]);
                let before = wire.now();
                let mut buffer = [0; 4];
                assert_eq!($run!(wire, { $wait!(client.read("/slow", &mut buffer)) }), Ok(&b"85"[..]));
                let took = wire.now().saturating_since(before).as_micros();
                assert!((30_999_000..=30_999_999).contains(&took), "{took}");
            }

            #[test]
            fn keepalives_do_not_prolong_the_total_timeout() {
                let mut script = Script::new().read_request();
                for _ in 0..30 {
                    script = script.pause_ms(1000).keepalive();
                }
                let wire = Wire::new(&script.stall());
                let mut client = $client!(wire, connection(), [0xa5; 32]);
                let total = Duration::from_millis(2500);
                client.set_timeouts(Timeouts::DEFAULT.with_total(total));
                let before = wire.now();
                let error = $run!(wire, { $wait!(client.ping()) }).unwrap_err();
                assert!(error.is_timeout() && error.is_safe_to_retry());
                let late = wire.now().saturating_since(before).as_micros() - total.as_micros();
                assert!(late <= LATE, "{late} µs late");
            }

            #[test]
            fn dir_replaces_dirall_where_that_is_refused_and_the_client_remembers_it() {
                let listing = entries(&["/10.67C6697351FF", "/a,b"]);
                let wire = Wire::new(
                    &Script::new()
                        .answer(server_error(42))
                        .answer(&listing)
                        .answer(&listing)
                        .answer(server_error(1))
                        .stall(),
                );
                let mut client = $client!(wire, connection(), [0xa5; 32]);
                $run!(wire, {
                    for _ in 0..2 {
                        let mut listed = Vec::new();
                        $wait!(client.dir("/", |entry| listed.push(entry.to_vec()))).unwrap();
                        assert_eq!(listed, [&b"/10.67C6697351FF"[..], b"/a,b"]);
                    }
                    let error = $wait!(client.dir("/none", |_| panic!("an entry"))).unwrap_err();
                    assert_eq!(error.server_error(), Some(server_error_of(-1)));
                });
                let types: Vec<u8> = wire.sent().chunks(26).map(|request| request[11]).take(3).collect();
                assert_eq!(types, [7, 4, 4]);
            }

            #[test]
            fn dir_replaces_dirall_where_a_comma_list_would_be_ambiguous() {
                let wire = Wire::new(&Script::new().answer(entries(&["/a,/type"])).stall());
                let mut client = $client!(wire, connection(), [0xa5; 32]);
                $run!(wire, {
                    let mut listed = Vec::new();
                    $wait!(client.dir("/a,", |entry| listed.push(entry.to_vec()))).unwrap();
                    assert_eq!(listed, [b"/a,/type"]);
                });
                assert_eq!(wire.sent()[11], 4);
            }

            #[test]
            fn many_values_arrive_in_order_and_an_error_belongs_to_its_path() {
                let script = Script::new()
                    .answer(value(b"0"))
                    .answer(value(b"1"))
                    .answer(server_error(1))
                    .answer(value(b"3"))
                    .answer(value(b"4"))
                    .answer(value(b"5"));
                let wire = Wire::new(&script.stall()).in_pieces(5, 9);
                let memory = Connection::<_, _, 3>::new([0xa5; 96], [0xa5; 16]);
                let mut client = $client!(wire, memory, [0xa5; 32]);
                let long = "/".repeat(90);
                let paths = ["/0", "/1", "/\0", "/2", "/3", &long, &long, "/4", "/5"];
                let mut values = Vec::new();
                $run!(wire, {
                    $wait!(client.read_many(paths, |number, value| {
                        assert_eq!(number, values.len());
                        values.push(value.map(<[u8]>::to_vec));
                    }))
                })
                .unwrap();
                let too_long = ReadError::Send(SendError::BufferFull { needed: 115, available: 96 });
                assert_eq!(
                    values,
                    [
                        Ok(b"0".to_vec()),
                        Ok(b"1".to_vec()),
                        Err(ReadError::Request(RequestError::PathContainsNul { at: 1 })),
                        Err(ReadError::Server(server_error_of(-1))),
                        Ok(b"3".to_vec()),
                        Err(too_long),
                        Err(too_long),
                        Ok(b"4".to_vec()),
                        Ok(b"5".to_vec()),
                    ]
                );
                assert!(client.is_open());
                $run!(wire, { $wait!(client.read_many([""; 0], |_, _| panic!("nothing was requested"))) })
                    .unwrap();
            }

            #[test]
            fn each_sensor_gives_a_typed_reading_or_an_error() {
                let answers =
                    [&b"          85"[..], b"         185", b"        21.5", b"1", b"warm", b"", b"185"];
                let script =
                    answers.into_iter().fold(Script::new(), |script, bytes| script.answer(value(bytes)));
                let wire = Wire::new(&script.answer(server_error(1)).stall());
                let memory = Connection::<_, _, 8>::new([0xa5; 512], [0xa5; 16]);
                let fahrenheit = Flags::NONE.with_temperature_scale(TemperatureScale::Fahrenheit);
                let mut client = $client!(wire, memory, [0xa5; 64]).with_flags(fahrenheit);
                let temperature = Sensor::temperature("/28.000028D70100/temperature");
                let sensors = [
                    temperature,
                    temperature,
                    temperature,
                    Sensor::new("/29.000029D60500/PIO.0", ValueType::YesNo),
                    temperature,
                    temperature,
                    Sensor::temperature("/26.000026D90200/temperature"),
                    Sensor::temperature("/a\0b"),
                    Sensor::temperature("/none"),
                ];
                let mut readings = Vec::new();
                $run!(wire, {
                    $wait!(client.read_sensors(&sensors, |number, reading| {
                        assert_eq!(number, readings.len());
                        readings.push(match reading {
                            Ok(Reading { value: Value::Float(value), plausibility, .. }) => {
                                Ok((value, plausibility))
                            }
                            Ok(Reading { value, plausibility, .. }) => {
                                Ok((f64::from(u8::from(value.as_bool().unwrap())), plausibility))
                            }
                            Err(error) => Err(error),
                        });
                    }))
                })
                .unwrap();
                let value = |position, kind| Err(ReadingError::Value(ValueError { position, kind }));
                assert_eq!(
                    readings,
                    [
                        Ok((85.0, Plausibility::Measured)),
                        Ok((185.0, Plausibility::PowerOnValue)),
                        Ok((21.5, Plausibility::Measured)),
                        Ok((1.0, Plausibility::Measured)),
                        value(0, ValueErrorKind::Syntax),
                        value(0, ValueErrorKind::Empty),
                        Ok((185.0, Plausibility::Measured)),
                        Err(ReadingError::Request(RequestError::PathContainsNul { at: 2 })),
                        Err(ReadingError::Server(server_error_of(-1))),
                    ]
                );
                // The first alone, on a new connection; all others together.
                let len = |path: &str| 24 + path.len() + 1;
                let writes: Vec<usize> = wire.writes().iter().map(|(_, len)| *len).collect();
                assert_eq!(writes[0], len("/28.000028D70100/temperature"));
                assert!(writes.len() <= 4, "{writes:?}");
                assert!(client.is_open());
            }

            #[test]
            fn up_to_depth_reads_are_in_flight() {
                // The first is answered, and no other.
                let script = Script::new().answer(value(b"1"));
                let script = (0..4).fold(script, |script, _| script.read_request());
                let wire = Wire::new(&script.close());
                let memory = Connection::<_, _, 4>::new([0xa5; 256], [0xa5; 16]);
                let mut client = $client!(wire, memory, [0xa5; 32]);
                let mut values = 0;
                let result = $run!(wire, { $wait!(client.read_many(["/a"; 9], |_, _| values += 1)) });
                let error = ConnectionError::Stale;
                assert_eq!(result, Err(Error::Connection { error, resend: Resend::Safe }));
                assert_eq!((values, wire.sent().len()), (1, 5 * 27));
            }

            #[test]
            fn the_loss_of_the_last_of_many_reads_is_an_error() {
                let wire = Wire::new(&Script::new().answer(value(b"1")).read_request().close());
                let memory = Connection::<_, _, 2>::new([0xa5; 96], [0xa5; 16]);
                let mut client = $client!(wire, memory, [0xa5; 32]);
                let mut values = 0;
                let result = $run!(wire, { $wait!(client.read_many(["/a"; 3], |_, _| values += 1)) });
                let error = ConnectionError::Stale;
                assert_eq!(result, Err(Error::Connection { error, resend: Resend::Safe }));
                assert_eq!(values, 1);
            }

            #[test]
            fn a_connection_that_is_not_kept_ends_after_its_answer() {
                let wire = Wire::new(&Script::new().read_request().reply_nonpersistent(value(b"1")).close());
                let mut client = $client!(wire, connection(), [0xa5; 32]);
                $run!(wire, {
                    assert_eq!($wait!(client.read("/a", &mut [0; 4])), Ok(&b"1"[..]));
                    assert!(!client.is_open());
                    assert_eq!($wait!(client.ping()), Err(Error::Ended));
                    assert_eq!($wait!(client.read_many(["/a"], |_, _| ())), Err(Error::Ended));
                });
                assert!(Error::<ErrorKind>::Ended.is_safe_to_retry());
                let next = Wire::new(&Script::new().answer(done()).stall());
                replace!(client, next);
                $run!(next, { $wait!(client.ping()) }).unwrap();
            }

            #[test]
            fn a_lost_connection_reports_what_may_be_sent_again() {
                let request = || Script::new().read_request();
                type Row = (Script, ConnectionError);
                let table: [Row; 3] = [
                    (request().close(), ConnectionError::Closed),
                    (request().send(&persistent(value(b"1"))[..20]).close(), ConnectionError::Truncated),
                    (request().send(b"HTTP/1.1 400 Bad Request").stall(), {
                        let version = owproto_core::wire::Version(i32::from_be_bytes(*b"HTTP"));
                        ConnectionError::Decode(DecodeError::UnexpectedVersion { version })
                    }),
                ];
                for (script, error) in table {
                    let wire = Wire::new(&script.clone());
                    let mut client = $client!(wire, connection(), [0xa5; 32]);
                    let read = $run!(wire, { $wait!(client.read("/a", &mut [0; 4])).map(<[u8]>::len) });
                    assert_eq!(read, Err(Error::Connection { error, resend: Resend::Safe }));
                    assert_eq!($run!(wire, { $wait!(client.ping()) }), Err(Error::Ended));
                    let wire = Wire::new(&script);
                    let mut client = $client!(wire, connection(), [0xa5; 32]);
                    let written = $run!(wire, { $wait!(client.write("/a", "1")) });
                    assert_eq!(written, Err(Error::Connection { error, resend: Resend::MayHappenTwice }));
                    assert!(!written.unwrap_err().is_safe_to_retry());
                }
            }

            #[test]
            fn an_error_of_the_transport_is_returned() {
                let wire = Wire::new(&Script::new().read_request().reset());
                let mut client = $client!(wire, connection(), [0xa5; 32]);
                let result = $run!(wire, { $wait!(client.ping()) });
                let error = ErrorKind::ConnectionReset;
                assert_eq!(result, Err(Error::Transport { error, resend: Resend::Safe }));
                assert!(!client.is_open());
            }

            #[test]
            fn unexpected_bytes_after_an_answer_end_the_connection_after_it() {
                let wire = Wire::new(&Script::new().answer([value(b"1"), value(b"2")]).stall());
                let mut client = $client!(wire, connection(), [0xa5; 64]);
                $run!(wire, {
                    assert_eq!($wait!(client.read("/a", &mut [0; 4])), Ok(&b"1"[..]));
                    assert_eq!($wait!(client.read("/b", &mut [0; 4])), Err(Error::Ended));
                });
            }

            #[test]
            fn an_exchange_sends_its_request_unchanged() {
                let wire = Wire::new(&Script::new().answer(server_error(42)).stall());
                let mut client = $client!(wire, connection(), [0xa5; 64]);
                let request = Request::raw(MessageType(77), b"abc").unwrap().with_raw_size(-5);
                let ret = $run!(wire, { $wait!(client.exchange(&request, |_| (), |reply| reply.ret())) });
                assert_eq!(ret, Ok(-42));
                let mut buffer = [0; 64];
                assert_eq!(wire.sent(), request.encode(&mut buffer).unwrap());
            }
        }
    };
}

pub(crate) use scenarios;
