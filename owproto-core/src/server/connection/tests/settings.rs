//! What can be set, and where its limits are.

use super::*;

fn due(c: &Small) -> Option<(Instant, Timeout)> {
    c.poll_timeout()
}

#[test]
fn timeouts_can_be_changed_at_any_time() {
    let mut c = connection();
    assert_eq!(due(&c), Some((ms(10_000), Timeout::Request)));
    c.set_timeouts(Timeouts { request: Duration::from_secs(3), ..Timeouts::DEFAULT });
    assert_eq!(due(&c), Some((ms(3000), Timeout::Request)));
}

/// A connection that was kept, with these limits for idle clients, in seconds.
fn idle(low: u64, high: u64) -> Small {
    let (idle_low, idle_high) = (Duration::from_secs(low), Duration::from_secs(high));
    let mut c = connection().with_timeouts(Timeouts { idle_low, idle_high, ..Timeouts::DEFAULT });
    ask(&mut c, &nop(), ms(0));
    c.answer(ms(0)).unwrap().1.success().unwrap();
    drain(&mut c, ms(0));
    c
}

#[test]
fn of_two_limits_the_first_is_due_and_the_lower_one_if_they_come_together() {
    for (low, high, at, timeout) in [
        (5, 9, 5, Timeout::IdleLow),
        (9, 5, 5, Timeout::IdleHigh),
        (5, 5, 5, Timeout::IdleLow),
        (0, 5, 5, Timeout::IdleHigh),
        (5, 0, 5, Timeout::IdleLow),
    ] {
        assert_eq!(due(&idle(low, high)), Some((ms(at * 1000), timeout)), "{low} {high}");
    }
    assert_eq!(due(&idle(0, 0)), None);
}

#[test]
fn no_input_is_no_beginning_of_a_request() {
    let mut c = idle(5, 9);
    assert_eq!(feed(&mut c, b"", ms(1000)), (Event::NeedMore(24), 0));
    assert_eq!(due(&c), Some((ms(5000), Timeout::IdleLow)));
    assert_eq!(feed(&mut c, b"\0", ms(1000)), (Event::NeedMore(23), 0));
    assert_eq!(due(&c), Some((ms(11_000), Timeout::Request)));
}

#[test]
fn the_limit_for_what_waits_can_be_changed() {
    let mut c = connection();
    c.set_transmit_limit(30);
    ask(&mut c, &read("/a"), ms(0));
    let (_, mut answer) = c.answer(ms(0)).unwrap();
    assert_eq!((answer.capacity(), answer.value(b"1234567", 0).is_err()), (30, true));
    answer.value(b"123456", 0).unwrap();
}

#[test]
fn a_write_without_data_is_a_request_and_one_without_a_path_is_none() {
    let write = |payload, size| Header { code: 3, payload, size, ..Header::default() };
    for (header, payload, is_right) in [
        (write(3, 0), &b"/a\0"[..], true),
        (write(4, 1), b"/a\0x", true),
        (write(3, 3), b"/a\0", false),
        (write(3, 4), b"/a\0", false),
        (write(3, -1), b"/a\0", false),
        // Without a payload there is an answer: no path.
        (write(0, 0), b"", true),
    ] {
        let mut c = connection();
        let (event, left) = feed(&mut c, &reply(header, payload), ms(0));
        assert_eq!((event, left), (if is_right { Event::Request } else { Event::Ended }, 0), "{header}");
        let End::MalformedWrite { size, payload } = c.end().unwrap_or(End::Closed) else { continue };
        assert_eq!((size, payload), (header.size, header.payload));
    }
}

#[test]
fn it_says_whether_the_client_has_closed_its_side() {
    let mut c = connection();
    assert!(!c.is_half_closed());
    ask(&mut c, &nop(), ms(0));
    c.handle_eof();
    assert!(c.is_half_closed());
    c.reset(ms(0));
    assert!(!c.is_half_closed());
}

#[test]
fn nothing_sent_is_no_progress() {
    let (send, send_total) = (Duration::from_secs(10), Duration::ZERO);
    let mut c = connection().with_timeouts(Timeouts { send, send_total, ..Timeouts::DEFAULT });
    ask(&mut c, &read("/a"), ms(0));
    c.answer(ms(0)).unwrap().1.value(b"x", 0).unwrap();
    c.handle_transmitted(0, ms(5000));
    assert_eq!(due(&c), Some((ms(10_000), Timeout::Send)));
    c.handle_transmitted(1, ms(5000));
    assert_eq!(due(&c), Some((ms(15_000), Timeout::Send)));
    assert_eq!(c.poll_transmit().len(), HEADER_LEN);
}

#[test]
fn half_a_keepalive_is_never_put() {
    let mut c = Connection::new([0; HEADER_LEN - 1], [0; 128]);
    assert_eq!(c.handle_input(&mut &nop()[..], ms(0)), Event::Request);
    assert_eq!(c.handle_timeout(ms(1000)), Some(Timeout::Keepalive));
    assert_eq!(c.poll_transmit(), b"");
}

#[test]
fn what_waits_is_dropped_with_its_socket() {
    let mut c = connection();
    ask(&mut c, &read("/a"), ms(0));
    c.answer(ms(0)).unwrap().1.value(b"x", 0).unwrap();
    c.reset(ms(7));
    assert_eq!((c.poll_transmit(), c.step()), (&b""[..], Step::Read));
    assert_eq!(due(&c), Some((ms(10_007), Timeout::Request)));
    ask(&mut c, &nop(), ms(7));
}
