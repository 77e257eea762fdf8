use super::*;

#[test]
fn a_silent_server_is_given_up_at_the_exact_moment() {
    let mut c = small();
    assert_eq!(c.poll_timeout(), None);
    c.request(&read("/a"), ms(1000)).unwrap();
    // A server that does not even take the request is silent too.
    assert_eq!(c.poll_timeout(), Some((ms(1000 + DEFAULT_INACTIVITY), Timeout::Inactivity)));
    send(&mut c, ms(1500));
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
fn bytes_and_keepalives_begin_the_silence_anew() {
    let mut c = small();
    ask(&mut c, &read("/a"), ms(0));
    let answer = frame(2, b"ok");
    let silence = |c: &Small| c.poll_timeout().unwrap();
    //  1.9 s  a keepalive
    assert_eq!(feed(&mut c, &KEEPALIVE, ms(1900)), ["keepalive", "need 24"]);
    assert_eq!(silence(&c), (ms(3900), Timeout::Inactivity));
    //  3.8 s  one byte of a keepalive, its rest 1.9 s later
    assert_eq!(feed(&mut c, &KEEPALIVE[..1], ms(3800)), ["need 23"]);
    assert_eq!(silence(&c), (ms(5800), Timeout::Inactivity));
    assert_eq!(feed(&mut c, &KEEPALIVE[1..], ms(5700)), ["keepalive", "need 24"]);
    //  7.6 s … the answer, a byte each 1.9 s
    for (n, byte) in (0u64..).zip(&answer) {
        let now = ms(7600 + 1900 * n);
        assert_eq!(c.handle_timeout(now), Ok(()));
        feed(&mut c, &[*byte], now);
        assert_eq!(c.poll_timeout().is_none(), n == 25, "byte {n}");
    }
    assert_eq!(c.step(), Step::Idle);
    // No bytes are no sign of life.
    ask(&mut c, &read("/a"), ms(100_000));
    assert_eq!(feed(&mut c, b"", ms(101_000)), ["need 24"]);
    assert_eq!(silence(&c), (ms(102_000), Timeout::Inactivity));
}

#[test]
fn silence_is_counted_from_the_last_byte_sent() {
    let mut c = small();
    c.request(&read("/a"), ms(0)).unwrap();
    c.handle_transmitted(1, ms(700));
    assert_eq!(c.poll_timeout(), Some((ms(2700), Timeout::Inactivity)));
    c.handle_transmitted(0, ms(1500));
    assert_eq!(c.poll_timeout(), Some((ms(2700), Timeout::Inactivity)));
    c.handle_transmitted(1000, ms(1600));
    assert_eq!(c.poll_timeout(), Some((ms(3600), Timeout::Inactivity)));
    assert_eq!(c.step(), Step::Read);
    // Nothing was left to send, so this is no activity.
    c.handle_transmitted(1000, ms(1700));
    assert_eq!(c.poll_timeout(), Some((ms(3600), Timeout::Inactivity)));
}

#[test]
fn idle_time_is_no_silence() {
    let mut c = kept();
    assert_eq!(c.poll_timeout(), None);
    assert_eq!(c.handle_timeout(ms(3_600_000)), Ok(()));
    ask(&mut c, &read("/a"), ms(3_600_000));
    assert_eq!(c.poll_timeout(), Some((ms(3_602_000), Timeout::Inactivity)));
}

#[test]
fn the_total_timeout_is_not_put_off() {
    let total = Timeouts { inactivity: Duration::from_secs(2), total: Duration::from_secs(5) };
    let expired = ConnectionError::TimedOut(Timeout::Total);
    let asked = || {
        let mut c = small().with_timeouts(total);
        ask(&mut c, &read("/a"), ms(100));
        for second in 1..5 {
            let now = ms(100 + second * 1000);
            assert_eq!(c.handle_timeout(now), Ok(()));
            assert_eq!(feed(&mut c, &KEEPALIVE, now), ["keepalive", "need 24"]);
        }
        assert_eq!(c.poll_timeout(), Some((ms(5100), Timeout::Total)));
        c
    };
    // By the timer.
    let mut c = asked();
    assert_eq!(c.handle_timeout(just_before(ms(5100))), Ok(()));
    assert_eq!(c.handle_timeout(ms(5100)), Err(expired));
    // By an answer that comes a microsecond before its end, or at its end.
    let answer = frame(2, b"ok");
    let mut c = asked();
    assert_eq!(feed(&mut c, &answer, just_before(ms(5100))), ["#0 ret 2 [ok]", "need 24"]);
    let mut c = asked();
    let mut input = &answer[..];
    assert_eq!(c.handle_input(&mut input, ms(5100)), Err(expired));
    assert_eq!(input.len(), answer.len());
    assert_eq!(lost(&mut c), [(0, Resend::Safe)]);
    // By the rest of an answer.
    let mut c = asked();
    assert_eq!(feed(&mut c, &answer[..25], ms(5099)), ["need 1"]);
    assert_eq!(c.handle_input(&mut &answer[25..], ms(5100)), Err(expired));
}

#[test]
fn the_earlier_of_two_timeouts_is_told() {
    for (inactivity, total, expected) in [
        (2000, 0, Some((ms(2000), Timeout::Inactivity))),
        (0, 5000, Some((ms(5000), Timeout::Total))),
        (2000, 1999, Some((ms(1999), Timeout::Total))),
        (2000, 2001, Some((ms(2000), Timeout::Inactivity))),
        (2000, 2000, Some((ms(2000), Timeout::Total))),
        (0, 0, None),
    ] {
        let mut c = small().with_timeouts(Timeouts {
            inactivity: Duration::from_millis(inactivity),
            total: Duration::from_millis(total),
        });
        ask(&mut c, &read("/a"), ms(0));
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
fn each_request_has_a_deadline_of_its_own() {
    let mut c = kept();
    let secs = Duration::from_secs;
    let first = c.request_within(&read("/a"), secs(10), ms(0)).unwrap();
    c.request_within(&read("/b"), Duration::ZERO, ms(0)).unwrap();
    c.request_within(&read("/c"), secs(1), ms(100)).unwrap();
    send(&mut c, ms(100));
    assert_eq!(first.0, 1);
    // The earliest counts, though it is the last in the row.
    assert_eq!(c.poll_timeout(), Some((ms(1100), Timeout::Total)));
    assert_eq!(feed(&mut c, &frame(1, b"a"), ms(200)), ["#1 ret 1 [a]", "need 24"]);
    assert_eq!(c.poll_timeout(), Some((ms(1100), Timeout::Total)));
    assert_eq!(feed(&mut c, &frame(1, b"b"), ms(300)), ["#2 ret 1 [b]", "need 24"]);
    assert_eq!(c.poll_timeout(), Some((ms(1100), Timeout::Total)));
    assert_eq!(feed(&mut c, &frame(1, b"c"), ms(400)), ["#3 ret 1 [c]", "need 24"]);
    assert_eq!(c.poll_timeout(), None);

    // The earliest is answered: the next earliest counts.
    let mut c = kept();
    c.request_within(&read("/a"), secs(1), ms(0)).unwrap();
    c.request_within(&read("/b"), secs(10), ms(0)).unwrap();
    c.request_within(&read("/c"), secs(9), ms(0)).unwrap();
    send(&mut c, ms(0));
    c.set_timeouts(Timeouts { inactivity: secs(60), ..Timeouts::NONE });
    assert_eq!(c.poll_timeout(), Some((ms(1000), Timeout::Total)));
    feed(&mut c, &frame(1, b"a"), ms(500));
    assert_eq!(c.poll_timeout(), Some((ms(9000), Timeout::Total)));
    feed(&mut c, &frame(1, b"b"), ms(500));
    assert_eq!(c.poll_timeout(), Some((ms(9000), Timeout::Total)));
}

#[test]
fn new_timeouts_hold_for_silence_at_once_and_in_total_for_the_next_request() {
    let mut c = small();
    ask(&mut c, &read("/a"), ms(0));
    c.set_timeouts(Timeouts { inactivity: Duration::from_millis(700), total: Duration::from_millis(500) });
    assert_eq!(c.poll_timeout(), Some((ms(700), Timeout::Inactivity)));
    feed(&mut c, &frame(0, b""), ms(0));
    ask(&mut c, &read("/b"), ms(1000));
    assert_eq!(c.poll_timeout(), Some((ms(1500), Timeout::Total)));
}

#[test]
fn a_request_behind_another_does_not_break_the_silence() {
    let mut c = kept();
    ask(&mut c, &read("/a"), ms(0));
    c.request(&read("/b"), ms(1000)).unwrap();
    // Only when it goes out.
    assert_eq!(c.poll_timeout(), Some((ms(2000), Timeout::Inactivity)));
    send(&mut c, ms(1500));
    assert_eq!(c.poll_timeout(), Some((ms(3500), Timeout::Inactivity)));
}
