//! What the real owserver was tried with, and what it died of: ours answers or closes, and the next client is served.

use owproto_core::server::End;
use owproto_core::time::Duration;
use owproto_tests::ours::{Client, Manner, Server, Then};
use owproto_tests::vectors;

const SETUP: &str = "owserver --tester=10,28,26,05,20,29,12,1D,2D,1F,01,04,24,FF,3A,21,EF,99,DD";

/// The words of a request and what follows.
fn request(words: [i32; 6], rest: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
    bytes.extend_from_slice(rest);
    bytes
}

/// A request of this type with this path.
fn ask(kind: i32, size: i32, payload: &[u8]) -> Vec<u8> {
    request([0, i32::try_from(payload.len()).unwrap(), kind, 0x100, size, 0], payload)
}

/// What a server says to bytes on a new connection, and why it closed if it did.
fn say(server: &mut Server, bytes: &[u8], manner: Manner) -> (Vec<u8>, Option<End>) {
    let said = Client::new(server, manner).talk(server, bytes, Then::Wait);
    (said.bytes, said.end)
}

/// The next client gets its temperature.
fn next_client_is_served(server: &mut Server) {
    let path = b"/28.000028D70100/temperature\0";
    let (bytes, end) = say(server, &ask(2, 100, path), Manner::Small);
    assert_eq!((&bytes[24..], end), (&b"         4.1"[..], Some(End::Answered)));
}

/// What becomes of a bad request.
#[derive(PartialEq, Debug)]
enum Fate {
    /// Closed without a byte.
    Closed,
    /// Answered with this return value.
    Answered(i32),
}

fn fate(server: &mut Server, bytes: &[u8]) -> Fate {
    let mut fates = [Manner::Large, Manner::Small, Manner::Drops].map(|manner| {
        let (bytes, _) = say(server, bytes, manner);
        next_client_is_served(server);
        match bytes.get(8..12) {
            None => Fate::Closed,
            Some(ret) => Fate::Answered(i32::from_be_bytes(ret.try_into().unwrap())),
        }
    });
    assert!(fates.iter().all(|other| *other == fates[0]), "{fates:?}");
    std::mem::replace(&mut fates[0], Fate::Closed)
}

#[test]
fn each_bad_input_is_answered_or_closes() {
    let path = b"/28.000028D70100/temperature\0";
    let long = |path: &[u8], len: usize| [path, &vec![b'a'; len - path.len()]].concat();
    let padded = |path: &[u8], len: usize| [path, &vec![0; len - path.len()]].concat();
    let write = b"/28.000028D70100/templow\x0030";
    let cases: Vec<(&str, Vec<u8>, Fate)> = vec![
        ("payload -1", request([0, -1, 2, 0, 0, 0], b""), Fate::Closed),
        ("payload -100", request([0, -100, 7, 0, 0, 0], b""), Fate::Closed),
        ("payload INT_MIN", request([0, i32::MIN, 2, 0, 0, 0], b""), Fate::Closed),
        ("payload 0x7fffffff", request([0, i32::MAX, 2, 0, 0, 0], path), Fate::Closed),
        ("payload 100051", request([0, 100_051, 2, 0, 0, 0], path), Fate::Closed),
        ("payload 100050, READ", ask(2, 100, &long(b"/", 100_050)), Fate::Answered(-1)),
        ("payload 100050, NOP", ask(1, 0, &long(b"/", 100_050)), Fate::Answered(0)),
        ("fewer bytes than announced", request([0, 50, 2, 0, 100, 0], path), Fate::Closed),
        ("half a header", request([0; 6], b"")[..12].to_vec(), Fate::Closed),
        ("nothing at all", Vec::new(), Fate::Closed),
        ("path without NUL", ask(2, 100, &path[..path.len() - 1]), Fate::Answered(12)),
        ("bytes after the NUL", ask(2, 100, &[&path[..], b"junk"].concat()), Fate::Answered(12)),
        ("bytes 80 to FF as path", ask(2, 100, &(0x80..=0xff).collect::<Vec<u8>>()), Fate::Answered(-1)),
        ("4096 bytes of payload, READ", ask(2, 100, &padded(path, 4096)), Fate::Answered(-90)),
        ("4096 bytes of payload, DIR", ask(4, 0, &padded(b"/", 4096)), Fate::Answered(-90)),
        ("4096 bytes of payload, PRESENCE", ask(6, 0, &padded(path, 4096)), Fate::Answered(0)),
        ("WRITE size as large as the payload", ask(3, 27, write), Fate::Closed),
        ("WRITE size larger than the payload", ask(3, 1000, write), Fate::Closed),
        ("WRITE size -1", ask(3, -1, write), Fate::Closed),
        ("WRITE size -30000", ask(3, -30_000, write), Fate::Closed),
        ("WRITE size INT_MIN", ask(3, i32::MIN, write), Fate::Closed),
        ("payload -16 with one token", request([0x1_0001, -16, 2, 0, 100, 0], &[7; 16]), Fate::Closed),
        ("unknown type", ask(11, 0, b"/\0"), Fate::Answered(-42)),
        ("type -1", ask(-1, 0, b"/\0"), Fate::Answered(-42)),
        ("type 0x7fffffff", ask(i32::MAX, 0, b"/\0"), Fate::Answered(-42)),
        ("24 times 00", vec![0; 24], Fate::Answered(-42)),
        ("24 times FF", vec![0xff; 24], Fate::Closed),
        ("an HTTP request", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec(), Fate::Closed),
        ("version with 65535 tokens", request([-1, 2, 2, 0, 100, 0], b"/\0"), Fate::Closed),
        ("READ size 0", ask(2, 0, path), Fate::Answered(-90)),
        ("READ size -1", ask(2, -1, path), Fate::Answered(-90)),
    ];
    let mut server = Server::new(SETUP).unwrap();
    for (name, bytes, expected) in cases {
        assert_eq!(fate(&mut server, &bytes), expected, "{name}");
    }
}

