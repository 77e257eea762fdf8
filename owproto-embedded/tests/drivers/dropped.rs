//! Futures that are dropped at every await.

use std::cell::RefCell;

use owproto_core::Request;
use owproto_core::client::Connection;
use owproto_core::server;
use owproto_core::server::End;
use owproto_core::tree::Tree;
use owproto_core::wire::Flags;
use owproto_embedded::Error;
use owproto_embedded::asynchronous::{Client, Server, Timed};
use owproto_tests::frames::done;
use owproto_tests::peer::Script;

use crate::services::SlowBus;
use crate::wire::sending;
use crate::wire::{Delay, Wire};

/// Each call, with the part of a script that answers it. `$check` gets its name, the script, and the call on a client,
/// which gives text.
macro_rules! every_call {
    ($check:expr) => {{
        use owproto_core::wire::MessageType;
        use owproto_tests::frames::{done, entries, list, persistent, rom_id, server_error, value, written};
        let answer = |frame| Script::new().answer(frame);
        let values = Script::new().answer(value("1")).answer(value("85")).answer(value("3"));
        // A client that knows it already does not try DIRALL again.
        let refuses_dirall = |request: &[u8]| match MessageType(request[11].into()) {
            MessageType::DIRALL => persistent(server_error(42)),
            _ => persistent(entries(&["/10.67C6697351FF", "/a"])),
        };
        $check("ping", answer(done()), &async |client| client.ping().await.map(|()| String::new()));
        $check("present", answer(rom_id([0; 8])), &async |client| {
            client.present("/a").await.map(|is| is.to_string())
        });
        $check("read", answer(value("late")), &async |client| {
            client.read("/a", &mut [0; 8]).await.map(|value| format!("{value:?}"))
        });
        $check("read_value", answer(value("21.5")), &async |client| {
            client
                .read_value("/a", owproto_core::text::ValueType::Float, &mut [0; 8])
                .await
                .map(|value| value.to_string())
        });
        $check("write", answer(written(3)), &async |client| {
            client.write("/a", "abc").await.map(|len| len.to_string())
        });
        $check("dir", answer(list("/10.67C6697351FF,/a")), &async |client| {
            let mut listed = String::new();
            client.dir("/", |entry| listed += std::str::from_utf8(entry).unwrap()).await.map(|_| listed)
        });
        $check("dir by DIR", Script::new().serve(refuses_dirall), &async |client| {
            let mut listed = String::new();
            client.dir("/", |entry| listed += std::str::from_utf8(entry).unwrap()).await.map(|_| listed)
        });
        $check("read_many", values.clone(), &async |client| {
            let mut values = String::new();
            let read = client.read_many(["/a", "/b", "/c"], |number, value| {
                values += &format!("{number}{value:?}");
            });
            read.await.map(|()| values)
        });
        $check("read_sensors", values, &async |client| {
            let sensors = ["/28.000028D70100/temperature"; 3].map(owproto_embedded::Sensor::temperature);
            let mut values = String::new();
            let read = client.read_sensors(&sensors, |number, reading| {
                values += &format!("{number}{reading:?}");
            });
            read.await.map(|()| values)
        });
        $check("exchange", answer(server_error(1)), &async |client| {
            let request = owproto_core::Request::read("/a").unwrap();
            client.exchange(&request, |_| (), |reply| reply.ret()).await.map(|ret| ret.to_string())
        });
    }};
}

#[cfg(feature = "embedded-nal-async")]
pub(crate) use every_call;

/// The client whose calls are dropped.
pub(crate) type Clock = Box<dyn FnMut() -> owproto_core::time::Instant>;
type Dropped = Client<Timed<Wire, Delay>, Clock, [u8; 64], [u8; 32], [u8; 32], 3>;

fn timed(wire: &Wire) -> Timed<Wire, Delay> {
    Timed::new(wire.clone(), Delay(wire.clone()))
}

