//! Concurrent calls of threads and tasks that share a client, over real sockets; and servers found by name.

use std::net::Ipv6Addr;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use owproto_core::wire::Header;
use owproto_tests::owserver::free_port;
use owproto_tests::path_server;
use owproto_tests::peer::Peer;

use crate::{Builder, Client, DirOptions, Error};

const THREADS: usize = 8;
const ROUNDS: usize = 200;

fn path(thread: usize, round: usize) -> String {
    format!("/{thread}/{}", "x".repeat(round % 50) + &round.to_string())
}

#[test]
fn threads_share_a_connection_and_get_their_own_values() {
    let server = Peer::serve(path_server::answer);
    let client = Builder::default().address(server.address().into()).connections(1).build();
    thread::scope(|scope| {
        for number in 0..THREADS {
            let client = client.clone();
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let path = path(number, round);
                    assert_eq!(client.read(&path).unwrap(), path_server::value_of(path.as_bytes()));
                }
            });
        }
    });
    assert_eq!(server.connections(), 1);
}

#[test]
fn threads_make_all_kinds_of_calls_and_get_their_own_replies() {
    let server = Peer::serve(path_server::answer);
    let client = Builder::default().address(server.address().into()).connections(3).build();
    let listed = path_server::ENTRIES.map(str::as_bytes);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let client = &client;
            scope.spawn(move || {
                for round in 0..ROUNDS / 4 {
                    let paths: Vec<String> = (0..70).map(|n| path(number, round * 70 + n)).collect();
                    for (value, path) in client.read_many(&paths).into_iter().zip(&paths) {
                        assert_eq!(value.unwrap(), path_server::value_of(path.as_bytes()));
                    }
                    assert_eq!(client.write(&paths[0], "12345").unwrap(), 5);
                    assert!(client.dir("/").unwrap().iter().eq(listed));
                    let mut iter = client.dir_iter("/", DirOptions::new()).unwrap();
                    for (entry, expected) in iter.by_ref().take(1 + round % 3).zip(listed) {
                        assert_eq!(entry.unwrap(), expected);
                        assert_eq!(
                            client.read(&paths[1]).unwrap(),
                            path_server::value_of(paths[1].as_bytes())
                        );
                    }
                    drop(iter);
                    let once = client.non_persistent();
                    assert_eq!(once.read(&paths[2]).unwrap(), path_server::value_of(paths[2].as_bytes()));
                    client.close_connection();
                }
            });
        }
    });
    assert!(client.shared().pool.idle() <= 3);
}

#[test]
fn read_each_passes_values_in_order_to_a_function_that_may_use_the_client() {
    let server = Peer::serve(path_server::answer);
    let client = Builder::default().address(server.address().into()).build();
    for client in [client.clone(), client.non_persistent()] {
        let paths: Vec<String> =
            (0..200).map(|n| if n % 7 == 3 { "/\0".into() } else { path(n, n) }).collect();
        let mut expected = paths.iter();
        client.read_each(&paths, |value| {
            let path = expected.next().expect("there is one value for each path");
            match value {
                Ok(value) => assert_eq!(value, path_server::value_of(path.as_bytes())),
                Err(error) => assert!(path.contains('\0') && matches!(error, Error::Request(_)), "{error}"),
            }
            assert_eq!(client.read("/beside").unwrap(), path_server::value_of(b"/beside"));
        });
        assert_eq!(expected.next(), None);
    }
}

#[test]
fn calls_run_concurrently_on_all_connections() {
    // The server answers only once four requests have arrived.
    let barrier = Barrier::new(4);
    let server = Peer::serve(move |request| {
        barrier.wait();
        path_server::answer(request)
    });
    let client = Builder::default().address(server.address().into()).connections(4).build();
    thread::scope(|scope| {
        for number in 0..4 {
            let client = &client;
            scope.spawn(move || {
                for round in 0..20 {
                    let path = path(number, round);
                    assert_eq!(client.read(&path).unwrap(), path_server::value_of(path.as_bytes()));
                }
            });
        }
    });
    assert_eq!(server.connections(), 4);
}

