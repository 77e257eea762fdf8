//! The client and the server on embassy-net: two machines, connected in memory, in real time. `tests/drivers` tests the
//! drivers below them in virtual time; here are connections, sockets and persistent slots.

mod network;

use std::cell::RefCell;
use std::future::{Future, pending};
use std::task::{Context, Poll};
use std::time::Instant;

use embassy_net::Stack;
use embassy_net::tcp::{AcceptError, ConnectError, TcpSocket};
use embassy_time::Timer;
use owproto_core::client::{self, ConnectionError, Resend};
use owproto_core::server::{self, Connection};
use owproto_core::text::{RomId, Value};
use owproto_core::time::Duration;
use owproto_core::tree::tester::Tester;
use owproto_core::tree::{Access, Bus, Operation, Tree};
use owproto_core::{Request, ReturnCode};
use owproto_embedded::embassy_net::{Client, DialError, Dialer, ListenError, PersistentSlots, client, serve};
use owproto_embedded::{Backoff, Error, Service};

use crate::network::{SERVER, run};

type Buffer = [u8; 256];

/// A socket with its own buffers.
fn socket(stack: Stack<'static>) -> TcpSocket<'static> {
    TcpSocket::new(stack, vec![0; 512].leak(), vec![0; 512].leak())
}

fn dialer(stack: Stack<'static>) -> Dialer<'static> {
    Dialer::new(socket(stack))
}

fn new_client<'n>(dialer: &'n Dialer<'static>) -> Client<'n, 'static, Buffer, Buffer, Buffer, 4> {
    let connection = client::Connection::new([0; 256], [0; 256]);
    let backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(100));
    client(dialer, SERVER, connection, [0; 256]).with_backoff(backoff)
}

/// Serves on this many sockets, without end.
async fn serve_on<V: Service>(
    stack: Stack<'static>,
    sockets: usize,
    service: &RefCell<V>,
    slots: &PersistentSlots,
) {
    let timeouts = server::Timeouts::DEFAULT.with_keepalive(Duration::from_millis(50));
    let each = |_| async {
        let connection = Connection::new([0; 256], [0; 256]).with_timeouts(timeouts);
        serve(&mut socket(stack), 4304, connection, [0; 64], service, slots).await
    };
    let mut all: Vec<_> = (0..sockets).map(each).map(Box::pin).collect();
    std::future::poll_fn(|context| {
        for one in &mut all {
            assert!(one.as_mut().poll(context).is_pending(), "a server ended");
        }
        Poll::<()>::Pending
    })
    .await;
}

fn tester() -> RefCell<Tree<Tester<'static>>> {
    RefCell::new(Tree::new(Tester::new(&[0x10, 0x28, 0x22])))
}

#[test]
fn a_client_lists_and_reads_repeatedly() {
    run(0, async |near, far| {
        let (tree, slots, dialer) = (tester(), PersistentSlots::new(2), dialer(near));
        let program = async {
            let mut client = new_client(&dialer);
            for _ in 0..20 {
                let mut devices = Vec::new();
                client.dir("/", |entry| devices.push(entry.to_vec())).await.unwrap();
                devices.retain(|entry| entry.get(3) == Some(&b'.'));
                assert_eq!(devices.len(), 3);
                let paths = devices.iter().map(|device| [&device[..], b"/temperature"].concat());
                let mut values = 0;
                client.read_many(paths, |_, value| values += value.unwrap().len() / 12).await.unwrap();
                assert_eq!(values, 3);
            }
            assert_eq!(slots.free(), 1);
        };
        first(program, serve_on(far, 3, &tree, &slots)).await;
        assert_eq!(slots.free(), 2);
    });
}

#[test]
fn a_server_that_was_restarted_is_found_again() {
    run(0, async |near, far| {
        let (tree, slots, dialer) = (tester(), PersistentSlots::new(2), dialer(near));
        let mut client = new_client(&dialer);
        for _ in 0..3 {
            let refused = Err(Error::Connect(DialError::Connect(ConnectError::ConnectionReset)));
            assert_eq!(client.ping().await, refused);
            assert_eq!(client.ping().await, refused);
            first(
                async {
                    client.ping().await.unwrap();
                    client.ping().await.unwrap();
                    assert!(client.is_connected());
                },
                serve_on(far, 1, &tree, &slots),
            )
            .await;
            // The server was dropped, and the connection with it.
            let lost = client.write("/10.000010EF0000/temphigh", "30").await.unwrap_err();
            assert!(matches!(lost, Error::Transport { .. } | Error::Connect(_)), "{lost:?}");
        }
    });
}

