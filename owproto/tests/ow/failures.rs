//! Servers that are absent, silent, or not owservers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::{command, finish, ow};

/// An address at which no server listens.
fn unused_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A peer that calls a function with each connection, after the header of a request has arrived.
fn peer(serve: impl Fn(&mut TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 24];
            if stream.read_exact(&mut request).is_ok() {
                serve(&mut stream);
            }
        }
    });
    address
}

/// All commands that send a request.
const COMMANDS: &[&[&str]] = &[
    &["dir"],
    &["dir", "--stream"],
    &["read", "/a"],
    &["read", "/a", "/b"],
    &["read", "/a", "--size", "3"],
    &["--no-persistence", "read", "/a", "/b"],
    &["write", "/a", "1"],
    &["present", "/a"],
    &["get", "/a"],
    &["ping"],
    &["tree"],
    &["tree", "--values"],
];

/// Status 3, empty standard output, and one line on standard error that contains the parts.
fn assert_fails(args: &[&str], parts: &[&str]) {
    for json in [&[][..], &["--json"]] {
        let finished = ow(&[json, args].concat());
        assert_eq!(finished.status, Some(3), "{args:?}: {finished:?}");
        assert_eq!(finished.stdout, "", "{args:?}");
        assert_eq!(finished.stderr.lines().count(), 1, "{args:?}: {}", finished.stderr);
        assert!(finished.stderr.starts_with("error: "), "{}", finished.stderr);
        for part in parts {
            assert!(finished.stderr.contains(part), "{args:?}: {part:?} is not in {}", finished.stderr);
        }
    }
}

#[test]
fn without_a_server_the_error_has_the_address_and_advice() {
    let address = unused_address().to_string();
    for args in COMMANDS {
        let parts = [&*address, "no server listens", "start an owserver", "--server"];
        assert_fails(&[&["-s", &address], *args].concat(), &parts);
    }
    let finished = finish(command(&["read", "/some/path"]).env("OWSERVER", &address), b"");
    assert_eq!(finished.status, Some(3));
    assert_eq!(
        finished.stderr,
        format!(
            "error: cannot read /some/path: no server listens at {address}; start an owserver there, or name another \
             in OWSERVER or with --server HOST[:PORT]\n"
        )
    );
}

#[test]
fn the_option_overrides_the_environment_variable() {
    let (option, variable) = (unused_address().to_string(), unused_address().to_string());
    let finished = finish(command(&["-s", &option, "ping"]).env("OWSERVER", &variable), b"");
    assert!(finished.stderr.contains(&option) && !finished.stderr.contains(&variable), "{}", finished.stderr);
}

#[test]
fn an_unknown_host_is_named() {
    assert_fails(
        &["-s", "no-such-host.invalid", "ping"],
        &["no-such-host.invalid:4304", "cannot find the host"],
    );
}

#[test]
fn both_timeouts_end_a_request_to_a_silent_server() {
    let address = peer(|_| thread::sleep(Duration::from_secs(30)));
    let start = Instant::now();
    for limit in [&["--inactivity", "0.1"][..], &["--timeout", "0.1"]] {
        for args in [&["read", "/a"][..], &["write", "/a", "1"], &["dir"], &["ping"]] {
            let all = [&["-s", &address], limit, args].concat();
            assert_fails(&all, &[&address, "did not reply in time", "0.1 s"]);
        }
    }
    assert!(start.elapsed() < Duration::from_secs(20));
}

#[test]
fn keepalives_do_not_extend_the_total_timeout() {
    let keepalive = [&[0; 4][..], &[0xff; 4], &[0; 16]].concat();
    let address = peer(move |stream| {
        while stream.write_all(&keepalive).is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    assert_fails(&["-s", &address, "--timeout", "0.2", "read", "/a"], &["the answer took too long"]);
}

#[test]
fn a_server_that_closes_or_sends_another_protocol_is_a_failure() {
    for args in COMMANDS {
        let address = peer(|_| ());
        assert_fails(&[&["-s", &address], *args].concat(), &[&address]);
        let address = peer(|stream| {
            // Writing fails once the client has closed the connection.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        });
        assert_fails(&[&["-s", &address], *args].concat(), &[&address]);
    }
}

#[test]
fn verbose_prints_frames_to_standard_error() {
    let reply = [0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 0, b'4', b'2'];
    let address = peer(move |stream| stream.write_all(&reply).unwrap());
    let finished = ow(&["-s", &address, "-v", "read", "/a"]);
    assert_eq!((finished.status, &*finished.stdout), (Some(0), "42"));
    assert_eq!(
        finished.stderr,
        format!(
            "* connected to {address}\n\
             → READ version 0 payload 3 flags persistence size 65536 offset 0 \"/a\"\n\
             ← reply ret 2 version 0 payload 2 flags persistence size 2 offset 0 \"42\"\n"
        )
    );
}

#[test]
fn options_are_sent_as_control_flags() {
    let answer_ping = |stream: &mut TcpStream| {
        let _ = stream.write_all(&[0; 24]);
    };
    let address = peer(answer_ping);
    let options = ["-K", "--pressure", "psi", "-f", "fic", "--uncached", "--trim", "--no-persistence"];
    let finished = ow(&[&["-s", &address, "-v"], &options[..], &["ping"]].concat());
    assert!(
        finished.stderr.contains("→ NOP version 0 payload 0 flags uncached|trim|Kelvin|psi|fic size"),
        "{}",
        finished.stderr
    );
}
