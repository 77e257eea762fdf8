use super::*;

#[test]
fn each_byte_of_a_request_restarts_its_timeout() {
    let mut c = new_connection().accepted_at(ms(1000));
    assert_eq!(c.poll_timeout(), Some((ms(11_000), Timeout::Request)));
    assert_eq!(feed(&mut c, &nop()[..10], ms(5000)), (Event::NeedMore(14), 0));
    assert_eq!(c.poll_timeout(), Some((ms(15_000), Timeout::Request)));
    assert_eq!(expire_until(&mut c, 20_000), [(15_000, Timeout::Request)]);
    assert_eq!((c.step(), c.end()), (Step::Close, Some(End::TimedOut(Timeout::Request))));
    assert_eq!(c.poll_timeout(), None);
}

#[test]
fn a_request_sent_byte_by_byte_exceeds_its_total_timeout() {
    let mut c = new_connection();
    let request = read("/a");
    let mut at = 0;
    let event = loop {
        let byte = request[at % request.len()];
        let (event, _) = feed(&mut c, &[byte], ms(9000 * at as u64));
        at += 1;
        if event == Event::Ended {
            break event;
        }
        assert!(at < request.len(), "the request was complete");
    };
    assert_eq!((event, at), (Event::Ended, 8));
    assert_eq!(c.end(), Some(End::TimedOut(Timeout::RequestTotal)));
}

#[test]
fn the_low_idle_timeout_is_reported_and_the_high_one_ends_the_connection() {
    let mut c = new_connection();
    receive_request(&mut c, &nop(), ms(0));
    c.answer(ms(0)).unwrap().1.success().unwrap();
    send_all(&mut c, ms(0));
    assert!(c.is_persistent());
    let due = expire_until(&mut c, 4_000_000);
    assert_eq!(due, [(600_000, Timeout::IdleLow), (3_600_000, Timeout::IdleHigh)]);
    assert_eq!(c.end(), Some(End::TimedOut(Timeout::IdleHigh)));
    // A busy server closes the connection at the low idle timeout.
    let mut c = new_connection();
    receive_request(&mut c, &nop(), ms(0));
    c.answer(ms(0)).unwrap().1.success().unwrap();
    send_all(&mut c, ms(0));
    assert_eq!(c.handle_timeout(ms(600_000)), Some(Timeout::IdleLow));
    c.close();
    assert_eq!((c.step(), c.end()), (Step::Close, Some(End::Closed)));
}

#[test]
fn a_client_that_does_not_read_times_out() {
    let mut c = new_connection();
    receive_request(&mut c, &read("/a"), ms(0));
    c.answer(ms(0)).unwrap().1.value(&[7; 100], 0).unwrap();
    c.handle_transmitted(10, ms(30_000));
    assert_eq!(c.poll_timeout(), Some((ms(90_000), Timeout::Send)));
    assert_eq!(expire_until(&mut c, 100_000), [(90_000, Timeout::Send)]);
    assert_eq!((c.step(), c.poll_transmit()), (Step::Close, &b""[..]));
}

#[test]
fn a_client_that_reads_byte_by_byte_times_out() {
    let mut c = new_connection();
    receive_request(&mut c, &read("/a"), ms(0));
    c.answer(ms(0)).unwrap().1.value(&[7; 100], 0).unwrap();
    let mut taken = 0;
    let due = loop {
        let due = expire_until(&mut c, 9_999 * (taken + 1));
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
fn the_send_timeout_restarts_with_each_full_storage_and_excludes_the_time_of_the_bus() {
    // A listing of 100 entries: the bus needs 50 s for each, the client reads it in 118 s.
    let mut c = new_connection();
    receive_request(&mut c, &bytes(&Request::dir("/").unwrap().with_flags(PERSISTENCE)), ms(0));
    let mut at = 0;
    for _ in 0..100 {
        for _ in 0..50 {
            at += 1000;
            assert_eq!(c.handle_timeout(ms(at)), Some(Timeout::Keepalive));
            send_all(&mut c, ms(at));
        }
        c.answer(ms(at)).unwrap().1.entry(b"/10.67C6697351FF").unwrap();
        for _ in 0..2 {
            at += 59_000;
            assert_eq!(c.handle_timeout(ms(at)), None);
            c.handle_transmitted(21, ms(at));
        }
        assert_eq!(c.step(), Step::Answer);
    }
    // Zero means no limit.
    let mut c = new_connection();
    c.set_timeouts(Timeouts::DEFAULT.with_send(Duration::ZERO).with_send_total(Duration::ZERO));
    receive_request(&mut c, &read("/a"), ms(0));
    c.answer(ms(0)).unwrap().1.value(&[7; 100], 0).unwrap();
    assert_eq!(c.poll_timeout(), None);
}
