use super::*;

#[test]
fn a_request_needs_storage_for_its_last_byte() {
    let request = write("/path", "data");
    let len = request.encoded_len();
    let mut exact = vec![0xa5; len];
    let mut c: Connection<_, _> = Connection::new(&mut exact[..], [0; 8]);
    assert!(c.request(&request, ms(0)).is_ok());
    assert_eq!(c.poll_transmit(), request.parts(&mut [0; HEADER_LEN]).concat());

    for short in 0..len {
        let mut storage = vec![0xa5; short];
        let mut c: Connection<_, _> = Connection::new(&mut storage[..], [0; 8]);
        let error = SendError::BufferFull { needed: len, available: short };
        assert_eq!(c.request(&request, ms(0)), Err(error));
        // As if there had been no request.
        assert_eq!((c.step(), c.in_flight(), c.error()), (Step::Idle, 0, None));
        assert_eq!(c.poll_transmit(), b"");
        if short >= HEADER_LEN {
            assert!(c.request(&Request::nop(), ms(0)).is_ok());
            assert_eq!(c.poll_transmit(), Header::request(MessageType::NOP).to_bytes());
        }
    }
}

#[test]
fn storage_for_requests_is_free_once_they_are_sent() {
    let nop = Request::nop().with_flags(PERSISTENCE);
    let mut c = make_persistent(Connection::<_, _, 8>::new([0; 60], [0; 8]));
    c.request(&nop, ms(0)).unwrap();
    c.request(&nop, ms(0)).unwrap();
    let full = SendError::BufferFull { needed: 24, available: 12 };
    assert_eq!(c.request(&nop, ms(0)), Err(full));
    c.handle_transmitted(47, ms(0));
    assert_eq!(c.request(&nop, ms(0)), Err(full));
    c.handle_transmitted(1, ms(0));
    assert_eq!(c.step(), Step::Read);
    c.request(&nop, ms(0)).unwrap();
    assert_eq!(c.poll_transmit(), nop.header().to_bytes());
    send_all(&mut c, ms(0));
    let answers = frame(0, b"").repeat(3);
    assert_eq!(feed(&mut c, &answers, ms(0)), ["#1 ret 0 []", "#2 ret 0 []", "#3 ret 0 []", "need 24"]);
}

#[test]
fn a_value_needs_storage_for_its_last_byte() {
    let answer = frame(8, b"12345678");
    for cut in 0..=answer.len() {
        let mut c: Connection<_, _> = Connection::new([0; 64], [0xa5; 8]);
        send_request(&mut c, &read("/a"), ms(0));
        let mut seen = feed(&mut c, &answer[..cut], ms(0));
        if cut < answer.len() {
            seen = feed(&mut c, &answer[cut..], ms(0));
        }
        assert_eq!(seen, ["#0 ret 8 [12345678]", "need 24"], "cut at {cut}");

        // With one byte less: the same error for every split, as soon as the header is complete.
        let mut c: Connection<_, _> = Connection::new([0; 64], [0xa5; 7]);
        send_request(&mut c, &read("/a"), ms(0));
        let mut seen = feed(&mut c, &answer[..cut], ms(0));
        if cut < HEADER_LEN {
            seen = feed(&mut c, &answer[cut..], ms(0));
        }
        assert_eq!(seen, ["failed: Decode(StorageTooSmall { announced: 8, capacity: 7 })"], "cut at {cut}");
    }
}

#[test]
fn answers_without_payload_need_no_storage() {
    let mut c = make_persistent(Connection::<_, _, 1>::new([0; 64], [0; 0]));
    send_request(&mut c, &write("/a", "1"), ms(0));
    assert_eq!(feed(&mut c, &frame(-22, b""), ms(0)), ["#1 ret -22 []", "need 24"]);
    // Nor do comma lists whose entries arrive whole.
    send_request(&mut c, &Request::dirall("/").unwrap(), ms(0));
    assert_eq!(feed(&mut c, &frame(0, b"/a,/b\0"), ms(0)), ["#2 /a", "#2 /b", "#2 ret 0 []", "need 24"]);
}

#[test]
fn an_entry_and_its_comma_may_fill_the_storage() {
    // 8 bytes each, and one for the comma, which may belong to the entry.
    let list = frame(0, b"/1234567,/abcdefg\0");
    let entries = ["#0 /1234567", "#0 /abcdefg", "#0 ret 0 []"];
    for cut in 1..list.len() {
        let mut exact: Connection<_, _> = Connection::new([0; 64], [0xa5; 9]);
        send_request(&mut exact, &Request::dirall("/").unwrap().with_flags(PERSISTENCE), ms(0));
        let mut seen = feed(&mut exact, &list[..cut], ms(0));
        seen.extend(feed(&mut exact, &list[cut..], ms(0)));
        seen.retain(|event| !event.starts_with("need"));
        assert_eq!(seen, entries, "cut at {cut}");
    }
    let mut short: Connection<_, _> = Connection::new([0; 64], [0xa5; 8]);
    send_request(&mut short, &Request::dirall("/").unwrap().with_flags(PERSISTENCE), ms(0));
    let seen: Vec<String> = list.chunks(1).flat_map(|byte| feed(&mut short, byte, ms(0))).collect();
    let first = seen.iter().find(|event| !event.starts_with("need"));
    assert_eq!(first.unwrap(), "failed: Decode(EntryTooLong { capacity: 8 })");
}
