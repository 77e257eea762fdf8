//! Times at the left are milliseconds of virtual time.

use std::vec::Vec;

use super::*;
use crate::codec::DecodeError;
use crate::message::{Request, ReturnCode};
use crate::server::{LastFrame, ReplyHeader};
use crate::wire::{DirectoryFlags, Header, Version};

mod settings;

const KEEP: Flags = Flags::PERSISTENCE;
const KEEPALIVE: [u8; 24] = Header::KEEPALIVE.to_bytes();

type Small = Connection<[u8; 128], [u8; 128]>;

fn ms(millis: u64) -> Instant {
    Instant::from_millis(millis)
}

fn connection() -> Small {
    Connection::new([0xa5; 128], [0xa5; 128])
}

fn bytes(request: &Request<'_>) -> Vec<u8> {
    let mut bytes = std::vec![0; request.encoded_len()];
    request.encode(&mut bytes).unwrap();
    bytes
}

fn nop() -> Vec<u8> {
    bytes(&Request::nop().with_flags(KEEP))
}

fn read(path: &str) -> Vec<u8> {
    bytes(&Request::read(path).unwrap().with_flags(KEEP))
}

fn feed(c: &mut Small, mut input: &[u8], now: Instant) -> (Event, usize) {
    let event = c.handle_input(&mut input, now);
    (event, input.len())
}

/// Gives a whole request.
fn ask(c: &mut Small, request: &[u8], now: Instant) {
    assert_eq!(feed(c, request, now), (Event::Request, 0));
    assert_eq!(c.step(), Step::Answer);
}

/// Takes all that waits.
fn drain<T: Storage, R: Storage>(c: &mut Connection<T, R>, now: Instant) -> Vec<u8> {
    let sent = c.poll_transmit().to_vec();
    c.handle_transmitted(sent.len(), now);
    sent
}

fn reply(header: Header, payload: &[u8]) -> Vec<u8> {
    [&header.to_bytes()[..], payload].concat()
}

/// Lets time pass: what becomes due until `until`, and when.
fn pass(c: &mut Small, until: u64) -> Vec<(u64, Timeout)> {
    let mut due = Vec::new();
    while let Some((at, timeout)) = c.poll_timeout() {
        if at > ms(until) {
            break;
        }
        let just_before = Instant::from_micros(at.as_micros() - 1);
        assert_eq!(c.handle_timeout(just_before), None, "too early");
        assert_eq!(c.handle_timeout(at), Some(timeout));
        due.push((at.as_micros() / 1000, timeout));
        if timeout == Timeout::Keepalive {
            assert_eq!(drain(c, at), KEEPALIVE);
        }
    }
    due
}

#[test]
fn keepalives_come_each_second_until_the_answer() {
    let mut c = connection();
    ask(&mut c, &read("/a"), ms(500));
    let due = pass(&mut c, 3600);
    assert_eq!(due, [1500, 2500, 3500].map(|at| (at, Timeout::Keepalive)));
    c.answer(ms(3600)).unwrap().1.value(b"x", 0).unwrap();
    drain(&mut c, ms(3600));
    assert_eq!(c.poll_timeout(), Some((ms(603_600), Timeout::IdleLow)));
}

#[test]
fn below_a_second_there_is_no_keepalive() {
    let mut c = connection();
    ask(&mut c, &read("/a"), ms(0));
    assert_eq!(pass(&mut c, 999), []);
    c.answer(ms(999)).unwrap().1.value(b"x", 0).unwrap();
    let expected = Header { payload: 1, code: 1, size: 1, flags: KEEP, ..Header::default() };
    assert_eq!(drain(&mut c, ms(999)), reply(expected, b"x"));
}

