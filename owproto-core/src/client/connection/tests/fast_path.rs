//! The fast path does what the other methods do, or nothing.

use super::*;

/// Whether the fast path takes an input. If so, the other methods must have the same effect.
fn takes_reply(c: &TestConnection, input: &[u8], now: Instant) -> bool {
    let (mut fast, mut slow) = (c.clone(), c.clone());
    let before = format!("{c:?}");
    let Some(reply) = fast.handle_whole_reply(input, now) else {
        assert_eq!(format!("{fast:?}"), before, "it returned None, but the connection changed");
        return false;
    };
    let mut rest = input;
    assert!(matches!(slow.handle_input(&mut rest, now), Ok(Event::Reply(_, other)) if other == reply));
    assert!(rest.is_empty());
    assert_eq!(format!("{fast:?}"), format!("{slow:?}"));
    true
}

/// Smaller targets have no fast path for replies.
const IS_AVAILABLE: bool = cfg!(target_pointer_width = "64");

fn with_request(request: &Request<'_>) -> TestConnection {
    let mut c = persistent_connection();
    send_request(&mut c, request, ms(1));
    c
}

#[test]
fn the_fast_path_takes_one_whole_reply() {
    let c = with_request(&read("/a"));
    for answer in [frame(4, b"21.5"), frame(0, b""), frame(-1, b""), frame(-5, b"text"), frame(64, &[7; 64])]
    {
        assert_eq!(takes_reply(&c, &answer, ms(2)), IS_AVAILABLE);
    }
    for flags in [PERSISTENCE, Flags::NONE] {
        assert_eq!(takes_reply(&c, &frame_with(flags, 0, b""), ms(2)), IS_AVAILABLE, "{flags}");
        let mut last = persistent_connection();
        send_request(&mut last, &read("/a").with_flags(Flags::NONE), ms(1));
        assert_eq!(takes_reply(&last, &frame_with(flags, 0, b""), ms(2)), IS_AVAILABLE, "{flags}");
    }
    for other in [Request::nop().with_flags(PERSISTENCE), write("/a", "1"), Request::presence("/a").unwrap()]
    {
        assert_eq!(takes_reply(&with_request(&other), &frame(0, b""), ms(2)), IS_AVAILABLE);
    }
}

#[test]
fn the_fast_path_leaves_input_that_is_not_exactly_one_reply() {
    let c = with_request(&read("/a"));
    let answer = frame(4, b"21.5");
    for end in 0..answer.len() {
        assert!(!takes_reply(&c, &answer[..end], ms(2)), "{end} bytes");
    }
    assert!(!takes_reply(&c, &[&answer[..], b"\0"].concat(), ms(2)), "more input after it");
    assert!(!takes_reply(&c, &KEEPALIVE, ms(2)));
    assert!(!takes_reply(&c, &[&KEEPALIVE[..], &answer].concat(), ms(2)));
    assert!(!takes_reply(&c, &frame(0, &[7; 65]), ms(2)), "more than the storage holds");
    let mut begun = c.clone();
    feed(&mut begun, &answer[..7], ms(2));
    assert!(!takes_reply(&begun, &answer[7..], ms(2)));
    assert!(!takes_reply(&begun, &answer, ms(2)));
}

