//! Whole exchanges with the client connection.

use owproto_core::client::{
    Connection, ConnectionError, Event, Lost, Resend, SendError, Step, Timeout, Timeouts,
};
use owproto_core::time::{Duration, Instant};
use owproto_core::wire::{Flags, Header, MessageType, Version};
use owproto_core::{DecodeError, Request, RequestEvent, RequestParser};
use owproto_tests::splits::{for_every_split, frame_boundaries};
use owproto_tests::vectors::{self, Reply, Vector};

use crate::{REFUSED_AT_HEADER, WITHOUT_HEADER, refusal, reply_header, with_whole_requests};

const NOW: Instant = Instant::from_millis(1);

/// What a caller of the connection sees, one directory entry at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Seen {
    Keepalive,
    Entry(Vec<u8>),
    Reply(Header, Vec<u8>),
}

/// How many exchanges ended in which way.
#[derive(Default, PartialEq, Eq, Debug)]
struct Outcomes {
    good: usize,
    server_error: usize,
    closed: usize,
    kept: usize,
    ended: usize,
    keepalives: usize,
    entries: usize,
}

#[test]
fn every_exchange_gives_the_captured_result() {
    let mut outcomes = Outcomes::default();
    let mut driven = 0;
    for vector in with_whole_requests() {
        if vector.requests.len() > 1 {
            // A new connection sends only the first of several requests: see `pipelined_requests_are_answered_in_order`.
            assert_eq!(vector.name, "persistent_pipelined");
            continue;
        }
        driven += 1;
        with_requests(&vector.request, |requests| drive(vector, &requests[0], &mut outcomes));
    }
    assert_eq!(driven, vectors::COUNT - WITHOUT_HEADER.len() - REFUSED_AT_HEADER.len() - 1);
    assert_eq!(
        outcomes,
        Outcomes {
            good: 344,
            server_error: 109,
            closed: 7,
            kept: 90,
            ended: 363,
            keepalives: 19,
            entries: 1270
        }
    );
}

/// No builder makes these requests, so a request of the same message type without a path is sent: the reply, or the close
/// instead of it, is the captured one.
#[test]
fn exchanges_with_malformed_requests_give_the_captured_result() {
    let mut outcomes = Outcomes::default();
    for (name, _) in REFUSED_AT_HEADER {
        let vector = vectors::named(name);
        let wanted = &vector.requests[0];
        let request = Request::raw(MessageType(wanted.message_type), b"").unwrap();
        drive(vector, &request.with_flags(Flags(wanted.flags)), &mut outcomes);
    }
    assert_eq!(outcomes, Outcomes { server_error: 1, ended: 1, closed: 8, ..Outcomes::default() });
    // Less than a header was sent: the server waited for the rest, so resending even a write would be safe.
    for name in WITHOUT_HEADER {
        let vector = vectors::named(name);
        assert!(vector.closed_by_server && vector.reply.is_empty());
        let mut connection = Connection::<_, _, 1>::new([0xa5; 64], [0xa5; 64]);
        let id = connection.request(&Request::write("/a", "b").unwrap(), NOW).unwrap();
        connection.handle_transmitted(vector.request.len(), NOW);
        assert_eq!(connection.step(), Step::Write);
        assert_eq!(connection.handle_eof(), Err(ConnectionError::Closed));
        assert_eq!(connection.poll_lost(), Some(Lost::new(id, Resend::Safe)));
    }
}

