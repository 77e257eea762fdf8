use super::*;

#[test]
fn closing_is_an_error_only_while_a_request_is_in_flight() {
    // Between two requests: no error.
    let mut c = new_connection();
    assert_eq!(c.handle_eof(), Ok(()));
    assert_eq!((c.step(), c.error(), c.room()), (Step::Close, None, 0));
    let mut c = persistent_connection();
    assert_eq!(c.handle_eof(), Ok(()));
    assert!(!c.is_reusable());
    assert_eq!(c.handle_eof(), Ok(()));

    // While a request is in flight: before the first byte of an answer, within it, within a keepalive.
    let answer = [&KEEPALIVE[..], &frame(2, b"ok")].concat();
    for had_worked in [false, true] {
        for at in 0..answer.len() {
            let mut c = if had_worked { persistent_connection() } else { new_connection() };
            send_request(&mut c, &read("/a"), ms(0));
            feed(&mut c, &answer[..at], ms(0));
            let expected = match (at, had_worked) {
                (0, false) => ConnectionError::Closed,
                (0, true) => ConnectionError::Stale,
                _ => ConnectionError::Truncated,
            };
            let mut by_reset = c.clone();
            assert_eq!(c.handle_eof(), Err(expected), "at {at}");
            assert_eq!(by_reset.handle_transport_error(), expected, "at {at}");
            assert_eq!(c.error(), Some(expected));
            assert_eq!(expected.is_stale(), expected == ConnectionError::Stale);
        }
    }
}

#[test]
fn closing_after_the_first_of_two_answers_is_stale_until_the_second_has_started() {
    let mut c = persistent_connection();
    send_request(&mut c, &read("/a"), ms(0));
    send_request(&mut c, &read("/b"), ms(0));
    feed(&mut c, &frame(1, b"a"), ms(0));
    assert_eq!(c.clone().handle_eof(), Err(ConnectionError::Stale));
    feed(&mut c, &KEEPALIVE[..1], ms(0));
    assert_eq!(c.handle_eof(), Err(ConnectionError::Truncated));
}

#[test]
fn a_write_may_be_sent_again_unless_its_last_byte_was_sent() {
    let request = write("/a", "on");
    let len = request.encoded_len();
    for sent in 0..=len {
        for in_front in [false, true] {
            let mut c = persistent_connection();
            if in_front {
                send_request(&mut c, &read("/x"), ms(0));
            }
            c.request(&request, ms(0)).unwrap();
            c.handle_transmitted(sent, ms(0));
            assert_eq!(c.step(), if sent < len { Step::Write } else { Step::Read });
            assert_eq!(c.poll_transmit().len(), len - sent);
            assert_eq!(c.handle_eof(), Err(ConnectionError::Stale));
            let resend = if sent < len { Resend::Safe } else { Resend::MayHappenTwice };
            let expected = [(1, Resend::Safe), (2, resend)];
            let expected = if in_front { &expected[..] } else { &[(1, resend)] };
            assert_eq!(lost(&mut c), expected, "{sent} of {len}");
        }
    }
}

#[test]
fn only_writes_and_unknown_types_may_happen_twice() {
    for number in [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] {
        let mut c = new_connection();
        send_request(&mut c, &Request::raw(MessageType(number), b"/a\0").unwrap(), ms(0));
        assert_eq!(c.handle_timeout(ms(2000)), Err(ConnectionError::TimedOut(Timeout::Inactivity)));
        let resend = match number {
            -1 | 3 | 11 => Resend::MayHappenTwice,
            _ => Resend::Safe,
        };
        assert_eq!(lost(&mut c), [(0, resend)], "type {number}");
    }
}

#[test]
fn no_request_is_lost_while_the_connection_works() {
    let mut c = persistent_connection();
    assert_eq!(c.poll_lost(), None);
    send_request(&mut c, &read("/a"), ms(0));
    assert_eq!(c.poll_lost(), None);
    assert_eq!(feed(&mut c, &frame(1, b"a"), ms(0)), ["#1 ret 1 [a]", "need 24"]);
}