#[test]
fn a_call_that_waits_for_a_permit_keeps_its_total_timeout() {
    let released = std::sync::Arc::new(Barrier::new(2));
    let server = {
        let released = std::sync::Arc::clone(&released);
        Peer::serve(move |request| {
            if request.ends_with(b"/slow\0") {
                released.wait();
            }
            path_server::answer(request)
        })
    };
    let client = Builder::default().address(server.address().into()).connections(1).build();
    client.ping().unwrap();
    thread::scope(|scope| {
        let slow = scope.spawn(|| client.read("/slow"));
        // This call succeeds until the other one has the connection.
        let start = Instant::now();
        let error = loop {
            match client.with_timeout(Duration::from_millis(50)).read("/fast") {
                Ok(value) => assert_eq!(value, path_server::value_of(b"/fast")),
                Err(error) => break error,
            }
            assert!(start.elapsed() < Duration::from_secs(20));
        };
        assert!(matches!(error, Error::TimedOut { .. }) && error.is_timeout(), "{error:?}");
        released.wait();
        assert_eq!(slow.join().unwrap().unwrap(), path_server::value_of(b"/slow"));
    });
    assert_eq!(client.read("/fast").unwrap(), path_server::value_of(b"/fast"));
    assert_eq!(server.connections(), 1);
}

#[test]
fn all_addresses_of_a_name_are_tried() {
    // localhost is ::1, or 127.0.0.1, or both, and the server listens on one of them only.
    let v4 = Peer::serve(path_server::answer);
    let v6 = Peer::serve_on(Ipv6Addr::LOCALHOST.into(), path_server::answer);
    let by_name = |port| Builder::default().host("localhost", port).build();
    assert_eq!(by_name(v4.address().port()).read("/a").unwrap(), path_server::value_of(b"/a"));
    let numeric = Client::new(&v4.address().to_string()).unwrap();
    numeric.with_timeout(Duration::from_secs(10)).ping().unwrap();
    by_name(v4.address().port()).with_timeout(Duration::from_secs(10)).ping().unwrap();
    // A machine may have no IPv6.
    if let Ok(v6) = v6 {
        let numeric = Client::new(&v6.address().to_string()).unwrap();
        assert_eq!(numeric.read("/a").unwrap(), path_server::value_of(b"/a"));
        assert_eq!(numeric.address().to_string(), format!("[::1]:{}", v6.address().port()));
        let unspecific = Client::new(&format!("[0:0:0:0:0:0:0:1]:{}", v6.address().port())).unwrap();
        unspecific.with_timeout(Duration::from_secs(10)).ping().unwrap();
    }
}

#[test]
fn a_refused_connection_is_a_connect_error_that_names_the_address() {
    let address = format!("localhost:{}", free_port());
    let client = Client::new(&address).unwrap();
    for client in [client.clone(), client.non_persistent(), client.with_timeout(Duration::from_secs(10))] {
        let error = client.read("/a").unwrap_err();
        assert!(matches!(error, Error::Connect { .. }), "{error:?}");
        assert!(error.to_string().contains(&address) && !error.is_timeout(), "{error}");
    }
    let many = client.read_many(&["/a", "/b"]);
    assert!(matches!(many[..], [Err(Error::Connect { .. }), Err(Error::NotTried { .. })]), "{many:?}");
}

#[test]
fn a_name_that_does_not_exist_is_a_resolve_error() {
    // RFC 6761 reserves this domain.
    let client = Client::new("owserver.invalid").unwrap().with_timeout(Duration::from_secs(20));
    let error = client.ping().unwrap_err();
    assert!(matches!(error, Error::Resolve { .. }) || error.is_timeout(), "{error:?}");
}