/// One exchange on a new connection, its reply cut in every way.
fn drive(vector: &Vector, request: &Request<'_>, outcomes: &mut Outcomes) {
    let name = &vector.name;
    let expected = expected(request.message_type(), &vector.replies);
    let granted = vector.final_reply().is_some_and(|reply| Flags(reply.flags).contains(Flags::PERSISTENCE));
    let asked = request.flags().contains(Flags::PERSISTENCE);
    let mut transmit = vec![0xa5; request.encoded_len()];
    let mut receive = vec![0xa5; room(request.message_type(), &vector.replies)];
    for_every_split(&vector.reply, |pieces| {
        let mut connection: Connection<_, _> = Connection::new(&mut transmit[..], &mut receive[..]);
        let id = connection.request(request, NOW).unwrap();
        // In pieces, as a socket may accept it.
        let mut sent = Vec::new();
        while connection.step() == Step::Write {
            let bytes = connection.poll_transmit();
            let n = bytes.len().div_ceil(2);
            sent.extend_from_slice(&bytes[..n]);
            connection.handle_transmitted(n, NOW);
        }
        if refusal(vector).is_none() {
            assert_eq!(sent, vector.request, "{name}");
        }

        let mut seen = Vec::new();
        for &piece in pieces {
            let mut input = piece;
            loop {
                match connection.handle_input(&mut input, NOW).unwrap_or_else(|e| panic!("{name}: {e}")) {
                    Event::NeedMore(_) => break,
                    Event::Keepalive => seen.push(Seen::Keepalive),
                    Event::Entries(of, entries) => {
                        assert_eq!(of, id, "{name}");
                        seen.extend(entries.map(|entry| Seen::Entry(entry.to_vec())));
                    }
                    Event::Reply(of, reply) => {
                        assert_eq!(of, id, "{name}");
                        assert_eq!(reply.into_result().is_err(), reply.ret() < 0, "{name}");
                        seen.push(Seen::Reply(reply.header(), reply.payload().to_vec()));
                    }
                }
            }
        }
        assert_eq!(seen, expected, "{name}");

        if vector.final_reply().is_none() {
            // The server closed instead of replying.
            assert_eq!(connection.step(), Step::Read, "{name}");
            assert_eq!(connection.handle_eof(), Err(ConnectionError::Closed), "{name}");
            let resend = match request.message_type().is_idempotent() {
                true => Resend::Safe,
                false => Resend::MayHappenTwice,
            };
            assert_eq!(connection.poll_lost(), Some(Lost::new(id, resend)), "{name}");
            assert_eq!(connection.poll_lost(), None);
            return;
        }
        assert_eq!(connection.error(), None, "{name}");
        assert_eq!(connection.in_flight(), 0, "{name}");
        assert_eq!(connection.is_reusable(), asked && granted, "{name}");
        if asked && granted {
            assert_eq!((connection.step(), connection.room()), (Step::Idle, 1), "{name}");
            // Servers close an idle connection, before or after the next request.
            let mut later = connection;
            let id = later.request(request, NOW).unwrap();
            assert_eq!(later.handle_eof(), Err(ConnectionError::Stale), "{name}");
            assert_eq!(later.poll_lost(), Some(Lost::new(id, Resend::Safe)), "{name}");
        } else {
            assert_eq!((connection.step(), connection.room()), (Step::Close, 0), "{name}");
            assert_eq!(connection.request(request, NOW), Err(SendError::ConnectionEnded), "{name}");
            assert_eq!(connection.handle_eof(), Ok(()), "{name}");
        }
    });
    match vector.final_reply() {
        None => outcomes.closed += 1,
        Some(reply) if reply.ret < 0 => outcomes.server_error += 1,
        Some(_) => outcomes.good += 1,
    }
    if vector.final_reply().is_some() {
        outcomes.kept += usize::from(asked && granted);
        outcomes.ended += usize::from(!(asked && granted));
    }
    outcomes.keepalives += expected.iter().filter(|seen| **seen == Seen::Keepalive).count();
    outcomes.entries += expected.iter().filter(|seen| matches!(seen, Seen::Entry(_))).count();
}

#[test]
fn sessions_run_as_one_connection() {
    let mut steps = 0;
    for session in vectors::sessions() {
        steps += session.steps.len();
        let requests: Vec<u8> = session.steps.iter().flat_map(|step| step.request.clone()).collect();
        let replies: Vec<Reply> = session.steps.iter().flat_map(|step| step.replies.clone()).collect();
        let stays_open = !session.steps.last().unwrap().closed_by_server;
        for depth in [1, 16] {
            converse(session.name, &requests, &replies, depth, stays_open);
        }
    }
    assert_eq!(steps, 57);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let vector = vectors::named("persistent_pipelined");
    assert_eq!(vector.requests.len(), 3);
    for depth in [1, 2, 16] {
        converse(&vector.name, &vector.request, &vector.replies, depth, true);
    }
}

