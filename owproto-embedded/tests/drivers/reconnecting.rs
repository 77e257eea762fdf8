//! The client that connects by itself.

use embedded_io::ErrorKind;
use owproto_core::client::{Connection, ConnectionError, Resend, Timeouts};
use owproto_core::time::Duration;
use owproto_core::{ReturnCode, ServerError};
use owproto_embedded::asynchronous::ReconnectingClient;
use owproto_embedded::{Backoff, Error, Plausibility, Sensor};
use owproto_tests::frames::{Frame, done, list, persistent, server_error, value};
use owproto_tests::peer::Script;

use crate::dropped::{Clock, every_call};
use crate::network::Network;
use crate::wire::{Delay, Wire};

type Client<'n> = ReconnectingClient<'n, Network, Delay, Clock, [u8; 64], [u8; 32], [u8; 32], 3>;

const SERVER: ([u8; 4], u16) = ([192, 0, 2, 7], 4304);

fn client<'n>(network: &'n Network, clock: &Wire) -> Client<'n> {
    let memory = Connection::new([0xa5; 64], [0xa5; 32]);
    ReconnectingClient::new(
        network,
        SERVER.into(),
        Delay(clock.clone()),
        Box::new(clock.clock()),
        memory,
        [0xa5; 32],
    )
}

/// Something that only has a clock.
fn clock() -> Wire {
    Wire::new(&Script::new().stall())
}

/// A connection on which requests are answered with these frames, and no further ones.
fn answering(frames: impl IntoIterator<Item = Frame>) -> Script {
    frames.into_iter().fold(Script::new(), Script::answer)
}

#[test]
fn one_connection_serves_many_calls() {
    let clock = clock();
    let script = answering([value("1"), value("2"), server_error(1), value("3")]).stall();
    let network = Network::new(&clock, [script]);
    let mut client = client(&network, &clock);
    assert!(!client.is_connected() && network.attempts().is_empty());
    clock.run(async {
        let mut buffer = [0; 4];
        assert_eq!(client.read("/a", &mut buffer).await, Ok(&b"1"[..]));
        assert_eq!(client.read("/a", &mut buffer).await, Ok(&b"2"[..]));
        assert_eq!(client.present("/a").await, Ok(false));
        assert_eq!(client.read("/a", &mut buffer).await, Ok(&b"3"[..]));
    });
    assert_eq!(network.attempts(), [0]);
    assert_eq!(network.remote.get(), Some(SERVER.into()));
    assert!(client.is_connected());
    drop(client);
    assert_eq!(network.open(), 0);
}

#[test]
fn a_stale_connection_is_replaced_without_delay() {
    let answered = || answering([value("1")]).read_request();
    for first in [answered().close(), answered().reset()] {
        let clock = clock();
        let network = Network::new(&clock, [first, answering([value("2")]).stall()]);
        let mut client = client(&network, &clock);
        clock.run(async {
            let mut buffer = [0; 4];
            assert_eq!(client.read("/a", &mut buffer).await, Ok(&b"1"[..]));
            assert_eq!(client.read("/a", &mut buffer).await, Ok(&b"2"[..]));
        });
        assert_eq!(network.attempts(), [0, 0]);
    }
}

#[test]
fn a_write_is_never_repeated() {
    // Shortly after another call the client does not check the connection, and the write may have been carried out.
    let clock = clock();
    let first = answering([value("1")]).read_request().close();
    let network = Network::new(&clock, [first, answering([done()]).stall()]);
    let mut client = client(&network, &clock);
    clock.run(async {
        client.read("/a", &mut [0; 4]).await.unwrap();
        let error = client.write("/a", "1").await.unwrap_err();
        let stale = ConnectionError::Stale;
        assert_eq!(error, Error::Connection { error: stale, resend: Resend::MayHappenTwice });
        assert!(!error.is_safe_to_retry());
        assert_eq!(network.attempts(), [0]);
        // The caller may decide to repeat it.
        client.write("/a", "1").await.unwrap();
    });
    assert_eq!(network.attempts(), [0, 0]);
}

#[test]
fn an_idle_connection_is_checked_before_a_write() {
    let clock = clock();
    let first = answering([value("1")]).read_request().close();
    let network = Network::new(&clock, [first, answering([done(), done()]).stall()]);
    let mut client = client(&network, &clock);
    clock.run(async {
        client.read("/a", &mut [0; 4]).await.unwrap();
        clock.advance(1_000_000);
        client.write("/a", "1").await.unwrap();
    });
    assert_eq!(network.attempts(), [0, 1000]);
    // A read and a NOP.
    let sent = network.sent(0);
    assert_eq!((sent.len(), sent[27 + 11]), (27 + 24, 1));
}

