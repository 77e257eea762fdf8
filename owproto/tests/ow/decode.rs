use std::path::{Path, PathBuf};
use std::{env, fs, process};

use serde_json::{Map, Value, json};

use super::{Finished, command, finish, ow};

/// `ow ARGS` with `hex` on standard input.
fn decode(args: &[&str], hex: &str) -> Finished {
    finish(&mut command(args), hex.as_bytes())
}

fn objects(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The captured exchanges with a real owserver.
fn vectors() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut vectors = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let list: Vec<Value> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
            vectors.extend(list.into_iter().filter(|vector| vector.get("reply_hex").is_some()));
        }
    }
    assert_eq!(vectors.len(), 472);
    vectors
}

/// The fields of a captured frame, in the order in which `ow` must print them.
fn expected(kind: &str, names: &[&str], frame: &Value) -> Value {
    let mut object = Map::new();
    object.insert("kind".to_owned(), kind.into());
    for &name in names {
        object.insert(name.to_owned(), frame[name].clone());
    }
    object.into()
}

/// Compares the output for `hex` with objects, with chunks of three sizes.
fn assert_decodes(args: &[&str], hex: &str, expected: &[Value]) {
    let expected: Vec<String> = expected.iter().map(ToString::to_string).collect();
    for chunk in [&[][..], &["--chunk", "1"], &["--chunk", "7"]] {
        let finished = decode(&[args, chunk].concat(), hex);
        assert_eq!(finished.status, Some(0), "{}", finished.stderr);
        // The order of the fields counts too.
        for (line, expected) in finished.stdout.lines().zip(&expected) {
            assert_eq!(line, expected);
        }
        assert_eq!(finished.stdout.lines().count(), expected.len());
    }
}

#[test]
fn captured_replies_are_printed_with_all_fields() {
    let (mut hex, mut frames) = (String::new(), Vec::new());
    for vector in vectors() {
        hex += vector["reply_hex"].as_str().unwrap();
        hex.push('\n');
        for reply in vector["replies"].as_array().unwrap() {
            frames.push(if reply["payload"].as_i64().unwrap() < 0 {
                json!({ "kind": "keepalive" })
            } else {
                let names = ["version", "payload", "ret", "flags", "size", "offset", "payload_hex"];
                expected("reply", &names, reply)
            });
        }
    }
    assert!(frames.len() > 500, "{}", frames.len());
    assert_decodes(&["--json", "decode"], &hex, &frames);
}

#[test]
fn complete_captured_requests_are_printed_with_all_fields() {
    let (mut hex, mut frames) = (String::new(), Vec::new());
    for vector in vectors() {
        let bytes = vector["request_hex"].as_str().unwrap();
        let requests: Vec<&Value> = match vector.get("requests").and_then(Value::as_array) {
            Some(requests) => requests.iter().collect(),
            None => vec![&vector["request"]],
        };
        let len = |request: &&Value| {
            let payload = request["payload_hex"].as_str()?.len() / 2;
            let tokens = request["tokens"].as_array()?.len();
            let version = request["version"].as_i64()?;
            let announced = if version & 0x1_0000 == 0 { 0 } else { version & 0xffff };
            let is_whole = request["payload"].as_u64()? == payload as u64 && announced == tokens as i64;
            is_whole.then_some(24 + payload + tokens * 16)
        };
        let total: Option<usize> = requests.iter().map(len).sum();
        if total != Some(bytes.len() / 2) {
            continue;
        }
        hex += bytes;
        hex.push('\n');
        for request in requests {
            let names = ["version", "payload", "type", "flags", "size", "offset", "payload_hex", "tokens"];
            frames.push(expected("request", &names, request));
        }
    }
    assert!(frames.len() > 400, "{}", frames.len());
    // Some are longer than owserver accepts.
    assert_decodes(&["--json", "decode", "--requests", "--limit", "2000000"], &hex, &frames);
}

/// A reply with the payload `ab` and white space in unusual places.
const REPLY: &str = "00000000 00000002 00000002 00000104 00000002 000000 00\r\n61\t62";

#[test]
fn white_space_is_ignored() {
    let finished = decode(&["decode", "--json"], REPLY);
    let object = json!({
        "kind": "reply", "version": 0, "payload": 2, "ret": 2, "flags": 260, "size": 2, "offset": 0,
        "payload_hex": "6162",
    });
    assert_eq!(finished.stdout, format!("{object}\n"));
    assert_eq!((finished.status, finished.stderr.as_str()), (Some(0), ""));
}

#[test]
fn words_are_signed_but_flags_are_unsigned() {
    let finished = decode(&["--json", "decode"], "00000000 00000000 ffffffff ffffffff ffffffff 80000000");
    let object = &objects(&finished.stdout)[0];
    assert_eq!(object["ret"], -1);
    assert_eq!(object["flags"], 4_294_967_295_u32);
    assert_eq!(object["size"], -1);
    assert_eq!(object["offset"], i32::MIN);
}

