use super::*;

#[test]
fn dir_and_dirallslash_give_the_same_events_for_every_split() {
    let flags_word = 0xc007;
    let last = Header { flags: PERSISTENCE, offset: flags_word, ..Header::default() };
    let entry = |path: &[u8]| frame(0, &[path, b"\0"].concat());
    let dir = [
        entry(b"/10.67C6697351FF"),
        entry(b"/a"),
        entry(b"/bus.0"),
        entry(b"/\xff\xc3\xa4"),
        last.to_bytes().to_vec(),
    ]
    .concat();
    let list = b"/10.67C6697351FF,/a,/bus.0,/\xff\xc3\xa4\0";
    let head = Header { payload: 32, size: 31, ..last };
    assert_eq!(list.len(), 32);
    let dirall = [&head.to_bytes()[..], list].concat();
    let expected =
        ["#0 /10.67C6697351FF", "#0 /a", "#0 /bus.0", r"#0 /\xff\xc3\xa4", "#0 ret 0 []", "need 24"];
    for (request, answer) in [(Request::dir("/"), &dir), (Request::dirallslash("/"), &dirall)] {
        let request = request.unwrap().with_flags(PERSISTENCE);
        // Every pair of split positions.
        for first in 0..=answer.len() {
            for second in first..=answer.len() {
                let mut c = new_connection();
                send_request(&mut c, &request, ms(0));
                let mut seen = Vec::new();
                for piece in [&answer[..first], &answer[first..second], &answer[second..]] {
                    if !piece.is_empty() {
                        seen.retain(|event: &String| !event.starts_with("need"));
                        seen.extend(feed(&mut c, piece, ms(0)));
                    }
                }
                assert_eq!(seen, expected, "{first} {second}");
                assert!(c.is_reusable());
            }
        }
        // The last frame has the directory flags.
        let mut c = new_connection();
        send_request(&mut c, &request, ms(0));
        let mut input = &answer[..];
        loop {
            match c.handle_input(&mut input, ms(0)).unwrap() {
                Event::Entries(..) => {}
                Event::Reply(_, reply) => {
                    assert_eq!(reply.directory_flags(), DirectoryFlags(0xc007));
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn a_list_of_any_length_needs_storage_for_one_entry() {
    let paths: Vec<String> = (0..3856).map(|n| format!("/{:02X}.{n:012X}", n % 256)).collect();
    let mut list = paths.join(",").into_bytes();
    list.push(0);
    assert!(list.len() > 65_000);
    let answer = frame(0, &list);
    for piece in [1, 7, 17, 18, 19, 64, 536, 1460, 65_000, answer.len()] {
        let mut c = new_connection();
        let id = send_request(&mut c, &Request::dirall("/").unwrap().with_flags(PERSISTENCE), ms(0));
        let mut next = paths.iter();
        let mut replies = 0;
        for bytes in answer.chunks(piece) {
            let mut input = bytes;
            loop {
                match c.handle_input(&mut input, ms(0)).unwrap() {
                    Event::NeedMore(_) => break,
                    Event::Entries(of, entries) => {
                        assert_eq!(of, id);
                        for entry in entries {
                            assert_eq!(entry, next.next().unwrap().as_bytes());
                        }
                    }
                    Event::Reply(of, reply) => {
                        assert_eq!((of, reply.payload()), (id, &b""[..]));
                        replies += 1;
                    }
                    Event::Keepalive => panic!("none was sent"),
                }
            }
        }
        assert_eq!((next.next(), replies), (None, 1), "pieces of {piece}");
    }
}

#[test]
fn a_comma_in_a_dir_entry_belongs_to_it() {
    let answer = [frame(0, b"/uncached,x/a,b\0"), frame(0, b"")].concat();
    let request = Request::dir("/").unwrap().with_flags(PERSISTENCE);
    let mut c = new_connection();
    send_request(&mut c, &request, ms(0));
    let expected = ["#0 /uncached,x/a,b", "#0 ret 0 []", "need 24"];
    assert_eq!(feed(&mut c, &answer, ms(0)), expected);
    let mut c = new_connection();
    send_request(&mut c, &request, ms(0));
    let mut seen: Vec<String> = answer.chunks(1).flat_map(|byte| feed(&mut c, byte, ms(0))).collect();
    seen.retain(|event| !event.starts_with("need") || event == "need 24");
    // After the entry, the next header is missing too.
    assert_eq!(seen, ["#0 /uncached,x/a,b", "need 24", "#0 ret 0 []", "need 24"]);
}

#[test]
fn an_error_may_end_a_listing_after_entries() {
    let mut c = new_connection();
    send_request(&mut c, &Request::dir("/").unwrap().with_flags(PERSISTENCE), ms(0));
    let answer =
        [&frame(0, b"/a\0")[..], &KEEPALIVE, &frame(0, b"/b\0"), &KEEPALIVE, &KEEPALIVE, &frame(-5, b"")];
    assert_eq!(
        feed(&mut c, &answer.concat(), ms(0)),
        ["#0 /a", "keepalive", "#0 /b", "keepalive", "keepalive", "#0 ret -5 []", "need 24"]
    );
    assert!(c.is_reusable());
}

#[test]
fn an_empty_list_has_no_entries() {
    for payload in [&b""[..], b"\0", b"\0\0"] {
        let mut c = new_connection();
        send_request(&mut c, &Request::dirall("/alarm").unwrap().with_flags(PERSISTENCE), ms(0));
        let answer = [&KEEPALIVE[..], &frame(0, payload)].concat();
        assert_eq!(feed(&mut c, &answer, ms(0)), ["keepalive", "#0 ret 0 []", "need 24"]);
    }
}

#[test]
fn the_payload_of_an_error_is_consumed_before_the_next_answer() {
    let next = frame(2, b"ok");
    for (request, event) in [
        (Request::read("/"), "#1 ret -1 [why, so]"),
        (Request::dir("/"), "#1 ret -1 [why, so]"),
        (Request::dirall("/"), "#1 ret -1 []"),
    ] {
        let answer = frame(-1, b"why, so");
        let both = [&answer[..], &next].concat();
        for cut in 1..both.len() {
            let mut c = persistent_connection();
            send_request(&mut c, &request.unwrap().with_flags(PERSISTENCE), ms(0));
            send_request(&mut c, &read("/next"), ms(0));
            let mut seen = feed(&mut c, &both[..cut], ms(0));
            seen.extend(feed(&mut c, &both[cut..], ms(0)));
            seen.retain(|event| !event.starts_with("need"));
            assert_eq!(seen, [event, "#2 ret 2 [ok]"], "{request:?} cut at {cut}");
        }
    }
}

#[test]
fn lists_and_values_have_separate_limits() {
    let list = frame(0, b"/12345,/1234\0");
    let with_request = |limit| {
        let mut c = new_connection().with_payload_limit(1).with_list_limit(limit);
        send_request(&mut c, &Request::dirall("/").unwrap().with_flags(PERSISTENCE), ms(0));
        c
    };
    assert_eq!(
        feed(&mut with_request(13), &list, ms(0)),
        ["#0 /12345", "#0 /1234", "#0 ret 0 []", "need 24"]
    );
    let too_large = ["failed: Decode(PayloadTooLarge { announced: 13, limit: 12 })"];
    assert_eq!(feed(&mut with_request(12), &list[..24], ms(0)), too_large);
    // The limit for values applies to the next request.
    let mut c = with_request(13);
    feed(&mut c, &list, ms(0));
    send_request(&mut c, &read("/a"), ms(0));
    assert_eq!(
        feed(&mut c, &frame(2, b"ok"), ms(0)),
        ["failed: Decode(PayloadTooLarge { announced: 2, limit: 1 })"]
    );
}

#[test]
fn a_get_of_a_directory_is_one_reply() {
    let mut c = new_connection();
    send_request(&mut c, &Request::get("/").unwrap().with_flags(PERSISTENCE), ms(0));
    let mut input = &frame(0, b"/a,/b\0")[..];
    let Ok(Event::Reply(_, reply)) = c.handle_input(&mut input, ms(0)) else { panic!() };
    assert!(reply.entries().eq([b"/a", b"/b"]));
}