#[test]
fn entries_are_signs_of_life_and_no_gap_is_longer_than_a_second() {
    let mut c = connection();
    ask(&mut c, &bytes(&Request::dir("/").unwrap().with_flags(KEEP)), ms(0));
    let mut frames = std::vec![0];
    for at in [700, 1300, 2200, 2800, 5100] {
        frames.extend(pass(&mut c, at).iter().map(|(at, _)| *at));
        c.answer(ms(at)).unwrap().1.entry(b"/a").unwrap();
        assert_eq!(drain(&mut c, ms(at))[24..], *b"/a\0");
        frames.push(at);
    }
    assert_eq!(frames, [0, 700, 1300, 2200, 2800, 3800, 4800, 5100]);
    c.answer(ms(5100)).unwrap().1.end_of_entries(DirectoryFlags(0x8002)).unwrap();
    let last = Header { flags: KEEP, offset: 0x8002, ..Header::default() };
    assert_eq!(drain(&mut c, ms(5100)), last.to_bytes());
    assert_eq!(c.step(), Step::Read);
}

#[test]
fn no_keepalive_goes_into_a_frame_or_behind_bytes_that_wait() {
    let mut c = connection();
    ask(&mut c, &read("/a"), ms(0));
    let (_, mut answer) = c.answer(ms(0)).unwrap();
    answer.begin(ReplyHeader { payload: 2, ret: 2, size: 2, offset: 0 }, LastFrame::Yes).unwrap();
    assert_eq!(answer.push(b"x"), 1);
    // Bytes wait: only the time for sending runs.
    assert_eq!(c.poll_timeout(), Some((ms(60_000), Timeout::Send)));
    drain(&mut c, ms(10));
    // A frame is not complete: nothing can be said.
    assert_eq!((c.step(), c.poll_timeout()), (Step::Answer, None));
    assert_eq!(c.answer(ms(9000)).unwrap().1.push(b"yz"), 1);
    assert_eq!(drain(&mut c, ms(9000)), b"y");
    assert_eq!(c.step(), Step::Read);
}

#[test]
fn pingcrazy_puts_one_in_front_of_every_answer() {
    let mut c = connection().with_keepalives(Keepalives::BeforeEveryAnswer);
    for at in [0, 100] {
        ask(&mut c, &nop(), ms(at));
        c.answer(ms(at)).unwrap().1.success().unwrap();
        let nothing = Header { flags: KEEP, ..Header::default() };
        assert_eq!(drain(&mut c, ms(at)), [KEEPALIVE, nothing.to_bytes()].concat());
    }
}

#[test]
fn the_first_request_has_ten_seconds_and_each_byte_begins_them_anew() {
    let mut c = connection().accepted_at(ms(1000));
    assert_eq!(c.poll_timeout(), Some((ms(11_000), Timeout::Request)));
    assert_eq!(feed(&mut c, &nop()[..10], ms(5000)), (Event::NeedMore(14), 0));
    assert_eq!(c.poll_timeout(), Some((ms(15_000), Timeout::Request)));
    assert_eq!(pass(&mut c, 20_000), [(15_000, Timeout::Request)]);
    assert_eq!((c.step(), c.end()), (Step::Close, Some(End::TimedOut(Timeout::Request))));
    assert_eq!(c.poll_timeout(), None);
}

#[test]
fn a_client_that_drips_bytes_ends() {
    let mut c = connection();
    let request = read("/a");
    let mut at = 0;
    let event = loop {
        let byte = request[at % request.len()];
        let (event, _) = feed(&mut c, &[byte], ms(9000 * at as u64));
        at += 1;
        if event == Event::Ended {
            break event;
        }
        assert!(at < request.len(), "it got through");
    };
    assert_eq!((event, at), (Event::Ended, 8));
    assert_eq!(c.end(), Some(End::TimedOut(Timeout::RequestTotal)));
}

#[test]
fn idle_limits_are_told_and_kept() {
    let mut c = connection();
    ask(&mut c, &nop(), ms(0));
    c.answer(ms(0)).unwrap().1.success().unwrap();
    drain(&mut c, ms(0));
    assert!(c.is_persistent());
    let due = pass(&mut c, 4_000_000);
    assert_eq!(due, [(600_000, Timeout::IdleLow), (3_600_000, Timeout::IdleHigh)]);
    assert_eq!(c.end(), Some(End::TimedOut(Timeout::IdleHigh)));
    // A busy server ends it at the first.
    let mut c = connection();
    ask(&mut c, &nop(), ms(0));
    c.answer(ms(0)).unwrap().1.success().unwrap();
    drain(&mut c, ms(0));
    assert_eq!(c.handle_timeout(ms(600_000)), Some(Timeout::IdleLow));
    c.close();
    assert_eq!((c.step(), c.end()), (Step::Close, Some(End::Closed)));
}

