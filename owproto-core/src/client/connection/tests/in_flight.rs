use super::*;

#[test]
fn a_new_connection_has_room_for_one() {
    let mut c = new_connection();
    assert_eq!(c.room(), 1);
    send_request(&mut c, &read("/a"), ms(0));
    assert_eq!(c.room(), 0);
    assert_eq!(c.request(&read("/b"), ms(0)), Err(SendError::TooManyInFlight));
    feed(&mut c, &frame(0, b""), ms(0));
    assert_eq!(c.room(), 4);
    for left in [3, 2, 1, 0] {
        send_request(&mut c, &read("/b"), ms(0));
        assert_eq!(c.room(), left);
    }
    assert_eq!(c.request(&read("/c"), ms(0)), Err(SendError::TooManyInFlight));
    assert_eq!(c.in_flight(), 4);

    let mut none: Connection<_, _, 0> = Connection::new([0; 64], [0; 64]);
    assert_eq!(none.room(), 0);
    assert_eq!(none.request(&read("/a"), ms(0)), Err(SendError::TooManyInFlight));
    assert_eq!(none.step(), Step::Idle);
}

#[test]
fn requests_are_answered_in_order() {
    let mut c = persistent_connection();
    let requests = [read("/a"), Request::dir("/d").unwrap().with_flags(PERSISTENCE), write("/c", "7")];
    let mut expected = Vec::new();
    for request in &requests {
        c.request(request, ms(1)).unwrap();
        expected.extend(request.parts(&mut [0; HEADER_LEN]).concat());
    }
    assert_eq!(c.room(), 1);
    assert_eq!(c.step(), Step::Write);
    assert_eq!(c.poll_transmit(), expected);
    c.handle_transmitted(expected.len(), ms(1));
    assert_eq!(c.step(), Step::Read);
    let answers =
        [frame(1, b"a"), frame(0, b"/d/e\0"), KEEPALIVE.to_vec(), frame(0, b""), frame(0, b"")].concat();
    assert_eq!(
        feed(&mut c, &answers, ms(2)),
        ["#1 ret 1 [a]", "#2 /d/e", "keepalive", "#2 ret 0 []", "#3 ret 0 []", "need 24"]
    );
    assert_eq!((c.step(), c.in_flight(), c.room()), (Step::Idle, 0, 4));
}

#[test]
fn no_request_follows_one_without_persistence() {
    let mut c = persistent_connection();
    send_request(&mut c, &read("/a"), ms(0));
    send_request(&mut c, &Request::nop(), ms(0));
    assert_eq!(c.room(), 0);
    assert_eq!(c.request(&Request::nop(), ms(0)), Err(SendError::TooManyInFlight));
    assert_eq!(feed(&mut c, &frame(1, b"a"), ms(0)), ["#1 ret 1 [a]", "need 24"]);
    assert_eq!(c.step(), Step::Read);
    assert_eq!(feed(&mut c, &frame_with(Flags::NONE, 0, b""), ms(0)), ["#2 ret 0 []", "need 24"]);
    assert_eq!((c.step(), c.error(), c.is_reusable()), (Step::Close, None, false));
    assert_eq!((c.room(), c.poll_timeout(), c.poll_lost()), (0, None, None));
    assert_eq!(c.request(&Request::nop(), ms(0)), Err(SendError::ConnectionEnded));
    assert_eq!(c.handle_eof(), Ok(()));
    assert_eq!(c.handle_timeout(ms(100_000)), Ok(()));
}

#[test]
fn persistence_has_to_be_requested_and_granted_in_the_last_reply() {
    for (requested, granted, is_persistent) in [
        (PERSISTENCE, PERSISTENCE, true),
        (PERSISTENCE, Flags::NONE, false),
        (Flags::NONE, PERSISTENCE, false),
    ] {
        for request in [Request::read("/"), Request::dir("/"), Request::dirall("/")] {
            let mut c = new_connection();
            send_request(&mut c, &request.unwrap().with_flags(requested), ms(0));
            // Keepalives have no flags. Those of an entry do not count either: here they are the opposite.
            feed(&mut c, &KEEPALIVE, ms(0));
            if request.unwrap().message_type() == MessageType::DIR {
                feed(&mut c, &frame_with(!granted & PERSISTENCE, 0, b"/a\0"), ms(0));
            }
            assert!(!c.is_reusable());
            feed(&mut c, &frame_with(granted, -1, b""), ms(0));
            assert_eq!(c.is_reusable(), is_persistent, "{requested} {granted} {request:?}");
            assert_eq!(c.step(), if is_persistent { Step::Idle } else { Step::Close });
        }
    }
}

#[test]
fn requests_after_withdrawn_persistence_are_safe_to_send_again() {
    let mut c = persistent_connection();
    send_request(&mut c, &read("/a"), ms(0));
    send_request(&mut c, &write("/b", "1"), ms(0));
    c.request(&read("/c"), ms(0)).unwrap();
    let withdrawn = ConnectionError::PersistenceWithdrawn;
    // The answer itself is valid.
    let answer = [frame_with(Flags::NONE, 1, b"a"), frame(0, b"")].concat();
    let mut input = &answer[..];
    let Ok(Event::Reply(id, reply)) = c.handle_input(&mut input, ms(1)) else { panic!() };
    assert_eq!((id.0, reply.payload()), (1, &b"a"[..]));
    assert_eq!(c.step(), Step::Close);
    assert_eq!(c.error(), Some(withdrawn));
    assert_eq!(c.handle_input(&mut input, ms(1)), Err(withdrawn));
    assert_eq!(input.len(), 24);
    assert_eq!(c.poll_transmit(), b"");
    assert_eq!(lost(&mut c), [(2, Resend::Safe), (3, Resend::Safe)]);
    assert!(withdrawn.is_stale());
}

#[test]
fn input_before_a_request_is_sent_is_not_its_answer() {
    // A stray reply on an idle connection, received when the next request is queued or partly sent. The server has not read
    // the request, so even a write may be sent again.
    let stray = frame(5, b"stray");
    let request = write("/a", "1");
    for (sent, stray) in (0..request.encoded_len()).flat_map(|sent| [(sent, &stray[..1]), (sent, &stray)]) {
        let mut c = persistent_connection();
        c.request(&request, ms(1)).unwrap();
        c.handle_transmitted(sent, ms(1));
        assert_eq!(feed(&mut c, b"", ms(1)), ["need 24"]);
        assert_eq!(feed(&mut c, stray, ms(1)), ["failed: UnexpectedData"], "{sent} bytes sent");
        assert_eq!(lost(&mut c), [(1, Resend::Safe)]);
    }
    // The answer to an earlier request may arrive while a later one is being sent.
    let mut c = persistent_connection();
    send_request(&mut c, &read("/a"), ms(1));
    c.request(&request, ms(1)).unwrap();
    c.handle_transmitted(1, ms(1));
    assert_eq!(feed(&mut c, &frame(1, b"x"), ms(1)), ["#1 ret 1 [x]", "need 24"]);
    send_all(&mut c, ms(1));
    assert_eq!(feed(&mut c, &frame(0, b""), ms(1)), ["#2 ret 0 []", "need 24"]);
}
