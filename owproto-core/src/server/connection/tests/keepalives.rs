use super::*;

#[test]
fn a_keepalive_is_sent_each_second_until_the_answer() {
    let mut c = new_connection();
    receive_request(&mut c, &read("/a"), ms(500));
    let due = expire_until(&mut c, 3600);
    assert_eq!(due, [1500, 2500, 3500].map(|at| (at, Timeout::Keepalive)));
    c.answer(ms(3600)).unwrap().1.value(b"x", 0).unwrap();
    send_all(&mut c, ms(3600));
    assert_eq!(c.poll_timeout(), Some((ms(603_600), Timeout::IdleLow)));
}

#[test]
fn an_answer_within_a_second_has_no_keepalive() {
    let mut c = new_connection();
    receive_request(&mut c, &read("/a"), ms(0));
    assert_eq!(expire_until(&mut c, 999), []);
    c.answer(ms(999)).unwrap().1.value(b"x", 0).unwrap();
    let expected = Header { payload: 1, code: 1, size: 1, flags: PERSISTENCE, ..Header::default() };
    assert_eq!(send_all(&mut c, ms(999)), reply(expected, b"x"));
}

#[test]
fn entries_postpone_keepalives_and_no_gap_is_longer_than_a_second() {
    let mut c = new_connection();
    receive_request(&mut c, &bytes(&Request::dir("/").unwrap().with_flags(PERSISTENCE)), ms(0));
    let mut frames = std::vec![0];
    for at in [700, 1300, 2200, 2800, 5100] {
        frames.extend(expire_until(&mut c, at).iter().map(|(at, _)| *at));
        c.answer(ms(at)).unwrap().1.entry(b"/a").unwrap();
        assert_eq!(send_all(&mut c, ms(at))[24..], *b"/a\0");
        frames.push(at);
    }
    assert_eq!(frames, [0, 700, 1300, 2200, 2800, 3800, 4800, 5100]);
    c.answer(ms(5100)).unwrap().1.end_of_entries(DirectoryFlags(0x8002)).unwrap();
    let last = Header { flags: PERSISTENCE, offset: 0x8002, ..Header::default() };
    assert_eq!(send_all(&mut c, ms(5100)), last.to_bytes());
    assert_eq!(c.step(), Step::Read);
}

#[test]
fn no_keepalive_is_sent_within_a_frame_or_while_bytes_wait() {
    let mut c = new_connection();
    receive_request(&mut c, &read("/a"), ms(0));
    let (_, mut answer) = c.answer(ms(0)).unwrap();
    answer.begin(ReplyHeader { payload: 2, ret: 2, size: 2, offset: 0 }, LastFrame::Yes).unwrap();
    assert_eq!(answer.push(b"x"), 1);
    // While bytes wait, only the timeout for sending runs.
    assert_eq!(c.poll_timeout(), Some((ms(60_000), Timeout::Send)));
    send_all(&mut c, ms(10));
    // No keepalive is possible while the frame is not complete.
    assert_eq!((c.step(), c.poll_timeout()), (Step::Answer, None));
    assert_eq!(c.answer(ms(9000)).unwrap().1.push(b"yz"), 1);
    assert_eq!(send_all(&mut c, ms(9000)), b"y");
    assert_eq!(c.step(), Step::Read);
}

#[test]
fn the_setting_before_every_answer_sends_a_keepalive_before_every_answer() {
    let mut c = new_connection().with_keepalives(Keepalives::BeforeEveryAnswer);
    for at in [0, 100] {
        receive_request(&mut c, &nop(), ms(at));
        c.answer(ms(at)).unwrap().1.success().unwrap();
        let nothing = Header { flags: PERSISTENCE, ..Header::default() };
        assert_eq!(send_all(&mut c, ms(at)), [KEEPALIVE, nothing.to_bytes()].concat());
    }
}
