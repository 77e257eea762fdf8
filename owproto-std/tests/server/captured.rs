//! Exchanges captured from a real owserver, over TCP: sessions, requests in unusual pieces, and inputs that crash or confuse
//! the real one.

use std::io::Write;
use std::net::{Shutdown, SocketAddr};
use std::time::Instant;

use owproto_tests::vectors::{self, Vector};

use super::*;

fn is_of_plain_tester(vector: &&Vector) -> bool {
    let plain = format!("owserver --foreground --nozero -p HOST:PORT --{}", TESTER.replacen(':', "=", 1));
    vector.setup == plain && vector.volatile.is_empty() && vector.server_crashed.is_none()
}

/// Sends a request in the given pieces and closes the sending side, so the server does not wait for bytes that were announced
/// and never sent.
fn exchange(address: SocketAddr, request: &[u8], pieces: &[usize]) -> Vec<u8> {
    let mut client = RawClient::connect(address);
    let mut rest = request;
    for piece in pieces {
        let (first, remaining) = rest.split_at((*piece).min(rest.len()));
        client.send(first);
        rest = remaining;
    }
    // The server may have closed before it has read everything.
    let _ = client.stream.write_all(rest);
    let _ = client.stream.shutdown(Shutdown::Write);
    client.rest()
}

#[test]
fn malformed_requests_get_the_captured_reply_or_close() {
    let server = server(TESTER);
    let mut compared = 0;
    for vector in vectors::in_file("malformed").filter(is_of_plain_tester) {
        let pieces = vector.sent_in_pieces.as_deref().unwrap_or_default();
        let reply = exchange(server.local_addr(), &vector.request, pieces);
        assert_eq!(reply, vector.reply, "{}", vector.name);
        assert_served_immediately(server.local_addr());
        compared += 1;
    }
    assert!(compared >= 15, "only {compared} were compared");
    let statistics = server.statistics();
    assert!(statistics.malformed >= 7, "{statistics:?}");
}

#[test]
fn single_requests_get_the_captured_reply() {
    let server = server(TESTER);
    let mut compared = 0;
    for file in ["dir", "presence", "message_types", "flags", "persistence"] {
        let single = |vector: &&Vector| vector.session.is_none() && vector.request_is_whole();
        for vector in vectors::in_file(file).filter(is_of_plain_tester).filter(single) {
            let pieces = vector.sent_in_pieces.as_deref().unwrap_or_default();
            assert_eq!(
                exchange(server.local_addr(), &vector.request, pieces),
                vector.reply,
                "{}",
                vector.name
            );
            compared += 1;
        }
    }
    assert!(compared >= 90, "only {compared} were compared");
}

#[test]
fn sessions_get_the_captured_replies() {
    let server = server(TESTER);
    let mut compared = 0;
    for session in ["persistent_mixed", "persistent_survives_errors"] {
        let mut client = RawClient::connect(server.local_addr());
        let steps = vectors::in_file("persistence")
            .filter(|vector| vector.session.as_ref().is_some_and(|step| step.name == session));
        for vector in steps {
            client.send(&vector.request);
            let mut reply = vec![0; vector.reply.len()];
            client.stream.read_exact(&mut reply).unwrap();
            assert_eq!(reply, vector.reply, "{}", vector.name);
            if vector.closed_by_server {
                assert_eq!(client.rest(), b"", "{}", vector.name);
            }
            compared += 1;
        }
    }
    assert_eq!(compared, 15);
}

/// Inputs that were tried on the real server. Those that need several connections or a slow client are tests of their own,
/// here and in `limits` and `slow`.
const BAD_INPUT: [(&str, Outcome); 24] = [
    ("payload_minus_1", Outcome::Closed),
    ("payload_minus_100", Outcome::Closed),
    ("payload_huge", Outcome::Closed),
    ("payload_limit_plus_1", Outcome::Closed),
    ("payload_limit", Outcome::Return(-1)),
    ("half_header", Outcome::Closed),
    ("first_request_never_sent", Outcome::Closed),
    ("read_path_without_nul", Outcome::Value),
    ("read_path_junk_after_nul", Outcome::Value),
    ("garbage_path", Outcome::Return(-1)),
    ("payload_4096_read", Outcome::Return(-90)),
    ("payload_4096_dirall", Outcome::Return(-90)),
    ("presence_long_payload", Outcome::Return(0)),
    ("write_size_gt_payload", Outcome::Closed),
    ("crash_write_size_minus_1", Outcome::Closed),
    ("null_path_read", Outcome::Closed),
    ("crash_after_null_paths", Outcome::Value),
    ("type_minus_1", Outcome::Return(-42)),
    ("type_huge", Outcome::Return(-42)),
    ("all_zero", Outcome::Return(-42)),
    ("all_ff", Outcome::Closed),
    ("http_request", Outcome::Closed),
    ("version_minus_1", Outcome::Closed),
    ("version_7", Outcome::Value),
];

/// The inputs that were not captured.
fn generated(name: &str) -> Vec<u8> {
    use owproto_core::wire::MessageType;
    let request = match name {
        "type_huge" => Request::raw(MessageType(i32::MAX), b""),
        "presence_long_payload" => {
            let mut payload = b"/28.000028D70100\0".to_vec();
            payload.resize(5000, b'x');
            return encode(Request::raw(MessageType::PRESENCE, &payload));
        }
        _ => panic!("{name} is not a vector"),
    };
    encode(request)
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    /// No reply; the server closes the connection.
    Closed,
    /// A return code.
    Return(i32),
    /// A value of one or more bytes.
    Value,
}

#[test]
fn after_bad_input_the_next_client_is_served() {
    let server = server(TESTER);
    for (name, expected) in BAD_INPUT {
        let vector = vectors::all().iter().find(|vector| vector.name == name);
        let request = vector.map_or_else(|| generated(name), |vector| vector.request.clone());
        // Three times, because a corrupted state may show only later.
        for _ in 0..3 {
            let start = Instant::now();
            let reply = exchange(server.local_addr(), &request, &[]);
            let code = reply.get(8..12).map(|word| i32::from_be_bytes(word.try_into().unwrap()));
            let outcome = match code {
                None => Outcome::Closed,
                Some(n) if n > 0 => Outcome::Value,
                Some(n) => Outcome::Return(n),
            };
            assert_eq!(outcome, expected, "{name}");
            assert!(start.elapsed() < IMMEDIATELY, "{name} took {:?}", start.elapsed());
            assert_served_immediately(server.local_addr());
        }
    }
    wait_until("all connections end", || server.statistics().connections == 0);
}

#[test]
fn the_token_of_this_server_at_any_position_ends_the_connection() {
    use owproto_core::wire::Tokens;
    let own = *b"0123456789abcdef";
    let builder = sim::Server::builder(sim::Simulator::new("tester:10".parse().unwrap()));
    let server = builder.server(|server| server.token(own)).start().unwrap();
    let damaged = *b"\x00123456789abcdef";
    for (tokens, is_own) in [
        (vec![own], true),
        (vec![[7; 16], own], true),
        (vec![damaged], true),
        (vec![[7; 16]], false),
        (vec![[7; 16], damaged], false),
    ] {
        let request =
            Request::dirall("/").and_then(|request| request.with_tokens(Tokens::new(&tokens).unwrap()));
        let mut client = RawClient::connect(server.local_addr());
        client.send(&encode(request));
        assert_eq!(client.rest().is_empty(), is_own, "{tokens:?}");
    }
    assert_eq!(server.statistics().loops, 3);
}