#[test]
fn what_crashed_the_real_server_does_not_crash_ours() {
    let mut server = Server::new(SETUP).unwrap();
    let mut crashed = 0;
    for vector in vectors::in_file("malformed") {
        crashed += usize::from(vector.server_crashed.is_some());
        for _ in 0..3 {
            fate(&mut server, &vector.request);
        }
    }
    assert!(crashed > 0);
}

#[test]
fn own_token_not_in_first_place_closes() {
    let own = *b"this server's 16";
    let mut server = Server::new(SETUP).unwrap();
    server.token = Some(own);
    let tokens = [[9; 16], own].concat();
    let payload = b"/\0";
    let bytes = request([0x1_0002, 2, 7, 0, 0, 0], &[payload, &tokens[..]].concat());
    assert_eq!(say(&mut server, &bytes, Manner::Small), (Vec::new(), Some(End::Loop)));
    next_client_is_served(&mut server);
}

/// The real one takes no more than about a thousand connections, and dies of the next.
#[test]
fn ten_thousand_idle_connections_cost_nothing_but_memory() {
    let mut server = Server::new(SETUP).unwrap();
    let idle: Vec<Client> = (0..10_000).map(|_| Client::new(&server, Manner::Small)).collect();
    next_client_is_served(&mut server);
    for mut client in idle {
        let said = client.talk(&mut server, b"", Then::Wait);
        assert_eq!(said.closed_after, Some(Duration::from_secs(10)));
    }
}

/// In the real one, a client that does not read its listings stops those of all others.
#[test]
fn a_client_that_does_not_read_stops_nobody() {
    let mut server = Server::new(SETUP).unwrap();
    let mut deaf = Client::new(&server, Manner::Small);
    let many = ask(4, 0, b"/\0").repeat(100);
    deaf.give(&mut server, &many);
    next_client_is_served(&mut server);
    let (bytes, _) = say(&mut server, &ask(4, 0, b"/\0"), Manner::Small);
    assert_eq!(bytes.len(), 19 * (24 + 17) + 24);
    let (waiting, end) = deaf.wait();
    assert!(waiting <= 512);
    assert_eq!(end, Some(End::TimedOut(owproto_core::server::Timeout::Send)));
}
