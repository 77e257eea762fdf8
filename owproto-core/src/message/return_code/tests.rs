use std::string::{String, ToString};
use std::vec::Vec;

use super::*;

/// The codes that owserver sends, according to its sources or observed.
const SENT: [i32; 21] =
    [-1, -2, -5, -12, -13, -14, -16, -19, -20, -21, -22, -30, -34, -42, -74, -90, -95, -98, -99, -103, -105];

#[derive(serde::Deserialize)]
struct Captured {
    code: u32,
    wire_ret: i32,
    text: String,
}

#[test]
fn all_texts_are_those_of_owserver() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/return_codes.json");
    let codes: Vec<Captured> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(codes.len(), 211);
    for (n, captured) in (0..).zip(&codes) {
        let code = ReturnCode::from_ret(captured.wire_ret);
        assert_eq!((captured.code, code.code()), (n, n));
        assert_eq!(code.to_ret(), captured.wire_ret);
        assert_eq!(code.owserver_text().to_string(), captured.text);
        assert_eq!(code.name().is_some(), captured.text.starts_with("legacy - "), "{code}");
    }
}

#[test]
fn every_return_word_has_a_code() {
    assert_eq!(ReturnCode::from_ret(i32::MIN).code(), 1 << 31);
    assert_eq!(ReturnCode::from_ret(i32::MIN).to_ret(), i32::MIN);
    assert_eq!(ReturnCode::from_code(u32::MAX).to_ret(), i32::MIN);
    assert_eq!(ReturnCode::from_ret(-i32::MAX).to_ret(), -i32::MAX);
    for ret in [0, 1, 12, i32::MAX] {
        assert_eq!(ReturnCode::from_ret(ret), ReturnCode::GOOD);
        assert_eq!(ReturnCode::from_ret(ret).into_result(), Ok(()));
    }
    assert_eq!(ReturnCode::from_ret(-1).into_result().unwrap_err().code(), ReturnCode::NO_SUCH_PATH);
}

#[test]
fn only_codes_that_owserver_sends_have_a_sentence() {
    let with_sentence = (-300..=0).rev().filter(|&ret| ReturnCode::from_ret(ret).sentence().is_some());
    assert!(with_sentence.eq(SENT));
}

#[test]
fn some_of_the_codes_that_owserver_sends_are_transient() {
    let transient: Vec<i32> =
        SENT.into_iter().filter(|&ret| ReturnCode::from_ret(ret).is_transient()).collect();
    assert_eq!(transient, [-5, -12, -16, -98, -103, -105]);
    assert!(!ReturnCode::GOOD.is_transient());
}

#[test]
fn names_are_those_of_errno() {
    let named: Vec<_> =
        (0..300).filter_map(|code| ReturnCode::from_code(code).name().map(|name| (code, name))).collect();
    // asm-generic/errno-base.h and errno.h of Linux.
    let errno = [
        (2, "ENOENT"),
        (4, "EINTR"),
        (5, "EIO"),
        (9, "EBADF"),
        (11, "EAGAIN"),
        (12, "ENOMEM"),
        (13, "EACCES"),
        (14, "EFAULT"),
        (16, "EBUSY"),
        (19, "ENODEV"),
        (20, "ENOTDIR"),
        (21, "EISDIR"),
        (22, "EINVAL"),
        (30, "EROFS"),
        (34, "ERANGE"),
        (36, "ENAMETOOLONG"),
        (40, "ELOOP"),
        (42, "ENOMSG"),
        (74, "EBADMSG"),
        (90, "EMSGSIZE"),
        (95, "EOPNOTSUPP"),
        (98, "EADDRINUSE"),
        (99, "EADDRNOTAVAIL"),
        (103, "ECONNABORTED"),
        (105, "ENOBUFS"),
    ];
    assert_eq!(named, errno);
}

#[test]
fn codes_are_classified() {
    assert!(ReturnCode::IO.is_error() && !ReturnCode::GOOD.is_error());
    assert!(ReturnCode::MESSAGE_TYPE_NOT_SUPPORTED.is_not_supported());
    assert!(!ReturnCode::OPERATION_NOT_SUPPORTED.is_not_supported());
    let no_such_path = (0..300).filter(|&code| ReturnCode::from_code(code).is_no_such_path());
    assert!(no_such_path.eq([1, 2]));
    let error = ServerError::new(ReturnCode::BUSY).unwrap();
    assert!(error.is_transient() && error.code() == ReturnCode::BUSY);
    assert!(!ServerError::new(ReturnCode::ACCESS).unwrap().is_transient());
    assert_eq!(ServerError::new(ReturnCode::GOOD), None);
}

#[test]
fn codes_and_errors_print_name_sentence_and_text() {
    assert_eq!(ReturnCode::IS_A_DIRECTORY.to_string(), "-21 EISDIR");
    assert_eq!(ReturnCode::NO_SUCH_PATH.to_string(), "-1");
    assert_eq!(ServerError(ReturnCode(44)).to_string(), "Bus - bus short (-44)");
    assert_eq!(ServerError(ReturnCode(150)).to_string(), "Unassigned error 150 (-150)");
    let error = ServerError(ReturnCode::MESSAGE_TYPE_NOT_SUPPORTED);
    assert_eq!(error.to_string(), "the server does not support this type of message (-42)");
    assert_eq!(
        std::format!("{error:#}"),
        "the server does not support this type of message (-42, owserver: legacy - No message)"
    );
    assert_eq!(std::format!("{:?}", ReturnCode::IO), "ReturnCode(-5 EIO)");
    assert_eq!(std::format!("{:13}|", ReturnCode::GOOD.owserver_text()), "Good result  |");
}