#[test]
fn a_client_that_does_not_read_ends() {
    let mut c = connection();
    ask(&mut c, &read("/a"), ms(0));
    c.answer(ms(0)).unwrap().1.value(&[7; 100], 0).unwrap();
    c.handle_transmitted(10, ms(30_000));
    assert_eq!(c.poll_timeout(), Some((ms(90_000), Timeout::Send)));
    assert_eq!(pass(&mut c, 100_000), [(90_000, Timeout::Send)]);
    assert_eq!((c.step(), c.poll_transmit()), (Step::Close, &b""[..]));
}

#[test]
fn a_client_that_takes_bytes_one_by_one_ends() {
    let mut c = connection();
    ask(&mut c, &read("/a"), ms(0));
    c.answer(ms(0)).unwrap().1.value(&[7; 100], 0).unwrap();
    let mut taken = 0;
    let due = loop {
        let due = pass(&mut c, 9_999 * (taken + 1));
        if !due.is_empty() {
            break due;
        }
        taken += 1;
        c.handle_transmitted(1, ms(9_999 * taken));
    };
    assert_eq!((due, taken), (std::vec![(120_000, Timeout::SendTotal)], 12));
    assert_eq!((c.step(), c.poll_transmit()), (Step::Close, &b""[..]));
    assert_eq!(c.end(), Some(End::TimedOut(Timeout::SendTotal)));
}

#[test]
fn each_storage_full_has_its_own_time_and_what_the_bus_takes_does_not_count() {
    // A listing of 100 entries: the bus makes each in 50 s, and the client takes it in 118 s.
    let mut c = connection();
    ask(&mut c, &bytes(&Request::dir("/").unwrap().with_flags(KEEP)), ms(0));
    let mut at = 0;
    for _ in 0..100 {
        for _ in 0..50 {
            at += 1000;
            assert_eq!(c.handle_timeout(ms(at)), Some(Timeout::Keepalive));
            drain(&mut c, ms(at));
        }
        c.answer(ms(at)).unwrap().1.entry(b"/10.67C6697351FF").unwrap();
        for _ in 0..2 {
            at += 59_000;
            assert_eq!(c.handle_timeout(ms(at)), None);
            c.handle_transmitted(21, ms(at));
        }
        assert_eq!(c.step(), Step::Answer);
    }
    // Without a limit there is none.
    let mut c = connection();
    c.set_timeouts(Timeouts { send: Duration::ZERO, send_total: Duration::ZERO, ..Timeouts::DEFAULT });
    ask(&mut c, &read("/a"), ms(0));
    c.answer(ms(0)).unwrap().1.value(&[7; 100], 0).unwrap();
    assert_eq!(c.poll_timeout(), None);
}

#[test]
fn persistence_is_asked_for_and_granted_or_not() {
    let plain = bytes(&Request::nop());
    for (request, decision, granted) in [
        (&nop(), Persistence::Grant, true),
        (&nop(), Persistence::Refuse, false),
        (&plain, Persistence::Grant, false),
    ] {
        let mut c = connection();
        ask(&mut c, request, ms(0));
        assert_eq!(c.requests_persistence(), *request == nop());
        c.set_persistence(decision);
        c.answer(ms(0)).unwrap().1.error(ReturnCode::NO_SUCH_PATH).unwrap();
        let flags = if granted { KEEP } else { Flags::NONE };
        let expected = Header { code: -1, flags, ..Header::default() };
        assert_eq!(c.step(), Step::Write);
        assert_eq!(drain(&mut c, ms(0)), expected.to_bytes());
        assert_eq!(c.is_persistent(), granted);
        assert_eq!(c.step(), if granted { Step::Read } else { Step::Close });
        assert_eq!(c.end(), (!granted).then_some(End::Answered));
    }
}

