//! The clients of `owproto-embedded` on a real owserver, and the shell tools and pyownet on its servers.

use std::cell::RefCell;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use embedded_hal_async::delay::DelayNs;
use embedded_io_adapters::std::FromStd;
use embedded_io_adapters::tokio_1::FromTokio;
use embedded_nal_async::TcpConnect;
use owproto_core::client::Connection;
use owproto_core::text::{Value, ValueType};
use owproto_core::{server, time};
use owproto_embedded::asynchronous::{self, ReconnectingClient, Timed};
use owproto_embedded::blocking;
use owproto_embedded::{Error, Plausibility, Sensor};
use owproto_tests::core_server::CoreServer;
use owproto_tests::owserver::{Owserver, VECTOR_DEVICES};
use owproto_tests::tools::Tool;
use tokio::sync::Notify;

use super::server::{compare_pyownet, compare_shell_tools};

const FAMILIES: &str = "10,28,26,05,20,29,12";

fn clock() -> impl FnMut() -> time::Instant {
    let start = Instant::now();
    move || time::Instant::ZERO + start.elapsed().into()
}

#[derive(Clone)]
struct Delay;

impl DelayNs for Delay {
    async fn delay_ns(&mut self, ns: u32) {
        tokio::time::sleep(Duration::from_nanos(ns.into())).await;
    }
}

/// The network of this machine.
struct Network;

impl TcpConnect for Network {
    type Error = std::io::Error;
    type Connection<'a> = FromTokio<tokio::net::TcpStream>;

    async fn connect(&self, remote: SocketAddr) -> Result<FromTokio<tokio::net::TcpStream>, std::io::Error> {
        Ok(FromTokio::new(tokio::net::TcpStream::connect(remote).await?))
    }
}

fn on_tokio<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Makes all calls of a client, and compares them with the output of owread and owdir. `$wait` gives the output of a future,
/// or a value as it is.
macro_rules! use_client {
    ($client:ident, $server:ident, $wait:ident) => {{
        let (address, mut buffer) = ($server.address(), [0; 64]);
        $wait!($client.ping()).unwrap();
        let mut devices = Vec::new();
        $wait!($client.dir("/", |entry| devices.push(String::from_utf8(entry.to_vec()).unwrap()))).unwrap();
        let mut printed = Tool::Owdir.output(address, ["/"]);
        // The tool also requests entries that are not devices.
        printed.truncate(devices.iter().map(|device| device.len() + 1).sum::<usize>() - 1);
        assert_eq!(printed, devices.join("\n").into_bytes());
        assert_eq!(devices.len(), FAMILIES.split(',').count());

        let temperature = "/28.000028D70100/temperature";
        let expected = Tool::Owread.output(address, [temperature]);
        assert_eq!($wait!($client.read(temperature, &mut buffer)).unwrap(), expected);
        let value = $wait!($client.read_value(temperature, ValueType::Temperature, &mut buffer)).unwrap();
        assert_eq!(value, Value::parse(ValueType::Temperature, &expected).unwrap());

        assert!($wait!($client.present("/28.000028D70100")).unwrap());
        assert!(!$wait!($client.present("/28.000028D7FF00")).unwrap());
        assert_eq!($wait!($client.write("/28.000028D70100/temphigh", "30")).unwrap(), 2);
        let error = $wait!($client.write("/28.000028D70100/temphigh", "warm")).unwrap_err();
        assert!(error.server_error().is_some(), "{error}");

        let paths: Vec<String> = devices.iter().map(|device| format!("{device}/type")).collect();
        let mut types = 0;
        let read = $client.read_many(&paths, |number, value| {
            assert_eq!(value.unwrap(), Tool::Owread.output(address, [&paths[number]]));
            types += 1;
        });
        $wait!(read).unwrap();
        assert_eq!(types, devices.len());

        let paths: Vec<String> = devices.iter().map(|device| format!("{device}/temperature")).collect();
        let sensors: Vec<Sensor<'_>> = paths.iter().map(|path| Sensor::temperature(path)).collect();
        let mut readings = Vec::new();
        let read = $client.read_sensors(&sensors, |number, reading| {
            assert_eq!(number, readings.len());
            readings.push(reading.is_ok_and(|reading| reading.plausibility == Plausibility::Measured));
        });
        $wait!(read).unwrap();
        for (path, has_read) in paths.iter().zip(readings) {
            assert_eq!(Tool::Owread.run(address, [path]).stderr.is_empty(), has_read, "{path}");
        }
    }};
}

macro_rules! by_itself {
    ($value:expr) => {
        $value
    };
}

macro_rules! awaited {
    ($future:expr) => {
        $future.await
    };
}

/// A plain server, one that refuses DIRALL, and one that sends keepalives before every reply.
fn servers() -> [Owserver; 3] {
    let tester = || Owserver::builder().tester(FAMILIES);
    [tester().start(), tester().no_dirall().start(), tester().pingcrazy().start()]
}

