use super::*;

#[test]
fn a_silent_server_times_out_at_the_exact_moment() {
    let mut c = new_connection();
    assert_eq!(c.poll_timeout(), None);
    c.request(&read("/a"), ms(1000)).unwrap();
    // A server that does not read the request is silent too.
    assert_eq!(c.poll_timeout(), Some((ms(1000 + DEFAULT_INACTIVITY), Timeout::Inactivity)));
    send_all(&mut c, ms(1500));
    let end = ms(1500 + DEFAULT_INACTIVITY);
    assert_eq!(c.poll_timeout(), Some((end, Timeout::Inactivity)));
    assert_eq!(c.handle_timeout(just_before(end)), Ok(()));
    assert_eq!(c.step(), Step::Read);
    let error = ConnectionError::TimedOut(Timeout::Inactivity);
    assert_eq!(c.handle_timeout(end), Err(error));
    assert_eq!(c.step(), Step::Close);
    assert_eq!(c.poll_timeout(), None);
    assert_eq!(lost(&mut c), [(0, Resend::Safe)]);
}

#[test]
fn bytes_and_keepalives_restart_the_inactivity_timeout() {
    let mut c = new_connection();
    send_request(&mut c, &read("/a"), ms(0));
    let answer = frame(2, b"ok");
    let next_timeout = |c: &TestConnection| c.poll_timeout().unwrap();
    //  1.9 s  a keepalive
    assert_eq!(feed(&mut c, &KEEPALIVE, ms(1900)), ["keepalive", "need 24"]);
    assert_eq!(next_timeout(&c), (ms(3900), Timeout::Inactivity));
    //  3.8 s  one byte of a keepalive, the others 1.9 s later
    assert_eq!(feed(&mut c, &KEEPALIVE[..1], ms(3800)), ["need 23"]);
    assert_eq!(next_timeout(&c), (ms(5800), Timeout::Inactivity));
    assert_eq!(feed(&mut c, &KEEPALIVE[1..], ms(5700)), ["keepalive", "need 24"]);
    //  7.6 s  the answer, one byte each 1.9 s
    for (n, byte) in (0u64..).zip(&answer) {
        let now = ms(7600 + 1900 * n);
        assert_eq!(c.handle_timeout(now), Ok(()));
        feed(&mut c, &[*byte], now);
        assert_eq!(c.poll_timeout().is_none(), n == 25, "byte {n}");
    }
    assert_eq!(c.step(), Step::Idle);
    // Empty input is not activity.
    send_request(&mut c, &read("/a"), ms(100_000));
    assert_eq!(feed(&mut c, b"", ms(101_000)), ["need 24"]);
    assert_eq!(next_timeout(&c), (ms(102_000), Timeout::Inactivity));
}

#[test]
fn inactivity_starts_at_the_last_byte_sent() {
    let mut c = new_connection();
    c.request(&read("/a"), ms(0)).unwrap();
    c.handle_transmitted(1, ms(700));
    assert_eq!(c.poll_timeout(), Some((ms(2700), Timeout::Inactivity)));
    c.handle_transmitted(0, ms(1500));
    assert_eq!(c.poll_timeout(), Some((ms(2700), Timeout::Inactivity)));
    c.handle_transmitted(1000, ms(1600));
    assert_eq!(c.poll_timeout(), Some((ms(3600), Timeout::Inactivity)));
    assert_eq!(c.step(), Step::Read);
    // No byte was left to send, so this is not activity.
    c.handle_transmitted(1000, ms(1700));
    assert_eq!(c.poll_timeout(), Some((ms(3600), Timeout::Inactivity)));
}

#[test]
fn an_idle_connection_has_no_timeout() {
    let mut c = persistent_connection();
    assert_eq!(c.poll_timeout(), None);
    assert_eq!(c.handle_timeout(ms(3_600_000)), Ok(()));
    send_request(&mut c, &read("/a"), ms(3_600_000));
    assert_eq!(c.poll_timeout(), Some((ms(3_602_000), Timeout::Inactivity)));
}

#[test]
fn keepalives_do_not_postpone_the_total_timeout() {
    let total = Timeouts { inactivity: Duration::from_secs(2), total: Duration::from_secs(5) };
    let expired = ConnectionError::TimedOut(Timeout::Total);
    let with_request = || {
        let mut c = new_connection().with_timeouts(total);
        send_request(&mut c, &read("/a"), ms(100));
        for second in 1..5 {
            let now = ms(100 + second * 1000);
            assert_eq!(c.handle_timeout(now), Ok(()));
            assert_eq!(feed(&mut c, &KEEPALIVE, now), ["keepalive", "need 24"]);
        }
        assert_eq!(c.poll_timeout(), Some((ms(5100), Timeout::Total)));
        c
    };
    // Without input.
    let mut c = with_request();
    assert_eq!(c.handle_timeout(just_before(ms(5100))), Ok(()));
    assert_eq!(c.handle_timeout(ms(5100)), Err(expired));
    // An answer that arrives a microsecond before the deadline, or at it.
    let answer = frame(2, b"ok");
    let mut c = with_request();
    assert_eq!(feed(&mut c, &answer, just_before(ms(5100))), ["#0 ret 2 [ok]", "need 24"]);
    let mut c = with_request();
    let mut input = &answer[..];
    assert_eq!(c.handle_input(&mut input, ms(5100)), Err(expired));
    assert_eq!(input.len(), answer.len());
    assert_eq!(lost(&mut c), [(0, Resend::Safe)]);
    // The rest of an answer that arrives at the deadline.
    let mut c = with_request();
    assert_eq!(feed(&mut c, &answer[..25], ms(5099)), ["need 1"]);
    assert_eq!(c.handle_input(&mut &answer[25..], ms(5100)), Err(expired));
}