#[test]
fn a_decision_within_an_answer_comes_too_late() {
    let mut c = connection();
    ask(&mut c, &bytes(&Request::dir("/").unwrap().with_flags(KEEP)), ms(0));
    c.answer(ms(0)).unwrap().1.entry(b"/a").unwrap();
    c.set_persistence(Persistence::Refuse);
    c.answer(ms(0)).unwrap().1.end_of_entries(DirectoryFlags(0)).unwrap();
    let sent = drain(&mut c, ms(0));
    assert_eq!(sent[12..16], sent[sent.len() - 12..sent.len() - 8]);
    assert!(c.is_persistent());
}

#[test]
fn pipelined_requests_wait_with_the_driver() {
    let mut c = connection();
    let all = [read("/a"), read("/b"), nop()].concat();
    let mut input = &all[..];
    let mut sent = Vec::new();
    for (left, path) in [(27 + 24, Some(&b"/a"[..])), (24, Some(b"/b")), (0, None)] {
        assert_eq!(c.handle_input(&mut input, ms(0)), Event::Request);
        assert_eq!(input.len(), left);
        assert_eq!(c.handle_input(&mut input, ms(0)), Event::Busy);
        assert_eq!(input.len(), left, "nothing is taken meanwhile");
        let (request, mut answer) = c.answer(ms(0)).unwrap();
        match path {
            Some(path) => {
                assert_eq!(request.path(), Some(path));
                answer.value(path, 0).unwrap();
            }
            None => answer.success().unwrap(),
        }
        sent.extend(drain(&mut c, ms(0)));
    }
    assert_eq!(sent.len(), 26 + 26 + 24);
    assert_eq!(c.step(), Step::Read);
}

#[test]
fn a_half_closed_client_gets_its_answers() {
    let mut c = connection();
    let all = [read("/a"), read("/b")].concat();
    let mut input = &all[..];
    assert_eq!(c.handle_input(&mut input, ms(0)), Event::Request);
    c.handle_eof();
    assert!(c.is_half_closed());
    c.answer(ms(0)).unwrap().1.value(b"1", 0).unwrap();
    drain(&mut c, ms(0));
    assert_eq!(c.step(), Step::Read);
    assert_eq!(c.handle_input(&mut input, ms(0)), Event::Request);
    c.answer(ms(0)).unwrap().1.value(b"2", 0).unwrap();
    drain(&mut c, ms(0));
    assert_eq!((c.step(), input.len()), (Step::Read, 0));
    assert_eq!(c.handle_input(&mut input, ms(0)), Event::Ended);
    assert_eq!(c.end(), Some(End::ClientClosed));
}

#[test]
fn a_client_that_is_gone_takes_its_work_with_it() {
    let mut c = connection();
    ask(&mut c, &read("/a"), ms(0));
    c.answer(ms(0))
        .unwrap()
        .1
        .begin(ReplyHeader { payload: 9, ..ReplyHeader::default() }, LastFrame::Yes)
        .unwrap();
    c.handle_transport_error();
    assert_eq!((c.step(), c.end()), (Step::Close, Some(End::TransportFailed)));
    assert!(c.answer(ms(0)).is_none() && c.request().is_none());
    assert_eq!(c.poll_transmit(), b"");
    c.reset(ms(5));
    ask(&mut c, &nop(), ms(5));
    c.answer(ms(5)).unwrap().1.success().unwrap();
    assert_eq!(drain(&mut c, ms(5)).len(), 24);
}