#[test]
fn the_fast_path_leaves_replies_that_are_not_to_one_sent_request_in_time() {
    let answer = frame(0, b"");
    assert!(!takes_reply(&persistent_connection(), &answer, ms(2)), "no request");
    for listing in [Request::dir("/"), Request::dirall("/"), Request::dirallslash("/")] {
        assert!(!takes_reply(&with_request(&listing.unwrap().with_flags(PERSISTENCE)), &answer, ms(2)));
    }
    let mut two = with_request(&read("/a"));
    send_request(&mut two, &read("/b"), ms(1));
    assert!(!takes_reply(&two, &answer, ms(2)));
    let mut unsent = persistent_connection();
    unsent.request(&read("/a"), ms(1)).unwrap();
    assert!(!takes_reply(&unsent, &answer, ms(2)));
    unsent.handle_transmitted(26, ms(1));
    assert!(!takes_reply(&unsent, &answer, ms(2)), "a byte is missing");
    unsent.handle_transmitted(1, ms(1));
    assert_eq!(takes_reply(&unsent, &answer, ms(2)), IS_AVAILABLE);
    let mut timed = persistent_connection();
    timed.request_within(&read("/a"), Duration::from_millis(5), ms(1)).unwrap();
    send_all(&mut timed, ms(1));
    assert_eq!(takes_reply(&timed, &answer, just_before(ms(6))), IS_AVAILABLE);
    assert!(!takes_reply(&timed, &answer, ms(6)), "too late");
    timed.handle_timeout(ms(6)).unwrap_err();
    assert!(!takes_reply(&timed, &answer, ms(6)), "it has failed");
}

#[test]
fn time_left_is_the_time_until_the_timeout() {
    for total in [0, 500, 5000] {
        let mut c = persistent_connection();
        c.request_within(&read("/a"), Duration::from_millis(total), ms(1)).unwrap();
        send_all(&mut c, ms(2));
        for now in [2, 3, 400, 501, 2000, 2002, 9000] {
            let until = c.poll_timeout().map(|(at, _)| at.saturating_since(ms(now)));
            assert_eq!(c.time_left(ms(now)), until, "{now} ms of {total}");
        }
        c.set_timeouts(Timeouts::DEFAULT.with_inactivity(Duration::ZERO));
        assert_eq!(c.time_left(ms(3)).is_none(), total == 0);
    }
}

/// Whether the fast path takes a request. If so, the other methods must have the same effect.
fn takes_request(c: &TestConnection, request: &Request<'_>, total: Duration, now: Instant) -> bool {
    let (mut fast, mut slow) = (c.clone(), c.clone());
    let before = format!("{c:?}");
    let Some(bytes) = fast.request_if_idle(request, total, now).map(<[u8]>::to_vec) else {
        assert_eq!(format!("{fast:?}"), before, "it returned None, but the connection changed");
        return false;
    };
    slow.request_within(request, total, now).unwrap();
    assert_eq!((&bytes[..], format!("{fast:?}")), (slow.poll_transmit(), format!("{slow:?}")));
    assert_eq!(fast.poll_transmit(), bytes);
    for first in [0, 1, bytes.len() - 1] {
        let (mut fast, mut slow) = (fast.clone(), slow.clone());
        fast.handle_transmitted(first, ms(8));
        fast.handle_all_transmitted(ms(9));
        slow.handle_transmitted(first, ms(8));
        slow.handle_transmitted(bytes.len() - first, ms(9));
        assert_eq!(format!("{fast:?}"), format!("{slow:?}"), "{first} bytes before");
    }
    true
}

#[test]
fn the_fast_path_takes_a_request_while_no_other_is_in_flight() {
    for c in [persistent_connection(), TestConnection::new([0; 128], [0; 64])] {
        for request in
            [read("/a"), read("/a").with_flags(Flags::NONE), Request::dir("/").unwrap(), write("/a", "1")]
        {
            for total in [Duration::ZERO, Duration::from_millis(5)] {
                assert!(takes_request(&c, &request, total, ms(3)));
            }
        }
    }
    assert!(
        !takes_request(&with_request(&read("/a")), &read("/b"), Duration::ZERO, ms(3)),
        "another one is in flight"
    );
    assert!(
        !takes_request(&persistent_connection(), &write("/a", &"1".repeat(128)), Duration::ZERO, ms(3)),
        "it does not fit"
    );
    let mut failed = with_request(&read("/a"));
    failed.handle_transport_error();
    while failed.poll_lost().is_some() {}
    assert!(!takes_request(&failed, &read("/a"), Duration::ZERO, ms(3)), "it has failed");
    let mut ended = persistent_connection();
    ended.handle_eof().unwrap();
    assert!(!takes_request(&ended, &read("/a"), Duration::ZERO, ms(3)), "it has ended");
}
