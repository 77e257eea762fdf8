use super::*;

#[test]
fn an_answer_of_any_length_needs_storage_for_one_header() {
    let value: Vec<u8> = (0..=255).cycle().take(5000).collect();
    for room in [24, 25, 48, 100] {
        let mut c = Connection::new([0; 100], [0; 64]).with_transmit_limit(room);
        let request = read("/a");
        assert_eq!(c.handle_input(&mut &request[..], ms(0)), Event::Request);
        let mut sent = Vec::new();
        let mut at = 0;
        c.answer(ms(0))
            .unwrap()
            .1
            .begin(ReplyHeader { payload: 5000, ..ReplyHeader::default() }, LastFrame::Yes)
            .unwrap();
        while c.step() != Step::Read {
            if c.step() == Step::Write {
                assert!(c.poll_transmit().len() <= room);
                sent.extend_from_slice(c.poll_transmit());
                c.handle_transmitted(room, ms(0));
            } else {
                at += c.answer(ms(0)).unwrap().1.push(&value[at..]);
            }
        }
        assert_eq!(sent[24..], value);
    }
}

#[test]
fn storage_without_room_for_a_header_ends_the_connection() {
    let mut c = Connection::new([0; 23], [0; 64]);
    let request = nop();
    assert_eq!(c.handle_input(&mut &request[..], ms(0)), Event::Request);
    c.answer(ms(0)).unwrap().1.success().unwrap();
    assert_eq!((c.step(), c.end()), (Step::Close, Some(End::TransmitTooSmall)));
}

#[test]
fn an_entry_that_does_not_fit_is_refused_as_a_whole() {
    let mut c = new_connection();
    receive_request(&mut c, &bytes(&Request::dir("/").unwrap()), ms(0));
    let (_, mut answer) = c.answer(ms(0)).unwrap();
    answer.entry(&[b'a'; 60]).unwrap();
    let room = 128 - 24 - 61;
    assert_eq!(answer.entry(&[b'b'; 60]), Err(crate::server::BufferFull { needed: 85, available: room }));
    assert_eq!(answer.room(), room);
    answer.abort();
    assert_eq!(c.end(), Some(End::AnswerAborted));
    assert_eq!(send_all(&mut c, ms(0)).len(), 85);
    assert_eq!(c.step(), Step::Close);
}

#[test]
fn answers_to_pipelined_requests_may_be_sent_together() {
    let mut c = new_connection();
    let together = [nop(), nop(), nop()].concat();
    let mut input = &together[..];
    for n in 1..=3 {
        assert_eq!(c.handle_input(&mut input, ms(0)), Event::Request);
        c.answer(ms(0)).unwrap().1.success().unwrap();
        assert_eq!(c.poll_transmit().len(), n * HEADER_LEN);
    }
    assert_eq!(c.handle_input(&mut input, ms(0)), Event::NeedMore(HEADER_LEN));
    assert_eq!(send_all(&mut c, ms(1)).len(), 3 * HEADER_LEN);
    assert_eq!(c.step(), Step::Read);
}

#[cfg(feature = "alloc")]
#[test]
fn memory_is_freed_only_between_requests() {
    let mut c = Connection::new(Vec::new(), Vec::new());
    let request = bytes(&Request::read(&"/a".repeat(500)).unwrap().with_flags(PERSISTENCE));
    let (first, second) = request.split_at(600);
    let mut input = first;
    assert!(matches!(c.handle_input(&mut input, ms(0)), Event::NeedMore(_)));
    c.shrink(0);
    let mut input = second;
    assert_eq!(c.handle_input(&mut input, ms(0)), Event::Request);
    c.shrink(0);
    assert_eq!(c.request().unwrap().path().unwrap().len(), 1000);
    c.answer(ms(0)).unwrap().1.value(&[7; 900], 0).unwrap();
    c.shrink(0);
    assert_eq!(send_all(&mut c, ms(0)).len(), HEADER_LEN + 900);

    assert!(c.transmit.storage.capacity() >= 924);
    c.shrink(128);
    assert!(c.transmit.storage.capacity() <= 128);
    c.shrink(0);
    assert_eq!(c.transmit.storage.capacity(), 0);
    let mut input = &request[..];
    assert_eq!(c.handle_input(&mut input, ms(1)), Event::Request);
    c.answer(ms(1)).unwrap().1.success().unwrap();
    assert_eq!(send_all(&mut c, ms(1)).len(), HEADER_LEN);
}