fn client(wire: &Wire) -> Dropped {
    Client::new(timed(wire), Box::new(wire.clock()), Connection::new([0xa5; 64], [0xa5; 32]), [0xa5; 32])
}

/// Drops a call after every number of polls, which is at every await.
fn is_dropped_safely(
    name: &str,
    script: Script,
    call: &impl AsyncFn(&mut Dropped) -> Result<String, Error<embedded_io::ErrorKind>>,
) {
    let script = script.stall();
    let whole = Wire::new(&script.clone());
    let expected = whole.run(call(&mut client(&whole)));
    assert!(expected.is_ok(), "{name}: {expected:?}");
    let mut points = 0;
    loop {
        // One answer more, for the first request; in pieces, and each operation is deferred once.
        let first =
            Wire::new(&Script::new().answer(done()).then(script.clone())).in_pieces(6, 10).deferring();
        let mut client = client(&first);
        first.run(client.ping()).unwrap();
        let sent = first.sent().len();
        if first.run_for(call(&mut client), points).is_some() {
            break;
        }
        if points == 0 {
            // A call that was never polled has changed nothing.
            assert_eq!((client.is_open(), first.sent().len()), (true, sent), "{name}");
            assert_eq!(first.run(call(&mut client)), expected, "{name}");
        } else {
            // The connection has ended, and nothing is sent.
            let sent = first.sent().len();
            assert!(!client.is_open(), "{name} after {points}");
            for _ in 0..2 {
                assert_eq!(first.run(call(&mut client)), Err(Error::Ended), "{name} after {points}");
            }
            assert_eq!(first.sent().len(), sent);
        }
        let next = Wire::new(&script.clone());
        client.reconnect(timed(&next));
        assert_eq!(next.run(call(&mut client)), expected, "{name} after {points}");
        points += 1;
    }
    assert!(points > 8, "{name}: {points} points were tried");
}

#[test]
fn every_call_can_be_dropped_at_every_await() {
    every_call!(is_dropped_safely);
}

#[test]
fn a_server_can_be_dropped_at_every_await() {
    let read = |path: &str| {
        let request = Request::read(path).unwrap().with_flags(Flags::PERSISTENCE);
        let mut buffer = [0; 64];
        request.encode(&mut buffer).unwrap().to_vec()
    };
    let path = "/28.000000000000/temperature";
    let mut points = 0;
    let mut cancelled_reads = 0;
    loop {
        let first =
            Wire::new(&sending(&[read(path), read("/x"), read(path)].concat())).in_pieces(20, 30).deferring();
        let bus = SlowBus::new(&first, 1, 2_500_000);
        let cancelled = bus.cancelled.clone();
        let tree = RefCell::new(Tree::new(bus));
        let connection = server::Connection::new([0xa5; 64], [0xa5; 64]);
        let mut server = Server::new(first.clock(), connection, [0xa5; 64]);
        let mut transport = timed(&first);
        let end = first.run_for(server.serve(&mut transport, &tree), points);
        assert!(tree.try_borrow_mut().is_ok());
        cancelled_reads += cancelled.get();
        // The next client sees nothing of the previous one.
        let next = first.beside(&sending(&[read("/y"), read(path)].concat()));
        let served = next.run(server.serve(&mut timed(&next), &tree));
        assert_eq!(served, Ok(End::ClientClosed), "after {points}");
        let sent = next.sent();
        assert_eq!(sent[..12], [0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255], "after {points}");
        // Two keepalives, and the value.
        assert_eq!(sent[24 + 24 + 24 + 24..], *b"        21.5", "after {points}");
        if end.is_some() {
            assert_eq!(end, Some(Ok(End::ClientClosed)));
            break;
        }
        points += 1;
    }
    assert!(
        points > 30 && cancelled_reads > 4,
        "{points} points were tried, {cancelled_reads} reads were cancelled"
    );
}