#[test]
fn the_earlier_of_two_timeouts_is_returned() {
    for (inactivity, total, expected) in [
        (2000, 0, Some((ms(2000), Timeout::Inactivity))),
        (0, 5000, Some((ms(5000), Timeout::Total))),
        (2000, 1999, Some((ms(1999), Timeout::Total))),
        (2000, 2001, Some((ms(2000), Timeout::Inactivity))),
        (2000, 2000, Some((ms(2000), Timeout::Total))),
        (0, 0, None),
    ] {
        let mut c = new_connection().with_timeouts(Timeouts {
            inactivity: Duration::from_millis(inactivity),
            total: Duration::from_millis(total),
        });
        send_request(&mut c, &read("/a"), ms(0));
        assert_eq!(c.poll_timeout(), expected, "{inactivity} {total}");
        match expected {
            Some((at, which)) => {
                assert_eq!(c.handle_timeout(just_before(at)), Ok(()));
                assert_eq!(c.handle_timeout(at), Err(ConnectionError::TimedOut(which)));
            }
            None => assert_eq!(c.handle_timeout(Instant::from_micros(u64::MAX - 1)), Ok(())),
        }
    }
}

#[test]
fn each_request_has_its_own_deadline() {
    let mut c = persistent_connection();
    let secs = Duration::from_secs;
    let first = c.request_within(&read("/a"), secs(10), ms(0)).unwrap();
    c.request_within(&read("/b"), Duration::ZERO, ms(0)).unwrap();
    c.request_within(&read("/c"), secs(1), ms(100)).unwrap();
    send_all(&mut c, ms(100));
    assert_eq!(first.0, 1);
    // The earliest deadline counts, though it is that of the newest request.
    assert_eq!(c.poll_timeout(), Some((ms(1100), Timeout::Total)));
    assert_eq!(feed(&mut c, &frame(1, b"a"), ms(200)), ["#1 ret 1 [a]", "need 24"]);
    assert_eq!(c.poll_timeout(), Some((ms(1100), Timeout::Total)));
    assert_eq!(feed(&mut c, &frame(1, b"b"), ms(300)), ["#2 ret 1 [b]", "need 24"]);
    assert_eq!(c.poll_timeout(), Some((ms(1100), Timeout::Total)));
    assert_eq!(feed(&mut c, &frame(1, b"c"), ms(400)), ["#3 ret 1 [c]", "need 24"]);
    assert_eq!(c.poll_timeout(), None);

    // Once that request is answered, the next deadline counts.
    let mut c = persistent_connection();
    c.request_within(&read("/a"), secs(1), ms(0)).unwrap();
    c.request_within(&read("/b"), secs(10), ms(0)).unwrap();
    c.request_within(&read("/c"), secs(9), ms(0)).unwrap();
    send_all(&mut c, ms(0));
    c.set_timeouts(Timeouts { inactivity: secs(60), ..Timeouts::NONE });
    assert_eq!(c.poll_timeout(), Some((ms(1000), Timeout::Total)));
    feed(&mut c, &frame(1, b"a"), ms(500));
    assert_eq!(c.poll_timeout(), Some((ms(9000), Timeout::Total)));
    feed(&mut c, &frame(1, b"b"), ms(500));
    assert_eq!(c.poll_timeout(), Some((ms(9000), Timeout::Total)));
}

#[test]
fn new_timeouts_apply_to_inactivity_immediately_and_to_later_requests_in_total() {
    let mut c = new_connection();
    send_request(&mut c, &read("/a"), ms(0));
    c.set_timeouts(Timeouts { inactivity: Duration::from_millis(700), total: Duration::from_millis(500) });
    assert_eq!(c.poll_timeout(), Some((ms(700), Timeout::Inactivity)));
    feed(&mut c, &frame(0, b""), ms(0));
    send_request(&mut c, &read("/b"), ms(1000));
    assert_eq!(c.poll_timeout(), Some((ms(1500), Timeout::Total)));
}

#[test]
fn a_second_request_is_activity_only_when_it_is_sent() {
    let mut c = persistent_connection();
    send_request(&mut c, &read("/a"), ms(0));
    c.request(&read("/b"), ms(1000)).unwrap();
    // It is not sent yet.
    assert_eq!(c.poll_timeout(), Some((ms(2000), Timeout::Inactivity)));
    send_all(&mut c, ms(1500));
    assert_eq!(c.poll_timeout(), Some((ms(3500), Timeout::Inactivity)));
}