#[test]
fn the_tap_shows_the_bytes_of_both_directions() {
    use crate::Traffic;
    let server = Peer::serve(path_server::answer);
    let seen = std::sync::Arc::new(std::sync::Mutex::new((Vec::new(), Vec::new(), Vec::new())));
    let client = {
        let seen = std::sync::Arc::clone(&seen);
        let tap = move |traffic: Traffic<'_>| {
            let (sent, received, events) = &mut *seen.lock().unwrap();
            match traffic {
                Traffic::Connected(peer) => events.push(Some(peer)),
                Traffic::Closed => events.push(None),
                Traffic::Sent(bytes) => sent.extend_from_slice(bytes),
                Traffic::Received(bytes) => received.extend_from_slice(bytes),
            }
        };
        Builder::default().address(server.address().into()).persistent(false).tap(tap).build()
    };
    client.read("/a").unwrap();
    client.read("/b").unwrap();
    let (sent, received, events) = std::mem::take(&mut *seen.lock().unwrap());
    let mut requests = Vec::new();
    let mut rest = &sent[..];
    while let Some(header) = rest.first_chunk() {
        let len = 24 + usize::try_from(Header::from_bytes(header).payload).unwrap();
        requests.push(&rest[..len]);
        rest = &rest[len..];
    }
    assert_eq!(requests.len(), 2);
    assert_eq!(
        received,
        requests.iter().flat_map(|request| path_server::answer(request)).collect::<Vec<_>>()
    );
    assert_eq!(events, [Some(server.address()), None, Some(server.address()), None]);
}

#[cfg(feature = "tokio")]
mod on_tokio {
    use std::future::Future;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use super::*;

    #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn tasks_share_a_connection_and_get_their_own_values() {
        let server = Peer::serve(path_server::answer);
        let client = Builder::default().address(server.address().into()).connections(1).build_tokio();
        let tasks = (0..THREADS).map(|number| {
            let client = client.clone();
            ::tokio::spawn(async move {
                for round in 0..ROUNDS {
                    let path = path(number, round);
                    assert_eq!(client.read(&path).await.unwrap(), path_server::value_of(path.as_bytes()));
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert_eq!(server.connections(), 1);
    }

    /// A future that ends with `None` at its nth poll.
    struct EndedAtPoll<F>(Pin<Box<F>>, usize);

    impl<F: Future> Future for EndedAtPoll<F> {
        type Output = Option<F::Output>;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
            match self.1.checked_sub(1) {
                Some(left) => {
                    self.1 = left;
                    self.0.as_mut().poll(context).map(Some)
                }
                None => Poll::Ready(None),
            }
        }
    }

    #[::tokio::test]
    async fn the_next_call_is_right_after_a_future_was_dropped_at_any_poll() {
        let server = Peer::serve(path_server::answer);
        let mut dropped = 0;
        for persistent in [true, false] {
            let client =
                Builder::default().address(server.address().into()).persistent(persistent).build_tokio();
            for round in 0..40 {
                for count in 0..6 {
                    let path = path(count, round);
                    if let Some(value) = EndedAtPoll(Box::pin(client.read(&path)), count).await {
                        assert_eq!(value.unwrap(), path_server::value_of(path.as_bytes()));
                    } else {
                        dropped += 1;
                    }
                    let paths = ["/a", "/b", "/c"];
                    if let Some(values) = EndedAtPoll(Box::pin(client.read_many(&paths)), count).await {
                        assert!(values.iter().all(Result::is_ok));
                    }
                    if let Some(listing) = EndedAtPoll(Box::pin(client.dir("/")), count).await {
                        assert_eq!(listing.unwrap().len(), 3);
                    }
                    assert_eq!(client.read("/next").await.unwrap(), path_server::value_of(b"/next"));
                }
            }
        }
        assert!(dropped >= 100, "{dropped}");
    }

    #[::tokio::test]
    async fn more_concurrent_calls_than_connections_are_all_answered() {
        let server = Peer::serve(path_server::answer);
        let client = Builder::default().address(server.address().into()).connections(2).build_tokio();
        let mut calls = ::tokio::task::JoinSet::new();
        for number in 0..100 {
            let client = client.clone();
            calls.spawn(async move { (number, client.read(&path(number, 0)).await) });
        }
        let mut seen = 0;
        while let Some(call) = calls.join_next().await {
            let (number, value) = call.unwrap();
            assert_eq!(value.unwrap(), path_server::value_of(path(number, 0).as_bytes()));
            seen += 1;
        }
        assert_eq!(seen, 100);
        assert!(server.connections() <= 2);
    }
}