#[test]
fn data_on_an_idle_connection_is_an_error() {
    for bytes in [&KEEPALIVE[..], &frame(0, b""), b"x"] {
        for mut c in [new_connection(), persistent_connection()] {
            let mut input = bytes;
            assert_eq!(c.handle_input(&mut &b""[..], ms(0)), Ok(Event::NeedMore(24)));
            assert_eq!(c.handle_input(&mut input, ms(0)), Err(ConnectionError::UnexpectedData));
            assert_eq!(input.len(), bytes.len());
            assert_eq!(c.step(), Step::Close);
            assert_eq!(c.request(&read("/a"), ms(0)), Err(SendError::ConnectionEnded));
        }
    }
    // After the answer in the same segment, with or without persistence.
    for flags in [PERSISTENCE, Flags::NONE] {
        let mut c = new_connection();
        send_request(&mut c, &read("/a"), ms(0));
        let input = [frame_with(flags, 1, b"a"), frame(1, b"b")].concat();
        assert_eq!(feed(&mut c, &input, ms(0)), ["#0 ret 1 [a]", "failed: UnexpectedData"]);
    }
}

/// Makes a connection that has failed.
type Failing = fn() -> TestConnection;

/// At least one way to each failure.
const FAILURES: [(ConnectionError, Failing); 12] = [
    (ConnectionError::Decode(DecodeError::UnexpectedVersion { version: Version(0x0100_0000) }), || {
        after_input(&read("/a"), &[1; 1], &[0; 23])
    }),
    (ConnectionError::Decode(DecodeError::PayloadTooLarge { announced: 17, limit: 16 }), || {
        let mut c = new_connection().with_payload_limit(16);
        send_request(&mut c, &read("/a"), ms(0));
        feed(&mut c, &frame(17, &[b'x'; 17])[..24], ms(0));
        c
    }),
    (ConnectionError::Decode(DecodeError::StorageTooSmall { announced: 65, capacity: 64 }), || {
        after_input(&read("/a"), &frame(65, &[b'x'; 65])[..24], b"")
    }),
    (ConnectionError::Decode(DecodeError::EntryTooLong { capacity: 64 }), || {
        after_input(&Request::dirall("/").unwrap(), &frame(0, &[b'x'; 66])[..60], &[b'x'; 29])
    }),
    (ConnectionError::UnexpectedData, || {
        let mut c = persistent_connection();
        feed(&mut c, b"x", ms(0));
        c
    }),
    (ConnectionError::Stale, || {
        let mut c = persistent_connection();
        send_request(&mut c, &read("/a"), ms(0));
        assert!(c.handle_eof().is_err());
        c
    }),
    (ConnectionError::Closed, || {
        let mut c = new_connection();
        c.request(&read("/a"), ms(0)).unwrap();
        assert!(c.handle_eof().is_err());
        c
    }),
    (ConnectionError::Truncated, || {
        let mut c = after_input(&read("/a"), &KEEPALIVE, b"");
        assert!(c.handle_eof().is_err());
        c
    }),
    (ConnectionError::PersistenceWithdrawn, || {
        let mut c = persistent_connection();
        send_request(&mut c, &read("/a"), ms(0));
        c.request(&read("/b"), ms(0)).unwrap();
        feed(&mut c, &frame_with(Flags::NONE, 0, b""), ms(0));
        c
    }),
    (ConnectionError::TimedOut(Timeout::Inactivity), || {
        let mut c = after_input(&read("/a"), b"", b"");
        assert!(c.handle_timeout(ms(DEFAULT_INACTIVITY)).is_err());
        c
    }),
    (ConnectionError::TimedOut(Timeout::Total), || {
        let mut c = new_connection();
        c.request_within(&read("/a"), Duration::from_micros(1), ms(0)).unwrap();
        assert!(c.handle_timeout(Instant::from_micros(1)).is_err());
        c
    }),
    (ConnectionError::TimedOut(Timeout::Total), || {
        let mut c = new_connection();
        c.request_within(&read("/a"), Duration::from_micros(1), ms(0)).unwrap();
        send_all(&mut c, ms(0));
        feed(&mut c, b"", ms(1));
        c
    }),
];

fn after_input(request: &Request<'_>, first: &[u8], second: &[u8]) -> TestConnection {
    let mut c = new_connection();
    send_request(&mut c, request, ms(0));
    feed(&mut c, first, ms(0));
    feed(&mut c, second, ms(0));
    c
}

