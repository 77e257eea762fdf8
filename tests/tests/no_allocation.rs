//! The core allocates nothing: not for a request, not for a reply of any form, not for a whole exchange.
//!
//! The tests use the captured exchanges. What they need for themselves they allocate before they count.

use allocation_counter::measure;
use owproto_core::client::{Connection, Event, Step};
use owproto_core::codec::{Decoder, Frame};
use owproto_core::time::Instant;
use owproto_core::wire::{Flags, Header, Tokens};
use owproto_core::{ReplyEvent, ReplyParser, Request, RequestEvent, RequestParser};
use owproto_tests::vectors;

/// Runs `work`, checks that it allocates nothing, and returns its result: how much it did.
fn without_allocation(work: impl FnOnce() -> usize) -> usize {
    let mut done = 0;
    let info = measure(|| done = work());
    assert_eq!(info.count_total, 0, "{} bytes were allocated", info.bytes_total);
    done
}

#[test]
#[should_panic(expected = "1000 bytes were allocated")]
fn the_counter_counts_an_allocation() {
    without_allocation(|| std::hint::black_box(Vec::<u8>::with_capacity(1000)).capacity());
}

#[test]
fn making_and_encoding_requests_allocates_nothing() {
    let tokens = [[7; 16]; 3];
    let mut buffer = [0; 256];
    let mut header = [0; 24];
    let made = without_allocation(|| {
        let path = "/28.000028D70100/temperature";
        let requests = [
            Ok(Request::nop()),
            Request::read(path).and_then(|request| request.with_size(100)),
            Request::write(path, "12.5").and_then(|request| request.with_offset(1)),
            Request::dir(path),
            Request::presence(path),
            Request::dirall(path),
            Request::dirallslash(path),
            Request::get(path),
            Request::getslash(path),
        ];
        let mut made = 0;
        for request in requests {
            let request = request.unwrap().with_flags(Flags::PERSISTENCE);
            let request = request.with_tokens(Tokens::new(&tokens).unwrap()).unwrap();
            let len = request.encode(&mut buffer).unwrap().len();
            assert_eq!(request.parts(&mut header).iter().map(|part| part.len()).sum::<usize>(), len);
            made += 1;
        }
        assert!(Request::read("/a\0").is_err());
        assert!(Request::nop().encode(&mut header[..5]).is_err());
        made
    });
    assert_eq!(made, 9);
}

#[test]
fn parsing_replies_allocates_nothing() {
    let vectors = vectors::all();
    let mut storage = vec![0; 40_000];
    let mut ready = heapless::Vec::<u8, 1024>::new();
    for size in [1, 7, 30, usize::MAX] {
        let replies = without_allocation(|| {
            let mut parser = ReplyParser::new(&mut storage[..]);
            let mut replies = 0;
            for vector in vectors {
                for piece in vector.reply.chunks(size) {
                    let mut input = piece;
                    loop {
                        match parser.parse(&mut input).unwrap() {
                            ReplyEvent::NeedMore(_) => break,
                            ReplyEvent::Keepalive => {}
                            ReplyEvent::Reply(reply) => {
                                let _ = (reply.data(), reply.entries().count(), reply.into_result().is_ok());
                                replies += 1;
                            }
                        }
                    }
                }
            }
            replies
        });
        assert_eq!(replies, 657 - 19);
        let frames = without_allocation(|| {
            let mut decoder = Decoder::replies();
            let mut frames = 0;
            for piece in vectors.iter().flat_map(|vector| vector.reply.chunks(size)) {
                let mut input = piece;
                loop {
                    match decoder.decode(&mut input).unwrap() {
                        Frame::NeedMore(_) => break,
                        Frame::End | Frame::Keepalive => frames += 1,
                        _ => {}
                    }
                }
            }
            frames
        });
        assert_eq!(frames, 657);
    }
    // With storage of heapless too.
    let reply = &vectors::named("dirallslash_structure").reply;
    let parsed = without_allocation(|| {
        let mut parser = ReplyParser::new(std::mem::take(&mut ready));
        reply
            .chunks(5)
            .filter(|piece| matches!(parser.parse(&mut &piece[..]), Ok(ReplyEvent::Reply(_))))
            .count()
    });
    assert_eq!(parsed, 1);
}

#[test]
fn parsing_requests_allocates_nothing() {
    let vectors = vectors::all();
    let mut storage = vec![0; 100_050];
    for size in [1, 30, usize::MAX] {
        let requests = without_allocation(|| {
            let mut requests = 0;
            for vector in vectors {
                let mut parser = RequestParser::new(&mut storage[..]);
                for piece in vector.request.chunks(size) {
                    let mut input = piece;
                    while let Ok(RequestEvent::Request(request)) = parser.parse(&mut input) {
                        let _ = (request.path(), request.data(), request.to_request());
                        requests += 1;
                    }
                }
            }
            requests
        });
        assert_eq!(requests, 463);
    }
}

#[test]
fn errors_allocate_nothing() {
    let done = without_allocation(|| {
        let odd = Header { payload: 100_000, ..Header::default() }.to_bytes();
        let mut connection: Connection<_, _> = Connection::new([0; 64], [0; 8]);
        connection.request(&Request::nop(), Instant::ZERO).unwrap();
        connection.handle_transmitted(24, Instant::ZERO);
        let error = connection.handle_input(&mut &odd[..], Instant::ZERO).unwrap_err();
        assert!(std::error::Error::source(&error).is_some());
        usize::from(connection.poll_lost().is_some())
    });
    assert_eq!(done, 1);
}

/// All captured sessions, each on a persistent connection: values, both forms of listings, keepalives, writes.
#[test]
fn whole_exchanges_allocate_nothing() {
    let sessions = vectors::sessions();
    let mut replies = 0;
    let mut entries = 0;
    for session in &sessions {
        let requests: Vec<(&[u8], Header)> = session
            .steps
            .iter()
            .map(|step| {
                (
                    &step.requests[0].payload_bytes[..],
                    Header::from_bytes(step.request[..24].try_into().unwrap()),
                )
            })
            .collect();
        for size in [1, 30, usize::MAX] {
            replies += without_allocation(|| {
                let mut connection: Connection<_, _, 2> = Connection::new([0; 256], [0; 512]);
                let mut replies = 0;
                for (step, (payload, header)) in session.steps.iter().zip(&requests) {
                    let request = Request::raw(header.message_type(), payload)
                        .unwrap()
                        .with_flags(header.flags)
                        .with_raw_size(header.size);
                    connection.request(&request, Instant::ZERO).unwrap();
                    while connection.step() == Step::Write {
                        let n = connection.poll_transmit().len();
                        connection.handle_transmitted(n, Instant::ZERO);
                    }
                    for piece in step.reply.chunks(size) {
                        let mut input = piece;
                        loop {
                            match connection.handle_input(&mut input, Instant::ZERO).unwrap() {
                                Event::NeedMore(_) => break,
                                Event::Keepalive => {}
                                Event::Entries(_, some) => entries += some.count(),
                                Event::Reply(_, reply) => {
                                    assert_eq!(reply.ret(), step.replies.last().unwrap().ret);
                                    replies += 1;
                                }
                            }
                        }
                    }
                    connection.handle_timeout(Instant::ZERO).unwrap();
                }
                connection.reset();
                replies
            });
        }
    }
    assert_eq!(replies, 57 * 3);
    assert_eq!(entries, 27 * 3);
}
