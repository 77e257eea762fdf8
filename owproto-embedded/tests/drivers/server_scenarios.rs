//! What all servers promise.

/// The scenarios as tests, for the transport that `transport!(wire)` makes. `$run` evaluates a block
/// in which `$wait` waits for a call. `Server` is the server under test.
macro_rules! server_scenarios {
    ($transport:ident, $run:ident, $wait:ident) => {
        mod server_scenarios {
            use embedded_io::ErrorKind;
            use owproto_core::server::{Connection, End, Persistence};
            use owproto_core::tree::Tree;
            use owproto_core::wire::{Flags, Header, MessageType};
            use owproto_core::{DecodeError, Request, RequestError};
            use owproto_embedded::ServeError;
            use owproto_tests::core_server::{AfterInput, Chunking, CoreConnection, CoreServer};
            use owproto_tests::frames::{persistent, value};
            use owproto_tests::owserver::VECTOR_DEVICES;
            use owproto_tests::peer::Script;
            use owproto_tests::vectors;

            use super::*;
            use crate::services::{Echo, SlowBus};
            use crate::wire::{Wire, sending};

            fn bytes(request: Result<Request<'_>, RequestError>, flags: Flags) -> Vec<u8> {
                let request = request.unwrap().with_flags(flags);
                let mut buffer = vec![0; request.encoded_len()];
                request.encode(&mut buffer).unwrap().to_vec()
            }

            fn kept(path: &str) -> Vec<u8> {
                bytes(Request::read(path), Flags::PERSISTENCE)
            }

            #[test]
            fn every_captured_request_is_answered_as_by_the_core() {
                let setup = format!("owserver --foreground --nozero -p HOST:PORT --tester={VECTOR_DEVICES}");
                let mut compared = 0;
                for vector in vectors::all().iter().filter(|vector| vector.setup == setup) {
                    // A malformed request ends the connection immediately; what follows is not read.
                    let mut core = CoreServer::new(&setup).unwrap();
                    let expected = CoreConnection::new(&core, Chunking::Whole).exchange(
                        &mut core,
                        &vector.request,
                        AfterInput::HalfClose,
                    );
                    for (read_at_most, write_at_most) in [(usize::MAX, usize::MAX), (1, 7)] {
                        let wire = Wire::new(&sending(&vector.request.clone()))
                            .in_pieces(read_at_most, write_at_most);
                        let mut served = CoreServer::new(&setup).unwrap();
                        let connection = Connection::new([0xa5; 24], vec![0xa5; 100_050]);
                        let mut server = Server::new(wire.clock(), connection, [0xa5; 100]);
                        let mut transport = $transport!(wire);
                        let end = $run!(wire, { $wait!(server.serve(&mut transport, &mut served.tree)) });
                        assert_eq!(wire.sent(), expected.bytes, "{} {end:?}", vector.name);
                        assert!(end.is_ok() && wire.is_flushed(), "{} {end:?}", vector.name);
                        if let Some(expected) = expected.end {
                            assert_eq!(end, Ok(expected), "{}", vector.name);
                        }
                    }
                    compared += 1;
                }
                assert!(compared > 200, "{compared}");
            }

            #[test]
            fn pipelined_requests_are_answered_in_order_and_together() {
                let paths = ["/a", "/bc", "/d", "/e", "/f"];
                let requests = paths.map(kept).concat();
                let answers: Vec<u8> = paths.iter().flat_map(|path| persistent(value(path))).collect();
                // Together if all fit, and always in order.
                for (transmit, read_at_most, writes) in
                    [(256, usize::MAX, 1), (60, usize::MAX, 3), (256, 3, 5)]
                {
                    let wire = Wire::new(&sending(&requests.clone()));
                    let wire = wire.in_pieces(read_at_most, usize::MAX);
                    let mut transmit = vec![0xa5; transmit];
                    let connection = Connection::new(&mut transmit[..], [0xa5; 32]);
                    let mut server = Server::new(wire.clock(), connection, [0xa5; 512]);
                    let mut transport = $transport!(wire);
                    let end = $run!(wire, { $wait!(server.serve(&mut transport, Echo)) });
                    assert_eq!(end, Ok(End::ClientClosed));
                    assert_eq!(wire.sent(), answers);
                    assert_eq!(wire.writes().len(), writes, "{transmit:?} {:?}", wire.writes());
                }
            }

            #[test]
            fn the_end_tells_why_the_connection_ended() {
                let read = |flags| bytes(Request::read("/a"), flags);
                let negative = Header { payload: -5, code: 2, ..Header::default() }.to_bytes();
                let table = [
                    // Persistence was not requested: what follows is not read.
                    ([read(Flags::NONE), read(Flags::NONE)].concat(), End::Answered, 26),
                    (read(Flags::PERSISTENCE), End::ClientClosed, 26),
                    (Vec::new(), End::ClientClosed, 0),
                    (read(Flags::NONE)[..20].to_vec(), End::ClientClosed, 0),
                    (negative.to_vec(), End::Malformed(DecodeError::NegativePayload { payload: -5 }), 0),
                    (kept("/close"), End::Closed, 30),
                    // A service whose answer does not fit, and that does not send it in parts.
                    ([kept("/a"), kept("/28.000000000000/28.000000000000")].concat(), End::AnswerAborted, 26),
                ];
                for (request, expected, sent) in table {
                    let wire = Wire::new(&sending(&request));
                    let connection = Connection::new([0xa5; 54], [0xa5; 64]);
                    let mut server = Server::new(wire.clock(), connection, [0xa5; 512]);
                    let mut transport = $transport!(wire);
                    let end = $run!(wire, { $wait!(server.serve(&mut transport, Echo)) });
                    assert_eq!((end, wire.sent().len()), (Ok(expected), sent));
                }
            }

            #[test]
            fn one_server_serves_one_client_after_the_other() {
                let mut transmit = [0xa5; 64];
                let first = Wire::new(&sending(&kept("/abc")[..26]));
                let connection = Connection::new(&mut transmit[..], [0xa5; 32]);
                let mut server = Server::new(first.clock(), connection, [0xa5; 512]);
                let mut transport = $transport!(first);
                // The first client stops within a request.
                let end = $run!(first, { $wait!(server.serve(&mut transport, Echo)) });
                assert_eq!(end, Ok(End::ClientClosed));
                server.connection().set_persistence(Persistence::Refuse);
                for _ in 0..3 {
                    let next = Wire::new(&sending(&[kept("/xy"), kept("/z")].concat()));
                    let mut transport = $transport!(next);
                    let end = $run!(next, { $wait!(server.serve(&mut transport, Echo)) });
                    assert_eq!(end, Ok(End::Answered));
                    assert_eq!(next.sent()[24..], *b"/xy");
                    assert_eq!(Flags(u32::from(next.sent()[15])), Flags::NONE);
                }
            }

            #[test]
            fn an_error_of_the_transport_is_returned_and_ends_the_connection() {
                let wire = Wire::new(&Script::new().reset());
                let connection = Connection::new([0xa5; 64], [0xa5; 32]);
                let mut server = Server::new(wire.clock(), connection, [0xa5; 512]);
                let mut transport = $transport!(wire);
                let end = $run!(wire, { $wait!(server.serve(&mut transport, Echo)) });
                assert_eq!(end, Err(ServeError::Transport(ErrorKind::ConnectionReset)));
                assert_eq!(server.connection().end(), Some(End::TransportFailed));
                // Writing an answer fails.
                let wire = Wire::new(&Script::new().send(kept("/a")).stall()).with_broken_writes();
                let mut transport = $transport!(wire);
                let end = $run!(wire, { $wait!(server.serve(&mut transport, Echo)) });
                assert_eq!(end, Err(ServeError::Transport(ErrorKind::BrokenPipe)));
            }

            #[test]
            fn a_buffer_one_byte_too_small_has_its_own_error() {
                let served = |transmit: usize, receive: usize, at_once: usize, path: &str| {
                    let wire = Wire::new(&sending(&[kept(path), kept("/b")].concat()));
                    let (mut transmit, mut receive) = (vec![0xa5; transmit], vec![0xa5; receive]);
                    let connection = Connection::new(&mut transmit[..], &mut receive[..]);
                    let mut server = Server::new(wire.clock(), connection, vec![0xa5; at_once]);
                    let mut transport = $transport!(wire);
                    let mut tree = Tree::new(SlowBus::new(&wire, 1, 0));
                    let end = $run!(wire, { $wait!(server.serve(&mut transport, &mut tree)) });
                    let mut codes = Vec::new();
                    let mut rest = &wire.sent()[..];
                    while let Some((header, behind)) = rest.split_first_chunk() {
                        let header = Header::from_bytes(header);
                        codes.push(header.code);
                        rest = &behind[header.payload as usize..];
                    }
                    (end, codes)
                };
                let path = "/28.000000000000/temperature";
                // The transmit storage holds a header.
                assert_eq!(served(24, 64, 64, path), (Ok(End::ClientClosed), vec![12, -1]));
                assert_eq!(served(23, 64, 64, path), (Ok(End::TransmitTooSmall), vec![]));
                // The receive storage holds a path and a NUL. If it is too small, only this request is refused.
                assert_eq!(served(64, path.len() + 1, 64, path), (Ok(End::ClientClosed), vec![12, -1]));
                assert_eq!(served(64, path.len(), 64, path), (Ok(End::ClientClosed), vec![-90, -1]));
                // The receive buffer: one byte is enough, none is an error.
                assert_eq!(served(64, 64, 1, path), (Ok(End::ClientClosed), vec![12, -1]));
                assert_eq!(served(64, 64, 0, path), (Err(ServeError::NoReceiveBuffer), vec![]));
            }

            #[test]
            fn a_listing_of_65_kb_is_sent_through_256_bytes() {
                let names: Vec<String> = (0..4000).map(|n| format!("/{}", SlowBus::id(n))).collect();
                for message_type in [MessageType::DIRALL, MessageType::DIR] {
                    let request = match message_type {
                        MessageType::DIR => Request::dir("/"),
                        _ => Request::dirall("/"),
                    };
                    let wire = Wire::new(&sending(&bytes(request, Flags::NONE)));
                    let connection = Connection::new([0xa5; 96], [0xa5; 64]);
                    let mut server = Server::new(wire.clock(), connection, [0xa5; 96]);
                    let size = size_of_val(&server) - size_of_val(&wire.clock());
                    assert!(size <= 256 + 264, "{size} bytes");
                    let mut transport = $transport!(wire);
                    let mut tree = Tree::new(SlowBus::new(&wire, names.len(), 0));
                    let end = $run!(wire, { $wait!(server.serve(&mut transport, &mut tree)) });
                    assert_eq!(end, Ok(End::Answered));
                    let sent = wire.sent();
                    assert!(sent.len() > 65_536);
                    if message_type == MessageType::DIRALL {
                        assert!(sent[24..] == *[names.join(",").as_bytes(), b"\0"].concat());
                    } else {
                        let mut rest = &sent[..];
                        for name in &names {
                            let (entry, behind) = rest.split_at(24 + name.len() + 1);
                            assert_eq!(entry[24..24 + name.len()], *name.as_bytes());
                            rest = behind;
                        }
                        assert_eq!(rest.len(), 24);
                    }
                }
            }

            #[test]
            fn a_slow_value_is_sent_when_it_is_ready() {
                let wire = Wire::new(
                    &Script::new().send(kept("/28.000000000000/temperature")).pause_ms(4000).close(),
                );
                let connection = Connection::new([0xa5; 96], [0xa5; 64]);
                let mut server = Server::new(clock(&wire), connection, [0xa5; 96]);
                let mut transport = $transport!(wire);
                let mut tree = Tree::new(SlowBus::new(&wire, 1, 3_500_000));
                let start = wire.now().as_micros();
                let end = $run!(wire, { $wait!(server.serve(&mut transport, &mut tree)) });
                assert_eq!(end, Ok(End::ClientClosed));
                let writes: Vec<(u64, usize)> =
                    wire.writes().into_iter().map(|(at, len)| ((at - start) / 1000, len)).collect();
                let keepalives = KEEPALIVES.iter().map(|at| (*at, 24));
                let expected: Vec<(u64, usize)> = keepalives.chain([(3500, 36)]).collect();
                assert_eq!(writes, expected);
                assert!(wire.sent().ends_with(b"        21.5"));
            }
        }
    };
}

pub(crate) use server_scenarios;