#[test]
fn the_delay_grows_while_the_server_is_unreachable() {
    let clock = clock();
    let first = answering([server_error(1)]).read_request().send(b"HTTP/1.1 400 Bad Request").stall();
    let mut scripts = vec![Script::refuse(); 4];
    scripts.extend([first, answering([value("1")]).stall()]);
    let network = Network::new(&clock, scripts);
    let backoff = Backoff::new(Duration::from_millis(500), Duration::from_millis(1500));
    let mut client = client(&network, &clock).with_backoff(backoff);
    clock.run(async {
        let mut buffer = [0; 4];
        for _ in 0..4 {
            let error = client.read("/a", &mut buffer).await.unwrap_err();
            assert_eq!(error, Error::Connect(ErrorKind::ConnectionRefused));
            assert!(error.is_safe_to_retry());
        }
        assert_eq!(client.next_attempt().saturating_since(clock.now()), Duration::from_millis(1500));
        // An error of the server is an answer, and resets the delay.
        let no = ServerError::new(ReturnCode::from_ret(-1)).unwrap();
        assert_eq!(client.read("/a", &mut buffer).await, Err(Error::Server(no)));
        // An invalid reply is the first failure after it.
        assert!(client.read("/a", &mut buffer).await.is_err());
        assert_eq!(client.read("/a", &mut buffer).await, Ok(&b"1"[..]));
    });
    assert_eq!(network.attempts(), [0, 500, 1500, 3000, 4500, 5000]);
}

#[test]
fn a_server_that_accepts_and_closes_is_a_failure_of_the_call() {
    let clock = clock();
    let network = Network::new(&clock, vec![Script::new().read_request().close(); 3]);
    let mut client = client(&network, &clock);
    clock.run(async {
        for _ in 0..3 {
            let error = ConnectionError::Closed;
            assert_eq!(client.ping().await, Err(Error::Connection { error, resend: Resend::Safe }));
            assert!(!client.is_connected());
        }
    });
    assert_eq!(network.attempts(), [0, 500, 1500]);
    assert_eq!(network.open(), 0);
}

#[test]
fn connecting_times_out() {
    let clock = clock();
    let network = Network::new(&clock, [Script::ignore(), Script::ignore()]);
    let mut client = client(&network, &clock).with_connect_timeout(Duration::from_millis(300));
    clock.run(async {
        let error = client.ping().await.unwrap_err();
        assert_eq!(error, Error::ConnectTimedOut);
        assert!(error.is_timeout() && error.is_safe_to_retry());
        assert_eq!(client.ping().await, Err(Error::ConnectTimedOut));
    });
    assert_eq!(network.attempts(), [0, 800]);
    assert_eq!(clock.now().as_micros() / 1000 - 1000, 1100);
}

#[test]
fn a_late_answer_is_never_matched_to_another_request() {
    let clock = clock();
    let late = Script::new().read_request().pause_ms(2500).reply(value("late")).stall();
    let network = Network::new(&clock, [late, answering([value("next")]).stall()]);
    let mut client = client(&network, &clock);
    clock.run(async {
        let mut buffer = [0; 4];
        assert!(client.read("/a", &mut buffer).await.unwrap_err().is_timeout());
        assert_eq!(network.open(), 0);
        assert_eq!(client.read("/b", &mut buffer).await, Ok(&b"next"[..]));
    });
    assert_eq!(network.attempts(), [0, 2500]);
}

#[test]
fn without_persistence_each_request_has_its_own_connection() {
    let clock = clock();
    let last_answer = |text| Script::new().read_request().reply_nonpersistent(value(text)).close();
    let network = Network::new(&clock, ["1", "2", "3", "4"].map(last_answer));
    let mut client = client(&network, &clock);
    clock.run(async {
        assert_eq!(client.read("/a", &mut [0; 4]).await, Ok(&b"1"[..]));
        assert_eq!(network.open(), 0);
        let mut values = Vec::new();
        let read = client.read_many(["/b", "/c", "/d"], |number, value| {
            values.push((number, value.unwrap().to_vec()));
        });
        read.await.unwrap();
        assert_eq!(values, [(0, b"2".to_vec()), (1, b"3".to_vec()), (2, b"4".to_vec())]);
    });
    assert_eq!(network.attempts(), [0, 0, 0, 0]);
}