#[test]
fn a_client_without_a_slot_is_served_without_persistence() {
    run(0, async |near, far| {
        let (tree, slots) = (tester(), PersistentSlots::new(1));
        let dialers = [dialer(near), dialer(near)];
        let program = async {
            let [mut first, mut second] = dialers.each_ref().map(new_client);
            for _ in 0..5 {
                first.ping().await.unwrap();
                second.ping().await.unwrap();
                assert!(first.is_connected() && !second.is_connected());
            }
            assert_eq!(slots.free(), 0);
            first.close();
            while slots.free() == 0 {
                Timer::after_millis(1).await;
            }
            second.ping().await.unwrap();
            assert!(second.is_connected());
        };
        first(program, serve_on(far, 2, &tree, &slots)).await;
    });
}

/// A thermometer whose conversion takes 400 ms.
#[derive(Default)]
struct Slow {
    begun: Option<(Operation, Instant)>,
    cancelled: usize,
}

const PATH: &str = "/28.000000000000/temperature";

impl Bus for Slow {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok((n == 0).then(|| RomId::new(0x28, [0; 6]))))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        _: &'a mut [u8],
        context: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        let (_, begun) = *self.begun.get_or_insert((access.operation, Instant::now()));
        if begun.elapsed().as_millis() < 400 {
            // A board would set a timer.
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.begun = None;
        Poll::Ready(Ok(Value::Float(21.5)))
    }

    fn cancel(&mut self, _: Operation) {
        self.begun = None;
        self.cancelled += 1;
    }
}

#[test]
fn during_a_slow_read_keepalives_are_sent() {
    run(0, async |near, far| {
        let (tree, slots, dialer) =
            (RefCell::new(Tree::new(Slow::default())), PersistentSlots::new(1), dialer(near));
        let program = async {
            let mut client = new_client(&dialer);
            // A keepalive arrives every 50 ms. Without them 400 ms of silence would be too long.
            client.set_timeouts(client::Timeouts::NONE.with_inactivity(Duration::from_millis(300)));
            let mut buffer = [0; 16];
            assert_eq!(client.read(PATH, &mut buffer).await, Ok(&b"        21.5"[..]));
        };
        first(program, serve_on(far, 1, &tree, &slots)).await;
    });
}

#[test]
fn a_dropped_call_is_cancelled_on_the_bus_and_the_next_one_succeeds() {
    run(0, async |near, far| {
        let (tree, slots, dialer) =
            (RefCell::new(Tree::new(Slow::default())), PersistentSlots::new(1), dialer(near));
        let program = async {
            let mut client = new_client(&dialer);
            let mut buffer = [0; 16];
            first(async { Timer::after_millis(100).await }, async {
                let _ = client.read(PATH, &mut buffer).await;
            })
            .await;
            assert_eq!(client.read(PATH, &mut buffer).await, Ok(&b"        21.5"[..]));
            assert_eq!(tree.borrow().bus().cancelled, 1);
        };
        first(program, serve_on(far, 2, &tree, &slots)).await;
    });
}

#[test]
fn a_listing_of_65_kb_passes_through_a_client_of_256_bytes() {
    run(0, async |near, far| {
        let families = vec![0x28; 4000].leak();
        let (tree, slots, dialer) =
            (RefCell::new(Tree::new(Tester::new(families))), PersistentSlots::new(1), dialer(near));
        let program = async {
            let connection: client::Connection<_, _> = client::Connection::new([0; 96], [0; 32]);
            let mut client = client(&dialer, SERVER, connection, [0; 128]);
            let (mut entries, mut bytes) = (0, 0);
            let listed = client.dir("/", |entry| {
                entries += usize::from(entry.starts_with(b"/28."));
                bytes += entry.len() + 1;
            });
            listed.await.unwrap();
            assert_eq!(entries, 4000);
            assert!(bytes > 65_536);
        };
        first(program, serve_on(far, 1, &tree, &slots)).await;
    });
}