/// Consecutive requests of real programs on one connection: pyownet with persistence, and an owserver whose server grants
/// persistence, refuses it, or closes in spite of granting it.
#[test]
fn connections_of_real_clients_run_as_one_connection() {
    let mut connections: Vec<(String, Vec<&Vector>)> = Vec::new();
    for vector in vectors::in_file("clients") {
        let Some(number) = vector.connection else { continue };
        let program = match vector.name.strip_prefix("chain_") {
            Some(_) => "chain",
            None => vector.name.trim_end_matches(|c: char| c.is_ascii_digit()),
        };
        let key = format!("{program}{number}");
        match connections.last_mut().filter(|(last, _)| *last == key) {
            Some((_, steps)) => steps.push(vector),
            None => connections.push((key, vec![vector])),
        }
    }
    // The others are single exchanges, or end without a reply: see `a_persistent_connection_that_is_closed_is_stale`.
    connections.retain(|(_, steps)| steps.len() > 1 && steps.iter().all(|step| !step.replies.is_empty()));
    for (key, steps) in &connections {
        let requests: Vec<u8> = steps.iter().flat_map(|step| step.request.clone()).collect();
        let replies: Vec<Reply> = steps.iter().flat_map(|step| step.replies.clone()).collect();
        let last = steps.last().unwrap().final_reply().unwrap();
        let stays_open = Flags(last.flags).contains(Flags::PERSISTENCE);
        for depth in [1, 16] {
            converse(key, &requests, &replies, depth, stays_open);
        }
    }
    assert_eq!(connections.iter().map(|(_, steps)| steps.len()).collect::<Vec<_>>(), [2, 11, 3, 2, 2, 3, 2]);
}

/// Sends `requests` over one connection, as early as it accepts them, and checks that it gives `replies`.
fn converse(name: &str, requests: &[u8], replies: &[Reply], depth: usize, stays_open: bool) {
    let bytes: Vec<u8> = replies.iter().flat_map(Reply::to_bytes).collect();
    with_requests(requests, |requests| {
        let mut expected = Vec::new();
        let mut rest = replies;
        for request in requests {
            let end = 1 + rest
                .iter()
                .position(|reply| match request.message_type() {
                    MessageType::DIR => reply.payload == 0,
                    _ => reply.payload >= 0,
                })
                .unwrap();
            expected.push(self::expected(request.message_type(), &rest[..end]));
            rest = &rest[end..];
        }
        assert!(rest.is_empty(), "{name}");

        let mut receive = vec![0xa5; room(MessageType::READ, replies)];
        let mut transmit = vec![0xa5; requests.iter().map(Request::encoded_len).sum()];
        for_every_split(&bytes, |pieces| {
            let mut connection = Connection::<_, _, 16>::new(&mut transmit[..], &mut receive[..]);
            let mut waiting = requests.iter();
            let mut ids = Vec::new();
            let mut seen: Vec<Vec<Seen>> = Vec::new();
            let mut open = Vec::new();
            let mut ask = |connection: &mut Connection<_, _, 16>, ids: &mut Vec<_>| {
                while connection.in_flight() < depth && connection.room() > 0 {
                    let Some(request) = waiting.next() else { break };
                    ids.push(connection.request(request, NOW).unwrap());
                }
                while connection.step() == Step::Write {
                    let n = connection.poll_transmit().len();
                    connection.handle_transmitted(n, NOW);
                }
            };
            ask(&mut connection, &mut ids);
            assert_eq!(ids.len(), 1, "a new connection accepts one request");
            for &piece in pieces {
                let mut input = piece;
                while !input.is_empty() {
                    match connection.handle_input(&mut input, NOW).unwrap() {
                        Event::NeedMore(_) => break,
                        Event::Keepalive => open.push(Seen::Keepalive),
                        Event::Entries(id, entries) => {
                            assert_eq!(id, ids[seen.len()]);
                            open.extend(entries.map(|entry| Seen::Entry(entry.to_vec())));
                        }
                        Event::Reply(id, reply) => {
                            assert_eq!(id, ids[seen.len()]);
                            open.push(Seen::Reply(reply.header(), reply.payload().to_vec()));
                            seen.push(std::mem::take(&mut open));
                            ask(&mut connection, &mut ids);
                        }
                    }
                }
                // A list ends with its last entry, without another byte.
                if let Ok(Event::Reply(id, reply)) = connection.handle_input(&mut input, NOW) {
                    assert_eq!(id, ids[seen.len()]);
                    open.push(Seen::Reply(reply.header(), reply.payload().to_vec()));
                    seen.push(std::mem::take(&mut open));
                    ask(&mut connection, &mut ids);
                }
            }
            assert!(open.is_empty(), "{name}");
            assert_eq!(seen, expected, "{name}");
            assert_eq!(connection.is_reusable(), stays_open, "{name}");
            assert_eq!(connection.step(), if stays_open { Step::Idle } else { Step::Close }, "{name}");
            assert_eq!(connection.handle_eof(), Ok(()), "{name}");
        });
    });
}