#[test]
fn a_blocking_client_returns_what_the_shell_tools_print() {
    for server in servers() {
        let socket = TcpStream::connect(server.address()).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let memory: Connection<_, _, 4> = Connection::new([0; 160], [0; 64]);
        let mut client = blocking::Client::new(FromStd::new(socket), clock(), memory, [0; 64]);
        use_client!(client, server, by_itself);
    }
}

#[test]
fn an_asynchronous_client_returns_what_the_shell_tools_print() {
    on_tokio(async {
        for server in servers() {
            let socket = tokio::net::TcpStream::connect(server.address()).await.unwrap();
            let memory: Connection<_, _, 4> = Connection::new([0; 160], [0; 64]);
            let transport = Timed::new(FromTokio::new(socket), Delay);
            let mut client = asynchronous::Client::new(transport, clock(), memory, [0; 64]);
            use_client!(client, server, awaited);
        }
    });
}

#[test]
fn a_reconnecting_client_works_without_persistence_and_after_a_server_died() {
    on_tokio(async {
        let keeps_nothing = Owserver::builder().tester(FAMILIES).no_persistence().start();
        for mut server in servers().into_iter().chain([keeps_nothing]) {
            let memory: Connection<_, _, 4> = Connection::new([0; 160], [0; 64]);
            let mut client =
                ReconnectingClient::new(&Network, server.address(), Delay, clock(), memory, [0; 64]);
            use_client!(client, server, awaited);
            // Restarted between two calls: no call fails.
            server.restart();
            client.ping().await.unwrap();
            // Killed, and started again.
            server.kill();
            assert!(client.ping().await.is_err());
            let error = client.ping().await.unwrap_err();
            assert!(matches!(error, Error::Connect(_)) && error.is_safe_to_retry(), "{error}");
            server.restart();
            client.ping().await.unwrap();
        }
    });
}

/// A server over the tester bus, in another thread.
struct Embedded {
    address: SocketAddr,
    stop: Arc<(AtomicBool, Notify)>,
    thread: Option<JoinHandle<()>>,
}

impl Embedded {
    fn start(run: impl FnOnce(TcpListener, &(AtomicBool, Notify)) + Send + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new((AtomicBool::new(false), Notify::new()));
        let stopping = stop.clone();
        let thread = thread::spawn(move || run(listener, &stopping));
        Self { address, stop, thread: Some(thread) }
    }

    /// Serves one client after the other.
    fn blocking() -> Self {
        Self::start(|listener, stop| {
            let mut tree = tester().tree;
            let memory = server::Connection::new([0; 256], [0; 512]);
            let mut server = blocking::Server::new(clock(), memory, [0; 64]);
            for client in listener.incoming() {
                if stop.0.load(Ordering::Acquire) {
                    return;
                }
                let mut transport = FromStd::new(client.unwrap());
                let _ = server.serve(&mut transport, &mut tree);
            }
        })
    }

    /// Serves eight clients concurrently.
    fn asynchronous() -> Self {
        Self::start(|listener, stop| {
            on_tokio(async {
                listener.set_nonblocking(true).unwrap();
                let listener = Rc::new(tokio::net::TcpListener::from_std(listener).unwrap());
                let tree = Rc::new(RefCell::new(tester().tree));
                let tasks = tokio::task::LocalSet::new();
                for _ in 0..8 {
                    let (listener, tree) = (listener.clone(), tree.clone());
                    tasks.spawn_local(async move {
                        let memory = server::Connection::new([0; 256], [0; 512]);
                        let mut server = asynchronous::Server::new(clock(), memory, [0; 64]);
                        loop {
                            let (client, _) = listener.accept().await.unwrap();
                            let mut transport = Timed::new(FromTokio::new(client), Delay);
                            let _ = server.serve(&mut transport, &*tree).await;
                        }
                    });
                }
                tasks.run_until(stop.1.notified()).await;
            });
        })
    }
}

impl Drop for Embedded {
    fn drop(&mut self) {
        self.stop.0.store(true, Ordering::Release);
        self.stop.1.notify_one();
        // Wakes a server that waits for a client.
        let _ = TcpStream::connect(self.address);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || matches!(ended, Some(Ok(()))), "the server has panicked");
    }
}

fn tester() -> CoreServer {
    let setup = format!("owserver --foreground --nozero -p HOST:PORT --tester={VECTOR_DEVICES}");
    CoreServer::new(&setup).unwrap()
}

#[test]
fn shell_tools_print_the_same_with_a_blocking_server() {
    let ours = Embedded::blocking();
    compare_shell_tools(ours.address);
}

#[test]
fn shell_tools_print_the_same_with_an_asynchronous_server() {
    let ours = Embedded::asynchronous();
    compare_shell_tools(ours.address);
}

#[test]
fn pyownet_returns_the_same_with_an_asynchronous_server() {
    let ours = Embedded::asynchronous();
    compare_pyownet(ours.address);
}
