use super::*;

fn next_timeout(c: &TestConnection) -> Option<(Instant, Timeout)> {
    c.poll_timeout()
}

#[test]
fn changed_timeouts_apply_immediately() {
    let mut c = new_connection();
    assert_eq!(next_timeout(&c), Some((ms(10_000), Timeout::Request)));
    c.set_timeouts(Timeouts::DEFAULT.with_request(Duration::from_secs(3)));
    assert_eq!(next_timeout(&c), Some((ms(3000), Timeout::Request)));
}

/// A persistent connection with these idle timeouts, in seconds.
fn idle_connection(low: u64, high: u64) -> TestConnection {
    let (idle_low, idle_high) = (Duration::from_secs(low), Duration::from_secs(high));
    let mut c =
        new_connection().with_timeouts(Timeouts::DEFAULT.with_idle_low(idle_low).with_idle_high(idle_high));
    receive_request(&mut c, &nop(), ms(0));
    c.answer(ms(0)).unwrap().1.success().unwrap();
    send_all(&mut c, ms(0));
    c
}

#[test]
fn the_earlier_of_two_timeouts_expires_first_and_the_low_one_of_equal_ones() {
    for (low, high, at, timeout) in [
        (5, 9, 5, Timeout::IdleLow),
        (9, 5, 5, Timeout::IdleHigh),
        (5, 5, 5, Timeout::IdleLow),
        (0, 5, 5, Timeout::IdleHigh),
        (5, 0, 5, Timeout::IdleLow),
    ] {
        assert_eq!(next_timeout(&idle_connection(low, high)), Some((ms(at * 1000), timeout)), "{low} {high}");
    }
    assert_eq!(next_timeout(&idle_connection(0, 0)), None);
}

#[test]
fn empty_input_does_not_start_a_request() {
    let mut c = idle_connection(5, 9);
    assert_eq!(feed(&mut c, b"", ms(1000)), (Event::NeedMore(24), 0));
    assert_eq!(next_timeout(&c), Some((ms(5000), Timeout::IdleLow)));
    assert_eq!(feed(&mut c, b"\0", ms(1000)), (Event::NeedMore(23), 0));
    assert_eq!(next_timeout(&c), Some((ms(11_000), Timeout::Request)));
}

#[test]
fn the_transmit_limit_can_be_changed() {
    let mut c = new_connection();
    c.set_transmit_limit(30);
    receive_request(&mut c, &read("/a"), ms(0));
    let (_, mut answer) = c.answer(ms(0)).unwrap();
    assert_eq!((answer.capacity(), answer.value(b"1234567", 0).is_err()), (30, true));
    answer.value(b"123456", 0).unwrap();
}

#[test]
fn a_write_may_have_no_data_but_needs_a_path() {
    let write = |payload, size| Header { code: 3, payload, size, ..Header::default() };
    for (header, payload, is_valid) in [
        (write(3, 0), &b"/a\0"[..], true),
        (write(4, 1), b"/a\0x", true),
        (write(3, 3), b"/a\0", false),
        (write(3, 4), b"/a\0", false),
        (write(3, -1), b"/a\0", false),
        // Without a payload it is answered: no path.
        (write(0, 0), b"", true),
    ] {
        let mut c = new_connection();
        let (event, left) = feed(&mut c, &reply(header, payload), ms(0));
        assert_eq!((event, left), (if is_valid { Event::Request } else { Event::Ended }, 0), "{header}");
        let End::MalformedWrite { size, payload } = c.end().unwrap_or(End::Closed) else { continue };
        assert_eq!((size, payload), (header.size, header.payload));
    }
}

#[test]
fn eof_is_remembered_until_reset() {
    let mut c = new_connection();
    assert!(!c.is_half_closed());
    receive_request(&mut c, &nop(), ms(0));
    c.handle_eof();
    assert!(c.is_half_closed());
    c.reset(ms(0));
    assert!(!c.is_half_closed());
}

#[test]
fn sending_no_bytes_is_no_progress() {
    let (send, send_total) = (Duration::from_secs(10), Duration::ZERO);
    let mut c = new_connection().with_timeouts(Timeouts::DEFAULT.with_send(send).with_send_total(send_total));
    receive_request(&mut c, &read("/a"), ms(0));
    c.answer(ms(0)).unwrap().1.value(b"x", 0).unwrap();
    c.handle_transmitted(0, ms(5000));
    assert_eq!(next_timeout(&c), Some((ms(10_000), Timeout::Send)));
    c.handle_transmitted(1, ms(5000));
    assert_eq!(next_timeout(&c), Some((ms(15_000), Timeout::Send)));
    assert_eq!(c.poll_transmit().len(), HEADER_LEN);
}

#[test]
fn a_keepalive_that_does_not_fit_is_left_out() {
    let mut c = Connection::new([0; HEADER_LEN - 1], [0; 128]);
    assert_eq!(c.handle_input(&mut &nop()[..], ms(0)), Event::Request);
    assert_eq!(c.handle_timeout(ms(1000)), Some(Timeout::Keepalive));
    assert_eq!(c.poll_transmit(), b"");
}

#[test]
fn reset_drops_bytes_that_wait() {
    let mut c = new_connection();
    receive_request(&mut c, &read("/a"), ms(0));
    c.answer(ms(0)).unwrap().1.value(b"x", 0).unwrap();
    c.reset(ms(7));
    assert_eq!((c.poll_transmit(), c.step()), (&b""[..], Step::Read));
    assert_eq!(next_timeout(&c), Some((ms(10_007), Timeout::Request)));
    receive_request(&mut c, &nop(), ms(7));
}