#[test]
fn malformed_requests_close_without_a_reply() {
    let header = |payload, size| Header { payload, size, ..Header::request(MessageType::WRITE) };
    let write = |size| [&header(4, size).to_bytes()[..], b"/p\0x"].concat();
    for (bytes, end) in [
        (header(-1, 0).to_bytes().to_vec(), End::Malformed(DecodeError::NegativePayload { payload: -1 })),
        (
            header(100_051, 0).to_bytes().to_vec(),
            End::Malformed(DecodeError::PayloadTooLarge { announced: 100_051, limit: 100_050 }),
        ),
        (write(-1), End::MalformedWrite { size: -1, payload: 4 }),
        (write(4), End::MalformedWrite { size: 4, payload: 4 }),
        (write(i32::MAX), End::MalformedWrite { size: i32::MAX, payload: 4 }),
    ] {
        let mut c = connection();
        assert_eq!(feed(&mut c, &bytes, ms(0)).0, Event::Ended);
        assert_eq!((c.step(), c.end(), c.poll_transmit()), (Step::Close, Some(end), &b""[..]));
        assert_eq!(feed(&mut c, &nop(), ms(0)).0, Event::Ended, "for good");
    }
}

#[test]
fn replies_that_wait_go_out_before_a_malformed_request_ends_all() {
    let mut c = connection();
    ask(&mut c, &nop(), ms(0));
    c.answer(ms(0)).unwrap().1.success().unwrap();
    let broken = Header { payload: -1, ..Header::default() }.to_bytes();
    assert_eq!(feed(&mut c, &broken, ms(0)).0, Event::Ended);
    assert_eq!(c.step(), Step::Write);
    drain(&mut c, ms(0));
    assert_eq!(c.step(), Step::Close);
}

#[test]
fn a_loop_is_found_at_any_place() {
    let own = *b"0123456789abcdef";
    let other = [9; 16];
    let damaged = *b"\x00123456789abcdef";
    for (tokens, is_loop) in [
        (std::vec![other], false),
        (std::vec![other, own], true),
        (std::vec![own], true),
        (std::vec![damaged, other], true),
        (std::vec![other, damaged], false),
    ] {
        let mut c = connection().with_token(own);
        let request = Request::read("/a").unwrap().with_tokens(Tokens::new(&tokens).unwrap()).unwrap();
        let event = feed(&mut c, &bytes(&request), ms(0)).0;
        assert_eq!(event == Event::Ended, is_loop, "{tokens:?}");
        assert_eq!(c.end(), is_loop.then_some(End::Loop));
        if !is_loop {
            assert_eq!(c.request().unwrap().tokens.as_slice(), tokens, "untouched");
        }
    }
}

#[test]
fn a_request_that_does_not_fit_is_cut_and_the_stream_goes_on() {
    let mut c = connection();
    let long = [b'a'; 200];
    let all = [bytes(&Request::read(&long).unwrap().with_flags(KEEP)), nop()].concat();
    for cut in [1, 24, 30, 150, 151, 152, 153, 200, 224] {
        c.reset(ms(0));
        assert!(matches!(feed(&mut c, &all[..cut], ms(0)), (Event::NeedMore(_), 0)));
        let mut rest = &all[cut..];
        assert_eq!(c.handle_input(&mut rest, ms(0)), Event::Request);
        let (request, mut answer) = c.answer(ms(0)).unwrap();
        assert!(request.is_cut());
        assert_eq!(request.header.payload, 201);
        answer.error(ReturnCode::MESSAGE_SIZE).unwrap();
        drain(&mut c, ms(0));
        assert_eq!(c.handle_input(&mut rest, ms(0)), Event::Request);
        assert!(!c.request().unwrap().is_cut());
    }
}

#[test]
fn an_answer_of_any_length_goes_through_small_storage() {
    let value: Vec<u8> = (0..=255).cycle().take(5000).collect();
    for room in [24, 25, 48, 100] {
        let mut c = Connection::new([0; 100], [0; 64]).with_transmit_limit(room);
        let request = read("/a");
        assert_eq!(c.handle_input(&mut &request[..], ms(0)), Event::Request);
        let mut sent = Vec::new();
        let mut at = 0;
        c.answer(ms(0))
            .unwrap()
            .1
            .begin(ReplyHeader { payload: 5000, ..ReplyHeader::default() }, LastFrame::Yes)
            .unwrap();
        while c.step() != Step::Read {
            if c.step() == Step::Write {
                assert!(c.poll_transmit().len() <= room);
                sent.extend_from_slice(c.poll_transmit());
                c.handle_transmitted(room, ms(0));
            } else {
                at += c.answer(ms(0)).unwrap().1.push(&value[at..]);
            }
        }
        assert_eq!(sent[24..], value);
    }
}