#[test]
fn many_reads_continue_where_the_connection_broke() {
    let clock = clock();
    let cut = &persistent(value("21"))[..25];
    let first = answering([value("20"), value("85")]).read_request().send(cut).close();
    let second = answering([value("21"), server_error(1), value("warm")]).stall();
    let network = Network::new(&clock, [first, second]);
    let mut client = client(&network, &clock);
    let sensors =
        ["/28.1/temperature", "/28.000028D70100/temperature", "/c", "/d", "/e"].map(Sensor::temperature);
    let mut readings = Vec::new();
    let read = client.read_sensors(&sensors, |number, reading| {
        let reading = reading.map(|reading| (reading.value.as_f64().unwrap(), reading.plausibility));
        readings.push((number, reading.map_err(|error| error.to_string())));
    });
    clock.run(read).unwrap();
    let good = |number| Ok((number, Plausibility::Measured));
    assert_eq!(
        readings[..3],
        [(0, good(20.0)), (1, Ok((85.0, Plausibility::PowerOnValue))), (2, good(21.0))]
    );
    let (no_path, no_value) = (&readings[3], &readings[4]);
    assert!(
        no_path.1.is_err() && no_value.1.as_ref().is_err_and(|error| error.contains("byte 0")),
        "{readings:?}"
    );
    assert_eq!(network.attempts(), [0, 0]);
}

#[test]
fn many_reads_end_if_a_connection_gives_no_value() {
    let clock = clock();
    let first = answering([value("1")]).read_request().close();
    let network = Network::new(&clock, [first, Script::new().read_request().close()]);
    let mut client = client(&network, &clock);
    let mut values = 0;
    let result = clock.run(client.read_many(["/a"; 2], |_, _| values += 1));
    assert_eq!(result, Err(Error::Connection { error: ConnectionError::Closed, resend: Resend::Safe }));
    assert_eq!((values, network.attempts()), (1, vec![0, 0]));
}

#[test]
fn a_listing_is_not_repeated_after_its_first_entry() {
    let clock = clock();
    let list = list("/10.67C6697351FF,/28.000028D70100");
    for (cut, tries, expected) in [(0, 2, true), (24 + 20, 1, false)] {
        let part = &persistent(&list)[..cut];
        let first = answering([value("1")]).read_request().send(part).close();
        let network = Network::new(&clock, [first, answering([list.clone()]).stall()]);
        let mut client = client(&network, &clock);
        clock.run(async {
            client.read("/a", &mut [0; 4]).await.unwrap();
            let mut entries = 0;
            let listed = client.dir("/", |_| entries += 1).await;
            assert_eq!(listed.is_ok(), expected);
            assert_eq!(entries, if expected { 2 } else { 1 });
        });
        assert_eq!(network.attempts().len(), tries);
    }
}

#[test]
fn an_address_can_be_changed() {
    let clock = clock();
    let (first, third) = (answering([value("1")]).stall(), answering([value("2")]).stall());
    let network = Network::new(&clock, [first, Script::refuse(), third]);
    let mut client = client(&network, &clock);
    clock.run(async {
        client.read("/a", &mut [0; 4]).await.unwrap();
        client.set_server(([192, 0, 2, 8], 4304).into());
        assert_eq!(network.open(), 0);
        client.ping().await.unwrap_err();
        // A failure of one server does not delay connecting to another.
        client.set_server(([192, 0, 2, 9], 4304).into());
        client.read("/a", &mut [0; 4]).await.unwrap();
    });
    assert_eq!(network.attempts(), [0, 0, 0]);
    assert_eq!(network.remote.get(), Some(([192, 0, 2, 9], 4304).into()));
}

/// Drops a call at every await, and checks that the next call succeeds.
fn is_dropped_safely(
    name: &str,
    script: Script,
    call: &impl AsyncFn(&mut Client<'_>) -> Result<String, Error<ErrorKind>>,
) {
    let clock = clock();
    let script = script.stall();
    let network = Network::new(&clock, [script.clone()]);
    let expected = clock.run(call(&mut client(&network, &clock)));
    assert!(expected.is_ok(), "{name}: {expected:?}");
    let mut points = 0;
    loop {
        let clock = self::clock();
        // The first attempt fails, so that the call also waits for the next one.
        let network = Network::new(&clock, [Script::refuse(), script.clone(), script.clone()])
            .preparing(|wire| wire.in_pieces(6, 10).deferring());
        let mut client = client(&network, &clock);
        client.set_timeouts(Timeouts::NONE);
        clock.run(client.ping()).unwrap_err();
        if clock.run_for(call(&mut client), points).is_some() {
            break;
        }
        assert_eq!(clock.run(call(&mut client)), expected, "{name} after {points}");
        assert!(network.open() <= 1);
        points += 1;
    }
    assert!(points > 8, "{name}: {points} points were tried");
}

#[test]
fn every_call_can_be_dropped_at_every_await() {
    every_call!(is_dropped_safely);
}