#[test]
fn a_failed_connection_returns_its_error_from_every_call_until_reset() {
    for (error, failing) in FAILURES {
        let mut c = failing();
        let answer = frame(1, b"a");
        for _ in 0..2 {
            assert_eq!(c.error(), Some(error));
            assert_eq!(c.step(), Step::Close, "{error:?}");
            assert_eq!(c.poll_transmit(), b"", "{error:?}");
            assert_eq!(c.poll_timeout(), None, "{error:?}");
            assert_eq!((c.room(), c.is_reusable()), (0, false), "{error:?}");
            assert_eq!(c.request(&read("/a"), ms(0)), Err(SendError::ConnectionEnded), "{error:?}");
            let mut input = &answer[..];
            assert_eq!(c.handle_input(&mut input, ms(0)), Err(error));
            assert_eq!(input, answer, "{error:?}");
            assert_eq!(c.handle_input(&mut &b""[..], ms(0)), Err(error));
            assert_eq!(c.handle_timeout(ms(0)), Err(error));
            assert_eq!(c.handle_timeout(ms(1_000_000)), Err(error));
            assert_eq!(c.handle_eof(), Err(error));
            assert_eq!(c.handle_transport_error(), error);
            lost(&mut c);
            assert_eq!(c.in_flight(), 0);
        }

        // Reset also drops lost requests that were not polled.
        for mut c in [c, failing()] {
            c.reset();
            assert_eq!((c.error(), c.step(), c.room()), (None, Step::Idle, 1), "{error:?}");
            assert_eq!((c.in_flight(), c.poll_timeout(), c.poll_lost()), (0, None, None));
            assert_eq!(c.poll_transmit(), b"");
            let request = read("/again");
            let id = c.request(&request, ms(5000)).unwrap();
            assert_eq!(c.poll_timeout(), Some((ms(7000), Timeout::Inactivity)), "{error:?}");
            assert_eq!(send_all(&mut c, ms(5000)), request.parts(&mut [0; HEADER_LEN]).concat());
            let expected = [format!("#{} ret 1 [a]", id.0), "need 24".to_string()];
            assert_eq!(feed(&mut c, &answer, ms(5000)), expected);
            assert!(c.is_reusable());
        }
    }
}

#[test]
fn after_reset_the_connection_is_new() {
    // It was persistent, with a request partly sent and an answer partly received.
    let mut c = persistent_connection();
    send_request(&mut c, &read("/a"), ms(0));
    c.request(&write("/b", "1"), ms(0)).unwrap();
    c.handle_transmitted(3, ms(0));
    feed(&mut c, &frame(3, b"abc")[..25], ms(0));
    c.reset();
    assert_eq!((c.room(), c.is_reusable()), (1, false));
    send_request(&mut c, &write("/b", "1"), ms(0));
    assert_eq!(c.handle_eof(), Err(ConnectionError::Closed));
    // Ids continue, so that an old id never matches a new request.
    assert_eq!(lost(&mut c), [(3, Resend::MayHappenTwice)]);
}

#[test]
fn reset_keeps_settings() {
    let mut c = Connection::<_, _, 2>::new([0; 64], [0; 64])
        .with_timeouts(Timeouts { inactivity: Duration::from_secs(9), total: Duration::from_secs(7) })
        .with_payload_limit(3)
        .with_list_limit(5);
    c.reset();
    send_request(&mut c, &read("/a"), ms(0));
    assert_eq!(c.poll_timeout(), Some((ms(7000), Timeout::Total)));
    assert_eq!(
        feed(&mut c, &frame(4, b"four"), ms(0)),
        ["failed: Decode(PayloadTooLarge { announced: 4, limit: 3 })"]
    );
    c.reset();
    send_request(&mut c, &Request::dirall("/").unwrap(), ms(0));
    assert_eq!(
        feed(&mut c, &frame(0, b"/a,/b\0"), ms(0)),
        ["failed: Decode(PayloadTooLarge { announced: 6, limit: 5 })"]
    );
}

#[test]
fn the_first_failure_is_kept() {
    // The server withdraws persistence while a write is in flight, so it did not read it. A later failure of the socket
    // makes no difference.
    let mut c = persistent_connection();
    send_request(&mut c, &read("/a"), ms(1));
    send_request(&mut c, &write("/b", "1"), ms(1));
    assert_eq!(
        feed(&mut c, &frame_with(Flags::NONE, 1, b"x"), ms(2)),
        ["#1 ret 1 [x]", "failed: PersistenceWithdrawn"]
    );
    assert_eq!(c.handle_transport_error(), ConnectionError::PersistenceWithdrawn);
    assert_eq!(c.error(), Some(ConnectionError::PersistenceWithdrawn));
    assert_eq!(lost(&mut c), [(2, Resend::Safe)]);
}