#[test]
fn storage_without_room_for_a_header_ends_the_connection() {
    let mut c = Connection::new([0; 23], [0; 64]);
    let request = nop();
    assert_eq!(c.handle_input(&mut &request[..], ms(0)), Event::Request);
    c.answer(ms(0)).unwrap().1.success().unwrap();
    assert_eq!((c.step(), c.end()), (Step::Close, Some(End::TransmitTooSmall)));
}

#[test]
fn what_does_not_fit_is_refused_whole() {
    let mut c = connection();
    ask(&mut c, &bytes(&Request::dir("/").unwrap()), ms(0));
    let (_, mut answer) = c.answer(ms(0)).unwrap();
    answer.entry(&[b'a'; 60]).unwrap();
    let room = 128 - 24 - 61;
    assert_eq!(answer.entry(&[b'b'; 60]), Err(crate::server::BufferFull { needed: 85, room }));
    assert_eq!(answer.room(), room);
    answer.abort();
    assert_eq!(c.end(), Some(End::AnswerAborted));
    assert_eq!(drain(&mut c, ms(0)).len(), 85);
    assert_eq!(c.step(), Step::Close);
}

#[test]
fn the_version_word_of_a_request_is_not_looked_at() {
    for version in [7, 1 << 17, -33_554_432] {
        let mut c = connection();
        let request = Request::nop().with_raw_version(Version(version));
        ask(&mut c, &bytes(&request), ms(0));
        c.answer(ms(0)).unwrap().1.success().unwrap();
        assert_eq!(drain(&mut c, ms(0)), [0; 24]);
    }
}

#[test]
fn answers_to_requests_that_came_together_may_go_out_together() {
    let mut c = connection();
    let together = [nop(), nop(), nop()].concat();
    let mut input = &together[..];
    for n in 1..=3 {
        assert_eq!(c.handle_input(&mut input, ms(0)), Event::Request);
        c.answer(ms(0)).unwrap().1.success().unwrap();
        assert_eq!(c.poll_transmit().len(), n * HEADER_LEN);
    }
    assert_eq!(c.handle_input(&mut input, ms(0)), Event::NeedMore(HEADER_LEN));
    assert_eq!(drain(&mut c, ms(1)).len(), 3 * HEADER_LEN);
    assert_eq!(c.step(), Step::Read);
}

#[cfg(feature = "alloc")]
#[test]
fn memory_is_given_back_between_requests_only() {
    let mut c = Connection::new(Vec::new(), Vec::new());
    let request = bytes(&Request::read(&"/a".repeat(500)).unwrap().with_flags(KEEP));
    let (first, second) = request.split_at(600);
    let mut input = first;
    assert!(matches!(c.handle_input(&mut input, ms(0)), Event::NeedMore(_)));
    c.shrink(0);
    let mut input = second;
    assert_eq!(c.handle_input(&mut input, ms(0)), Event::Request);
    c.shrink(0);
    assert_eq!(c.request().unwrap().path().unwrap().len(), 1000);
    c.answer(ms(0)).unwrap().1.value(&[7; 900], 0).unwrap();
    c.shrink(0);
    assert_eq!(drain(&mut c, ms(0)).len(), HEADER_LEN + 900);

    assert!(c.out.transmit.capacity() >= 924);
    c.shrink(128);
    assert!(c.out.transmit.capacity() <= 128);
    c.shrink(0);
    assert_eq!(c.out.transmit.capacity(), 0);
    let mut input = &request[..];
    assert_eq!(c.handle_input(&mut input, ms(1)), Event::Request);
    c.answer(ms(1)).unwrap().1.success().unwrap();
    assert_eq!(drain(&mut c, ms(1)).len(), HEADER_LEN);
}
