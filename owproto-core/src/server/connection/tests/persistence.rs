use super::*;

#[test]
fn persistence_is_granted_only_if_requested_and_allowed() {
    let plain = bytes(&Request::nop());
    for (request, decision, granted) in [
        (&nop(), Persistence::Grant, true),
        (&nop(), Persistence::Refuse, false),
        (&plain, Persistence::Grant, false),
    ] {
        let mut c = new_connection();
        receive_request(&mut c, request, ms(0));
        assert_eq!(c.requests_persistence(), *request == nop());
        c.set_persistence(decision);
        c.answer(ms(0)).unwrap().1.error(ReturnCode::NO_SUCH_PATH).unwrap();
        let flags = if granted { PERSISTENCE } else { Flags::NONE };
        let expected = Header { code: -1, flags, ..Header::default() };
        assert_eq!(c.step(), Step::Write);
        assert_eq!(send_all(&mut c, ms(0)), expected.to_bytes());
        assert_eq!(c.is_persistent(), granted);
        assert_eq!(c.step(), if granted { Step::Read } else { Step::Close });
        assert_eq!(c.end(), (!granted).then_some(End::Answered));
    }
}

#[test]
fn a_decision_about_persistence_does_not_change_an_answer_that_was_started() {
    let mut c = new_connection();
    receive_request(&mut c, &bytes(&Request::dir("/").unwrap().with_flags(PERSISTENCE)), ms(0));
    c.answer(ms(0)).unwrap().1.entry(b"/a").unwrap();
    c.set_persistence(Persistence::Refuse);
    c.answer(ms(0)).unwrap().1.end_of_entries(DirectoryFlags(0)).unwrap();
    let sent = send_all(&mut c, ms(0));
    assert_eq!(sent[12..16], sent[sent.len() - 12..sent.len() - 8]);
    assert!(c.is_persistent());
}