/// A server that granted persistence to an owserver closes instead of the second reply.
#[test]
fn a_persistent_connection_that_is_closed_is_stale() {
    let steps = ["stub_closed_without_reply_back_0", "stub_closed_without_reply_back_1"].map(vectors::named);
    assert_eq!(steps[0].connection, steps[1].connection);
    let mut connection: Connection<_, _> = Connection::new([0; 128], [0; 64]);
    with_requests(&steps[0].request, |requests| {
        connection.request(&requests[0], NOW).unwrap();
        connection.handle_transmitted(usize::MAX, NOW);
        let mut input = &steps[0].reply[..];
        assert!(matches!(connection.handle_input(&mut input, NOW), Ok(Event::Reply(..))));
    });
    with_requests(&steps[1].request, |requests| {
        connection.request(&requests[0], NOW).unwrap();
        connection.handle_transmitted(usize::MAX, NOW);
        assert_eq!(connection.handle_eof(), Err(ConnectionError::Stale));
    });
}

/// The connection accepts no version but 0.
#[test]
fn a_reply_of_another_version_is_an_error() {
    let mut tried = 0;
    for vector in with_whole_requests().filter(|vector| vector.requests.len() == 1) {
        let Some((last, first)) = vector.replies.split_last() else { continue };
        tried += 1;
        let mut bytes: Vec<u8> = first.iter().flat_map(Reply::to_bytes).collect();
        bytes.extend(Reply { version: 7, ..last.clone() }.to_bytes());
        let error = ConnectionError::Decode(DecodeError::UnexpectedVersion { version: Version(7) });
        with_requests(&vector.request, |requests| {
            let room = room(requests[0].message_type(), &vector.replies);
            for size in [1, 30, bytes.len()] {
                let mut connection: Connection<_, _> = Connection::new(Vec::new(), vec![0xa5; room]);
                connection.request(&requests[0], NOW).unwrap();
                connection.handle_transmitted(usize::MAX, NOW);
                let outcome = bytes.chunks(size).try_for_each(|piece| {
                    let mut input = piece;
                    loop {
                        match connection.handle_input(&mut input, NOW)? {
                            Event::NeedMore(_) => return Ok(()),
                            Event::Reply(..) => panic!("{}: accepted as a reply", vector.name),
                            Event::Keepalive | Event::Entries(..) => {}
                        }
                    }
                });
                assert_eq!(outcome, Err(error), "{}", vector.name);
                assert_eq!(connection.error(), Some(error));
            }
        });
    }
    assert_eq!(tried, 453);
}

/// The frames of slow servers, at the captured times.
#[test]
fn each_keepalive_restarts_the_inactivity_timeout() {
    let mut replayed = 0;
    for vector in vectors::all() {
        let Some(times) = vector.frame_ms.as_ref().filter(|times| !times.is_empty()) else { continue };
        assert_eq!(times.len(), vector.replies.len());
        replayed += 1;
        let gaps = times.iter().zip([0].iter().chain(times)).map(|(time, before)| time - before);
        let longest = gaps.max().unwrap();
        let total = *times.last().unwrap();
        // With enough time, and then with a timeout that expires in the longest gap, or before the end.
        let outcome = |inactivity, total| {
            replay(vector, Timeouts::NONE.with_inactivity(micros(inactivity)).with_total(micros(total)))
        };
        assert_eq!(outcome(2_000_000, 0), Ok(()), "{}", vector.name);
        assert_eq!(outcome(longest * 1000 + 1, total * 1000 + 1), Ok(()), "{}", vector.name);
        if total == 0 {
            continue;
        }
        let silent = ConnectionError::TimedOut(Timeout::Inactivity);
        assert_eq!(outcome(longest * 1000 - 1, 0), Err(silent), "{}", vector.name);
        let too_long = ConnectionError::TimedOut(Timeout::Total);
        assert_eq!(outcome(longest * 1000 + 1, total * 1000), Err(too_long), "{}", vector.name);
    }
    assert_eq!(replayed, 7);
}

