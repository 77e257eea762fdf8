use super::*;

#[test]
fn pipelined_requests_are_taken_one_at_a_time() {
    let mut c = new_connection();
    let all = [read("/a"), read("/b"), nop()].concat();
    let mut input = &all[..];
    let mut sent = Vec::new();
    for (left, path) in [(27 + 24, Some(&b"/a"[..])), (24, Some(b"/b")), (0, None)] {
        assert_eq!(c.handle_input(&mut input, ms(0)), Event::Request);
        assert_eq!(input.len(), left);
        assert_eq!(c.handle_input(&mut input, ms(0)), Event::Busy);
        assert_eq!(input.len(), left, "no input is taken during an answer");
        let (request, mut answer) = c.answer(ms(0)).unwrap();
        match path {
            Some(path) => {
                assert_eq!(request.path(), Some(path));
                answer.value(path, 0).unwrap();
            }
            None => answer.success().unwrap(),
        }
        sent.extend(send_all(&mut c, ms(0)));
    }
    assert_eq!(sent.len(), 26 + 26 + 24);
    assert_eq!(c.step(), Step::Read);
}

#[test]
fn a_client_that_closed_its_sending_side_gets_its_answers() {
    let mut c = new_connection();
    let all = [read("/a"), read("/b")].concat();
    let mut input = &all[..];
    assert_eq!(c.handle_input(&mut input, ms(0)), Event::Request);
    c.handle_eof();
    assert!(c.is_half_closed());
    c.answer(ms(0)).unwrap().1.value(b"1", 0).unwrap();
    send_all(&mut c, ms(0));
    assert_eq!(c.step(), Step::Read);
    assert_eq!(c.handle_input(&mut input, ms(0)), Event::Request);
    c.answer(ms(0)).unwrap().1.value(b"2", 0).unwrap();
    send_all(&mut c, ms(0));
    assert_eq!((c.step(), input.len()), (Step::Read, 0));
    assert_eq!(c.handle_input(&mut input, ms(0)), Event::Ended);
    assert_eq!(c.end(), Some(End::ClientClosed));
}

#[test]
fn a_transport_error_drops_the_request_and_its_answer() {
    let mut c = new_connection();
    receive_request(&mut c, &read("/a"), ms(0));
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
    receive_request(&mut c, &nop(), ms(5));
    c.answer(ms(5)).unwrap().1.success().unwrap();
    assert_eq!(send_all(&mut c, ms(5)).len(), 24);
}

#[test]
fn malformed_requests_end_the_connection_without_a_reply() {
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
        let mut c = new_connection();
        assert_eq!(feed(&mut c, &bytes, ms(0)).0, Event::Ended);
        assert_eq!((c.step(), c.end(), c.poll_transmit()), (Step::Close, Some(end), &b""[..]));
        assert_eq!(feed(&mut c, &nop(), ms(0)).0, Event::Ended, "no later request is taken");
    }
}

#[test]
fn replies_that_wait_are_sent_before_a_malformed_request_closes_the_connection() {
    let mut c = new_connection();
    receive_request(&mut c, &nop(), ms(0));
    c.answer(ms(0)).unwrap().1.success().unwrap();
    let broken = Header { payload: -1, ..Header::default() }.to_bytes();
    assert_eq!(feed(&mut c, &broken, ms(0)).0, Event::Ended);
    assert_eq!(c.step(), Step::Write);
    send_all(&mut c, ms(0));
    assert_eq!(c.step(), Step::Close);
}

#[test]
fn a_request_with_the_own_token_at_any_position_is_a_loop() {
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
        let mut c = new_connection().with_token(own);
        let request = Request::read("/a").unwrap().with_tokens(Tokens::new(&tokens).unwrap()).unwrap();
        let event = feed(&mut c, &bytes(&request), ms(0)).0;
        assert_eq!(event == Event::Ended, is_loop, "{tokens:?}");
        assert_eq!(c.end(), is_loop.then_some(End::Loop));
        if !is_loop {
            assert_eq!(c.request().unwrap().tokens.as_slice(), tokens, "unchanged");
        }
    }
}

#[test]
fn a_request_that_does_not_fit_is_cut_and_the_stream_continues() {
    let mut c = new_connection();
    let long = [b'a'; 200];
    let all = [bytes(&Request::read(&long).unwrap().with_flags(PERSISTENCE)), nop()].concat();
    for cut in [1, 24, 30, 150, 151, 152, 153, 200, 224] {
        c.reset(ms(0));
        assert!(matches!(feed(&mut c, &all[..cut], ms(0)), (Event::NeedMore(_), 0)));
        let mut rest = &all[cut..];
        assert_eq!(c.handle_input(&mut rest, ms(0)), Event::Request);
        let (request, mut answer) = c.answer(ms(0)).unwrap();
        assert!(request.is_cut());
        assert_eq!(request.header.payload, 201);
        answer.error(ReturnCode::MESSAGE_SIZE).unwrap();
        send_all(&mut c, ms(0));
        assert_eq!(c.handle_input(&mut rest, ms(0)), Event::Request);
        assert!(!c.request().unwrap().is_cut());
    }
}

#[test]
fn the_version_word_of_a_request_is_ignored() {
    for version in [7, 1 << 17, -33_554_432] {
        let mut c = new_connection();
        let request = Request::nop().with_raw_version(Version(version));
        receive_request(&mut c, &bytes(&request), ms(0));
        c.answer(ms(0)).unwrap().1.success().unwrap();
        assert_eq!(send_all(&mut c, ms(0)), [0; 24]);
    }
}