#[test]
fn lost_packets_cost_time_but_no_data() {
    // One packet of 20.
    run(20, async |near, far| {
        let (tree, slots, dialer) = (tester(), PersistentSlots::new(1), dialer(near));
        let program = async {
            let mut client = new_client(&dialer);
            let mut buffer = [0; 16];
            for _ in 0..50 {
                loop {
                    match client.read("/28.000028D70100/temperature", &mut buffer).await {
                        Ok(value) => break assert_eq!(value, b"         4.1"),
                        Err(error) => assert!(error.is_safe_to_retry() || matches!(error, Error::Connect(_))),
                    }
                }
            }
        };
        first(program, serve_on(far, 2, &tree, &slots)).await;
    });
}

#[test]
fn a_client_that_ends_within_its_request_frees_its_socket() {
    run(0, async |near, far| {
        let (tree, slots) = (tester(), PersistentSlots::new(1));
        let program = async {
            for _ in 0..5 {
                let mut broken = socket(near);
                connect(&mut broken).await;
                broken.write(&[0; 30]).await.unwrap();
                broken.abort();
                broken.flush().await.unwrap();
            }
            // Without persistence the server closes its side, and waits for the client to close its own.
            let mut whole = socket(near);
            connect(&mut whole).await;
            let mut request = [0; 64];
            let request = Request::read("/28.000028D70100/type").unwrap().encode(&mut request).unwrap();
            whole.write(request).await.unwrap();
            let mut received = Vec::new();
            let mut buffer = [0; 64];
            while let Ok(n @ 1..) = whole.read(&mut buffer).await {
                received.extend_from_slice(&buffer[..n]);
            }
            assert_eq!(&received[24..], b"DS18B20");
            whole.close();
            let mut last = socket(near);
            connect(&mut last).await;
        };
        first(program, serve_on(far, 1, &tree, &slots)).await;
        assert_eq!(slots.free(), 1);
    });
}

/// Connects, as soon as the server listens again.
async fn connect(socket: &mut TcpSocket<'static>) {
    while socket.connect((network::SERVER_IP, 4304)).await.is_err() {
        Timer::after_millis(1).await;
    }
}

#[test]
fn what_cannot_work_is_an_error_without_delay() {
    run(0, async |near, far| {
        let (tree, slots) = (tester(), PersistentSlots::new(1));
        let connection = || Connection::new([0; 64], [0; 64]);
        let mut one = socket(far);
        let result = serve(&mut one, 0, connection(), [0; 1], &tree, &slots).await;
        assert_eq!(result, Err(ListenError::Accept(AcceptError::InvalidPort)));
        let result = serve(&mut one, 4304, connection(), [0; 0], &tree, &slots).await;
        assert_eq!(result, Err(ListenError::NoReceiveBuffer));

        let dialer = dialer(near);
        let (mut one, mut other) = (new_client(&dialer), new_client(&dialer));
        let program = async {
            one.ping().await.unwrap();
            assert_eq!(other.ping().await, Err(Error::Connect(DialError::InUse)));
            one.close();
            other.ping().await.unwrap();
        };
        first(program, serve_on(far, 2, &tree, &slots)).await;

        if !cfg!(feature = "embassy-net-ipv6") {
            other.set_server("[::1]:4304".parse().unwrap());
            let no_route = DialError::Connect(ConnectError::NoRoute);
            assert_eq!(other.ping().await, Err(Error::Connect(no_route)));
        }
    });
}

#[test]
fn the_error_of_a_lost_write_reports_that_it_may_have_happened() {
    run(0, async |near, far| {
        let dialer = dialer(near);
        let mut client = new_client(&dialer);
        client.set_timeouts(client::Timeouts::NONE.with_inactivity(Duration::from_millis(100)));
        // A server that accepts the connection and sends nothing.
        let silent = async {
            let mut socket = socket(far);
            socket.accept(4304).await.unwrap();
            pending::<()>().await;
        };
        let program = async {
            let error = ConnectionError::TimedOut(client::Timeout::Inactivity);
            let resend = Resend::MayHappenTwice;
            assert_eq!(client.write("/a", "1").await, Err(Error::Connection { error, resend }));
            // The socket is free again.
            assert!(!client.is_connected());
        };
        first(program, silent).await;
    });
}

/// Runs both until the first one has completed.
async fn first<F: Future>(first: F, other: impl Future<Output = ()>) -> F::Output {
    tokio::select! {
        biased;
        output = first => output,
        () = other => panic!("it never ends"),
    }
}