#[test]
fn without_json_each_frame_is_a_line() {
    let keepalive = "00000000 ffffffff 00000000 00000000 00000000 00000000";
    let finished = decode(&["decode"], &format!("{keepalive} {REPLY}"));
    assert_eq!(
        finished.stdout,
        "keepalive\nreply ret 2 version 0 payload 2 flags persistence|ownet size 2 offset 0 \"ab\"\n"
    );
    let request =
        "00010001 00000003 00000002 00000000 00000010 00000000 2f6100 000102030405060708090a0b0c0d0e0f";
    let finished = decode(&["decode", "--requests"], request);
    assert_eq!(
        finished.stdout,
        "READ version server+1 payload 3 flags 0 size 16 offset 0 \"/a\" token 000102030405060708090a0b0c0d0e0f\n"
    );
}

#[test]
fn an_input_that_ends_within_a_frame_gives_status_4() {
    for (cut, need) in [(1, 23), (23, 1), (24, 2), (25, 1)] {
        let hex: String = REPLY.chars().filter(|c| !c.is_whitespace()).take(cut * 2).collect();
        for chunk in ["1", "24", "100"] {
            let finished = decode(&["--json", "decode", "--chunk", chunk], &format!("{REPLY}{hex}"));
            assert_eq!(finished.status, Some(4), "{finished:?}");
            let left = json!({ "kind": "incomplete", "have": cut, "need": need });
            assert_eq!(finished.stdout.lines().nth(1), Some(left.to_string().as_str()));
            assert_eq!(finished.stdout.lines().count(), 2);
        }
    }
    let finished = decode(&["decode"], "00");
    assert_eq!(finished.stdout, "incomplete frame: 1 of at least 24 bytes\n");
    assert_eq!(ow(&["decode"]), Finished { status: Some(0), stdout: String::new(), stderr: String::new() });
}

#[test]
fn bytes_that_are_not_a_frame_give_status_3_after_the_frames_before_them() {
    let finished = decode(&["--json", "decode"], &format!("{REPLY}{}", "ff".repeat(24)));
    assert_eq!(finished.status, Some(3));
    assert_eq!(finished.stdout.lines().count(), 1);
    assert_eq!(
        finished.stderr,
        "error: no valid frame at byte 26 of standard input: the peer does not speak the owserver protocol \
         (version word 0xffffffff)\n"
    );
    let finished = decode(&["decode", "--requests"], &format!("00000000 ffffffff {}", "00".repeat(16)));
    assert_eq!(finished.status, Some(3));
    assert!(finished.stderr.contains("-1 bytes of payload"), "{}", finished.stderr);
}

#[test]
fn the_limit_rejects_a_frame_by_its_header() {
    let header = |payload: i32| format!("00000000 {payload:08x} {}", "00".repeat(16));
    let status = |args: &[&str], payload| decode(args, &header(payload)).status;
    assert_eq!(status(&["decode"], 65_536), Some(4));
    assert_eq!(status(&["decode"], 65_537), Some(3));
    assert_eq!(status(&["decode"], i32::MAX), Some(3));
    assert_eq!(status(&["decode", "--limit", "65537"], 65_537), Some(4));
    assert_eq!(status(&["decode", "--requests"], 100_050), Some(4));
    assert_eq!(status(&["decode", "--requests"], 100_051), Some(3));
}

#[test]
fn text_that_is_not_hexadecimal_is_wrong_usage() {
    for (hex, message) in [
        ("00 0\n0x", "'x' is not a hexadecimal digit (line 2, column 2)"),
        ("000", "the number of hexadecimal digits is odd"),
        ("äö", "'\\u{c3}' is not a hexadecimal digit (line 1, column 1)"),
    ] {
        let finished = decode(&["decode"], hex);
        assert_eq!(finished.status, Some(2));
        assert_eq!(finished.stderr, format!("error: standard input is not hexadecimal text: {message}\n"));
        assert_eq!(finished.stdout, "");
    }
}

#[test]
fn the_input_can_be_a_file() {
    let path: PathBuf = env::temp_dir().join(format!("owproto-decode-{}.hex", process::id()));
    fs::write(&path, REPLY).unwrap();
    let finished = ow(&["decode", path.to_str().unwrap()]);
    fs::remove_file(&path).unwrap();
    assert_eq!(finished.status, Some(0));
    assert!(finished.stdout.starts_with("reply ret 2 "));
    let finished = ow(&["decode", path.to_str().unwrap()]);
    assert_eq!(finished.status, Some(2));
    let message = format!("error: cannot read '{}': ", path.display());
    assert!(finished.stderr.starts_with(&message), "{}", finished.stderr);
}
