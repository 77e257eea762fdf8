use super::*;

#[test]
fn the_end_of_a_connection_has_a_name_by_the_place() {
    // Between exchanges: in peace.
    let mut c = small();
    assert_eq!(c.handle_eof(), Ok(()));
    assert_eq!((c.step(), c.error(), c.room()), (Step::Close, None, 0));
    let mut c = kept();
    assert_eq!(c.handle_eof(), Ok(()));
    assert!(!c.is_reusable());
    assert_eq!(c.handle_eof(), Ok(()));

    // In an exchange, for each place: without a byte of an answer, within it, within keepalives.
    let answer = [&KEEPALIVE[..], &frame(2, b"ok")].concat();
    for had_worked in [false, true] {
        for at in 0..answer.len() {
            let mut c = if had_worked { kept() } else { small() };
            ask(&mut c, &read("/a"), ms(0));
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
fn the_second_of_two_answers_is_judged_by_itself() {
    let mut c = kept();
    ask(&mut c, &read("/a"), ms(0));
    ask(&mut c, &read("/b"), ms(0));
    feed(&mut c, &frame(1, b"a"), ms(0));
    assert_eq!(c.clone().handle_eof(), Err(ConnectionError::Stale));
    feed(&mut c, &KEEPALIVE[..1], ms(0));
    assert_eq!(c.handle_eof(), Err(ConnectionError::Truncated));
}

#[test]
fn a_write_may_be_sent_again_unless_its_last_byte_went_out() {
    let request = write("/a", "on");
    let len = request.encoded_len();
    for sent in 0..=len {
        for in_front in [false, true] {
            let mut c = kept();
            if in_front {
                ask(&mut c, &read("/x"), ms(0));
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
fn what_may_happen_twice_goes_by_the_type() {
    for number in [-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] {
        let mut c = small();
        ask(&mut c, &Request::raw(MessageType(number), b"/a\0").unwrap(), ms(0));
        assert_eq!(c.handle_timeout(ms(2000)), Err(ConnectionError::TimedOut(Timeout::Inactivity)));
        let resend = match number {
            -1 | 3 | 11 => Resend::MayHappenTwice,
            _ => Resend::Safe,
        };
        assert_eq!(lost(&mut c), [(0, resend)], "type {number}");
    }
}

#[test]
fn nothing_is_lost_while_the_connection_is_good() {
    let mut c = kept();
    assert_eq!(c.poll_lost(), None);
    ask(&mut c, &read("/a"), ms(0));
    assert_eq!(c.poll_lost(), None);
    assert_eq!(feed(&mut c, &frame(1, b"a"), ms(0)), ["#1 ret 1 [a]", "need 24"]);
}

#[test]
fn data_on_an_idle_connection_is_an_error() {
    for bytes in [&KEEPALIVE[..], &frame(0, b""), b"x"] {
        for mut c in [small(), kept()] {
            let mut input = bytes;
            assert_eq!(c.handle_input(&mut &b""[..], ms(0)), Ok(Event::NeedMore(24)));
            assert_eq!(c.handle_input(&mut input, ms(0)), Err(ConnectionError::UnexpectedData));
            assert_eq!(input.len(), bytes.len());
            assert_eq!(c.step(), Step::Close);
            assert_eq!(c.request(&read("/a"), ms(0)), Err(SendError::ConnectionEnded));
        }
    }
    // Behind the answer in the same segment, kept or not.
    for flags in [KEEP, Flags::NONE] {
        let mut c = small();
        ask(&mut c, &read("/a"), ms(0));
        let input = [frame_with(flags, 1, b"a"), frame(1, b"b")].concat();
        assert_eq!(feed(&mut c, &input, ms(0)), ["#0 ret 1 [a]", "failed: UnexpectedData"]);
    }
}

/// Brings a connection to a failure.
type Failing = fn() -> Small;

/// One way into each failure.
const FAILURES: [(ConnectionError, Failing); 12] = [
    (ConnectionError::Decode(DecodeError::UnexpectedVersion { version: Version(0x0100_0000) }), || {
        fed(&read("/a"), &[1; 1], &[0; 23])
    }),
    (ConnectionError::Decode(DecodeError::PayloadTooLarge { announced: 17, limit: 16 }), || {
        let mut c = small().with_payload_limit(16);
        ask(&mut c, &read("/a"), ms(0));
        feed(&mut c, &frame(17, &[b'x'; 17])[..24], ms(0));
        c
    }),
    (ConnectionError::Decode(DecodeError::StorageTooSmall { announced: 65, capacity: 64 }), || {
        fed(&read("/a"), &frame(65, &[b'x'; 65])[..24], b"")
    }),
    (ConnectionError::Decode(DecodeError::EntryTooLong { capacity: 64 }), || {
        fed(&Request::dirall("/").unwrap(), &frame(0, &[b'x'; 66])[..60], &[b'x'; 29])
    }),
    (ConnectionError::UnexpectedData, || {
        let mut c = kept();
        feed(&mut c, b"x", ms(0));
        c
    }),
    (ConnectionError::Stale, || {
        let mut c = kept();
        ask(&mut c, &read("/a"), ms(0));
        assert!(c.handle_eof().is_err());
        c
    }),
    (ConnectionError::Closed, || {
        let mut c = small();
        c.request(&read("/a"), ms(0)).unwrap();
        assert!(c.handle_eof().is_err());
        c
    }),
    (ConnectionError::Truncated, || {
        let mut c = fed(&read("/a"), &KEEPALIVE, b"");
        assert!(c.handle_eof().is_err());
        c
    }),
    (ConnectionError::PersistenceWithdrawn, || {
        let mut c = kept();
        ask(&mut c, &read("/a"), ms(0));
        c.request(&read("/b"), ms(0)).unwrap();
        feed(&mut c, &frame_with(Flags::NONE, 0, b""), ms(0));
        c
    }),
    (ConnectionError::TimedOut(Timeout::Inactivity), || {
        let mut c = fed(&read("/a"), b"", b"");
        assert!(c.handle_timeout(ms(DEFAULT_INACTIVITY)).is_err());
        c
    }),
    (ConnectionError::TimedOut(Timeout::Total), || {
        let mut c = small();
        c.request_within(&read("/a"), Duration::from_micros(1), ms(0)).unwrap();
        assert!(c.handle_timeout(Instant::from_micros(1)).is_err());
        c
    }),
    (ConnectionError::TimedOut(Timeout::Total), || {
        let mut c = small();
        c.request_within(&read("/a"), Duration::from_micros(1), ms(0)).unwrap();
        send(&mut c, ms(0));
        feed(&mut c, b"", ms(1));
        c
    }),
];

fn fed(request: &Request<'_>, first: &[u8], second: &[u8]) -> Small {
    let mut c = small();
    ask(&mut c, request, ms(0));
    feed(&mut c, first, ms(0));
    feed(&mut c, second, ms(0));
    c
}

#[test]
fn a_failed_connection_says_so_to_every_call_and_reset_mends_it() {
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

        // What is left to be lost is forgotten too.
        for mut c in [c, failing()] {
            c.reset();
            assert_eq!((c.error(), c.step(), c.room()), (None, Step::Idle, 1), "{error:?}");
            assert_eq!((c.in_flight(), c.poll_timeout(), c.poll_lost()), (0, None, None));
            assert_eq!(c.poll_transmit(), b"");
            let request = read("/again");
            let id = c.request(&request, ms(5000)).unwrap();
            assert_eq!(c.poll_timeout(), Some((ms(7000), Timeout::Inactivity)), "{error:?}");
            assert_eq!(send(&mut c, ms(5000)), request.parts(&mut [0; HEADER_LEN]).concat());
            let expected = [format!("#{} ret 1 [a]", id.0), "need 24".to_string()];
            assert_eq!(feed(&mut c, &answer, ms(5000)), expected);
            assert!(c.is_reusable());
        }
    }
}

#[test]
fn a_reset_connection_is_new_to_the_server() {
    // Kept before, with a request half sent and half an answer there.
    let mut c = kept();
    ask(&mut c, &read("/a"), ms(0));
    c.request(&write("/b", "1"), ms(0)).unwrap();
    c.handle_transmitted(3, ms(0));
    feed(&mut c, &frame(3, b"abc")[..25], ms(0));
    c.reset();
    assert_eq!((c.room(), c.is_reusable()), (1, false));
    ask(&mut c, &write("/b", "1"), ms(0));
    assert_eq!(c.handle_eof(), Err(ConnectionError::Closed));
    // Ids go on, so that nobody takes an old one for a new one.
    assert_eq!(lost(&mut c), [(3, Resend::MayHappenTwice)]);
}

#[test]
fn settings_outlive_a_reset() {
    let mut c = Connection::<_, _, 2>::new([0; 64], [0; 64])
        .with_timeouts(Timeouts { inactivity: Duration::from_secs(9), total: Duration::from_secs(7) })
        .with_payload_limit(3)
        .with_list_limit(5);
    c.reset();
    ask(&mut c, &read("/a"), ms(0));
    assert_eq!(c.poll_timeout(), Some((ms(7000), Timeout::Total)));
    assert_eq!(
        feed(&mut c, &frame(4, b"four"), ms(0)),
        ["failed: Decode(PayloadTooLarge { announced: 4, limit: 3 })"]
    );
    c.reset();
    ask(&mut c, &Request::dirall("/").unwrap(), ms(0));
    assert_eq!(
        feed(&mut c, &frame(0, b"/a,/b\0"), ms(0)),
        ["failed: Decode(PayloadTooLarge { announced: 6, limit: 5 })"]
    );
}

#[test]
fn the_first_failure_is_the_one_that_counts() {
    // The server withdraws persistence while a write is under way: it did not read it. That its socket then
    // fails too changes nothing.
    let mut c = kept();
    ask(&mut c, &read("/a"), ms(1));
    ask(&mut c, &write("/b", "1"), ms(1));
    assert_eq!(
        feed(&mut c, &frame_with(Flags::NONE, 1, b"x"), ms(2)),
        ["#1 ret 1 [x]", "failed: PersistenceWithdrawn"]
    );
    assert_eq!(c.handle_transport_error(), ConnectionError::PersistenceWithdrawn);
    assert_eq!(c.error(), Some(ConnectionError::PersistenceWithdrawn));
    assert_eq!(lost(&mut c), [(2, Resend::Safe)]);
}