fn micros(micros: u64) -> Duration {
    Duration::from_micros(micros)
}

fn replay(vector: &Vector, timeouts: Timeouts) -> Result<(), ConnectionError> {
    let mut connection: Connection<_, _> = Connection::new([0; 128], [0; 256]).with_timeouts(timeouts);
    with_requests(&vector.request, |requests| {
        connection.request(&requests[0], Instant::ZERO).unwrap();
        connection.handle_transmitted(usize::MAX, Instant::ZERO);
        for (reply, &time) in vector.replies.iter().zip(vector.frame_ms.as_ref().unwrap()) {
            let now = Instant::from_millis(time);
            // A driver wakes at the timeout or when the frame arrives, whichever is first.
            if let Some((at, _)) = connection.poll_timeout()
                && at < now
            {
                connection.handle_timeout(Instant::from_micros(at.as_micros() - 1))?;
                return Err(connection.handle_timeout(at).unwrap_err());
            }
            let bytes = reply.to_bytes();
            let mut input = &bytes[..];
            while !matches!(connection.handle_input(&mut input, now)?, Event::NeedMore(_)) {}
        }
        assert_eq!(connection.in_flight(), 0);
        Ok(())
    })
}

/// Calls `then` with the requests that a client sent.
fn with_requests<T>(bytes: &[u8], then: impl FnOnce(&[Request<'_>]) -> T) -> T {
    let frames: Vec<&[u8]> = {
        let mut rest = bytes;
        frame_boundaries(bytes)
            .iter()
            .map(|end| {
                let (frame, behind) = rest.split_at(end - (bytes.len() - rest.len()));
                rest = behind;
                frame
            })
            .collect()
    };
    let mut parsers: Vec<_> = frames.iter().map(|_| RequestParser::new(Vec::new())).collect();
    let requests: Vec<_> = frames
        .into_iter()
        .zip(&mut parsers)
        .map(|(mut frame, parser)| match parser.parse(&mut frame).unwrap() {
            RequestEvent::Request(request) => request.to_request().unwrap(),
            RequestEvent::NeedMore(n) => panic!("{n} bytes are missing"),
        })
        .collect();
    then(&requests)
}

/// The events for the replies to this message type.
fn expected(message_type: MessageType, replies: &[Reply]) -> Vec<Seen> {
    let is_list = matches!(message_type, MessageType::DIRALL | MessageType::DIRALLSLASH);
    let mut seen = Vec::new();
    for reply in replies {
        let without_nul = reply.payload_bytes.strip_suffix(b"\0").unwrap_or(&reply.payload_bytes);
        if reply.is_keepalive() {
            seen.push(Seen::Keepalive);
        } else if message_type == MessageType::DIR && reply.payload > 0 {
            seen.push(Seen::Entry(without_nul.to_vec()));
        } else if is_list {
            let entries = without_nul.split(|&byte| byte == b',').filter(|entry| !entry.is_empty());
            seen.extend(entries.map(|entry| Seen::Entry(entry.to_vec())));
            seen.push(Seen::Reply(reply_header(reply), Vec::new()));
        } else {
            seen.push(Seen::Reply(reply_header(reply), reply.payload_bytes.clone()));
        }
    }
    seen
}

/// The size of storage for the replies: that of the longest value, or of the longest entry with a comma.
fn room(message_type: MessageType, replies: &[Reply]) -> usize {
    match message_type {
        MessageType::DIRALL | MessageType::DIRALLSLASH => replies
            .iter()
            .flat_map(|reply| reply.payload_bytes.split(|&byte| byte == b',' || byte == 0))
            .map(|entry| entry.len() + 1)
            .max()
            .unwrap_or(0),
        _ => replies.iter().map(|reply| reply.payload_bytes.len()).max().unwrap_or(0),
    }
}
