//! A proxy between a client and a server that does one thing wrong, at one byte.
//!
//! It knows bytes and nothing of the protocol, but for what a keepalive looks like.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use owproto_core::wire::Header;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// How long a connection that was cut waits for the client to close it.
const DEADLINE: Duration = Duration::from_secs(10);

/// What goes wrong, and where: when the byte `at` of a direction is to be passed on, counted from the beginning of the
/// connection. All bytes before it have been.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// Which way the byte goes.
    pub direction: Direction,
    /// Which byte it is.
    pub at: usize,
    /// What happens to it.
    pub kind: Kind,
}

/// One of the two ways through a proxy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Requests.
    ToServer,
    /// Answers.
    ToClient,
}

/// What can happen to a byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The connection ends before it, with FIN for both sides.
    Cut,
    /// The connection ends before it, with RST for the client. A reset may overtake what was passed on before.
    Reset,
    /// It and all behind it never arrive, while the connection stays.
    Stall,
    /// It and all behind it arrive so much later.
    Pause(Duration),
    /// The bits of this mask are changed in it.
    Flip(u8),
    /// So many keepalives come before it.
    Keepalives(usize),
}

/// What was passed on over one connection.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Traffic {
    /// Requests.
    pub to_server: Vec<u8>,
    /// Answers.
    pub to_client: Vec<u8>,
}

/// A proxy on a free port of the loopback interface. Dropping it ends all its connections.
///
/// ```
/// use std::io::{Read, Write};
/// use owproto_tests::proxy::{Direction, Fault, Kind, Proxy};
/// use owproto_tests::peer::Peer;
///
/// let server = Peer::serve(|_| b"an answer".to_vec());
/// let proxy = Proxy::start(server.address());
/// proxy.arm(Fault { direction: Direction::ToClient, at: 3, kind: Kind::Cut });
/// for expected in [&b"an "[..], b"an answer"] {
///     let mut client = std::net::TcpStream::connect(proxy.address())?;
///     client.write_all(&[0; 24])?;
///     let mut answer = vec![0; expected.len()];
///     client.read_exact(&mut answer)?;
///     assert_eq!(answer, expected);
/// }
/// assert_eq!(proxy.traffic()[0].to_client, b"an ");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// For the next connection.
    fault: Option<Fault>,
    connections: Vec<Arc<Mutex<Traffic>>>,
}

impl Proxy {
    /// Listens, and connects to `server` for each connection.
    ///
    /// # Panics
    ///
    /// If no port is free.
    #[must_use]
    pub fn start(server: SocketAddr) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        listener.set_nonblocking(true).expect("a socket can be asked without waiting");
        let shared = Arc::new(Shared::default());
        let (stop, stopped) = oneshot::channel();
        let state = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(async {
                tokio::select! {
                    result = accept_all(listener, server, &state) => result.expect("it listens"),
                    _ = stopped => {}
                }
            });
        });
        Self { address, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Forgets what was passed on so far, and prepares a fault for the next connection. Those behind it have none.
    pub fn arm(&self, fault: Fault) {
        *lock(&self.shared.state) = State { fault: Some(fault), connections: Vec::new() };
    }

    /// Forgets what was passed on so far.
    pub fn disarm(&self) {
        *lock(&self.shared.state) = State::default();
    }

    /// What was passed on since then, connection by connection.
    #[must_use]
    pub fn traffic(&self) -> Vec<Traffic> {
        lock(&self.shared.state).connections.iter().map(|traffic| lock(traffic).clone()).collect()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn accept_all(listener: std::net::TcpListener, server: SocketAddr, shared: &Shared) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        let (client, _) = listener.accept().await?;
        let traffic = Arc::new(Mutex::new(Traffic::default()));
        let fault = {
            let mut state = lock(&shared.state);
            state.connections.push(Arc::clone(&traffic));
            state.fault.take()
        };
        // How it ends is no matter of the proxy's.
        tokio::spawn(async move { drop(relay(client, server, fault, &traffic).await) });
    }
}

/// Why a connection ends.
enum End {
    /// One side has closed.
    Closed,
    Cut,
    Reset,
}

async fn relay(
    mut client: TcpStream,
    server: SocketAddr,
    fault: Option<Fault>,
    traffic: &Mutex<Traffic>,
) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let end = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let fault_on = |direction| fault.filter(|fault| fault.direction == direction);
        let requests = pass_on(from_client, to_server, fault_on(Direction::ToServer), |bytes| {
            lock(traffic).to_server.extend_from_slice(bytes);
        });
        let answers = pass_on(from_server, to_client, fault_on(Direction::ToClient), |bytes| {
            lock(traffic).to_client.extend_from_slice(bytes);
        });
        let (mut requests, mut answers) = (Box::pin(requests), Box::pin(answers));
        let (first, is_requests) = tokio::select! {
            end = &mut requests => (end?, true),
            end = &mut answers => (end?, false),
        };
        match first {
            // The other direction goes on: what is closed is one side's sending.
            End::Closed if is_requests => answers.await?,
            End::Closed => requests.await?,
            end => end,
        }
    };
    match end {
        End::Closed => {}
        End::Cut => {
            drop(server);
            client.shutdown().await?;
            // To close a socket with unread bytes would be a reset.
            let mut rest = [0; 1024];
            let drained = async {
                while client.read(&mut rest).await? > 0 {}
                Ok::<(), io::Error>(())
            };
            let _ = tokio::time::timeout(DEADLINE, drained).await;
        }
        End::Reset => SockRef::from(&client).set_linger(Some(Duration::ZERO))?,
    }
    Ok(())
}

/// One direction, until its sender closes or the fault ends the connection.
async fn pass_on(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut fault: Option<Fault>,
    mut passed_on: impl FnMut(&[u8]),
) -> io::Result<End> {
    let mut buffer = [0; 16 * 1024];
    let mut passed = 0;
    loop {
        let n = from.read(&mut buffer).await?;
        if n == 0 {
            to.shutdown().await?;
            return Ok(End::Closed);
        }
        let mut bytes = buffer[..n].to_vec();
        if let Some(Fault { at, kind, .. }) = fault
            && let Some(at) = at.checked_sub(passed).filter(|at| *at < n)
        {
            fault = None;
            match kind {
                Kind::Flip(mask) => bytes[at] ^= mask,
                // With one write, so that nothing comes between.
                Kind::Keepalives(count) => {
                    drop(bytes.splice(at..at, Header::KEEPALIVE.to_bytes().repeat(count)))
                }
                Kind::Cut | Kind::Reset | Kind::Stall | Kind::Pause(_) => {
                    passed_on(&bytes[..at]);
                    to.write_all(&bytes[..at]).await?;
                    bytes.drain(..at);
                    match kind {
                        Kind::Cut => return Ok(End::Cut),
                        Kind::Reset => return Ok(End::Reset),
                        Kind::Pause(pause) => tokio::time::sleep(pause).await,
                        // Until the sender has enough.
                        _ => {
                            while from.read(&mut buffer).await? > 0 {}
                            to.shutdown().await?;
                            return Ok(End::Closed);
                        }
                    }
                }
            }
        }
        passed += n;
        passed_on(&bytes);
        to.write_all(&bytes).await?;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::{ErrorKind, Read, Write};
    use std::time::Instant;

    use super::*;
    use crate::peer::Peer;

    const ANSWER: &[u8] = b"the whole answer";

    /// All that comes over a connection with a fault in its answer.
    fn with(kind: Kind) -> (Vec<u8>, Option<ErrorKind>, Duration) {
        let server = Peer::serve(|_| ANSWER.to_vec());
        let proxy = Proxy::start(server.address());
        proxy.arm(Fault { direction: Direction::ToClient, at: 4, kind });
        let start = Instant::now();
        let mut client = std::net::TcpStream::connect(proxy.address()).unwrap();
        client.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
        client.write_all(&[0; 24]).unwrap();
        let (mut bytes, mut buffer) = (Vec::new(), [0; 100]);
        let error = loop {
            match client.read(&mut buffer) {
                Ok(0) => break None,
                Ok(n) => bytes.extend_from_slice(&buffer[..n]),
                Err(error) => break Some(error.kind()),
            }
        };
        (bytes, error, start.elapsed())
    }

    #[test]
    fn each_fault_is_what_it_says() {
        let silent = Some(ErrorKind::WouldBlock);
        assert_eq!(with(Kind::Cut).0, b"the ");
        assert_eq!(with(Kind::Cut).1, None);
        assert_eq!(with(Kind::Reset).1, Some(ErrorKind::ConnectionReset));
        let (bytes, error, _) = with(Kind::Stall);
        assert_eq!((&bytes[..], error), (&b"the "[..], silent));
        let (bytes, error, _) = with(Kind::Flip(0x20));
        assert_eq!((&bytes[..], error), (&b"the Whole answer"[..], silent));
        let (bytes, _, _) = with(Kind::Keepalives(2));
        assert_eq!(bytes, [b"the ", &Header::KEEPALIVE.to_bytes().repeat(2)[..], b"whole answer"].concat());
        let (bytes, _, time) = with(Kind::Pause(Duration::from_millis(200)));
        assert_eq!(bytes, ANSWER);
        assert!(time >= Duration::from_millis(200), "{time:?}");
    }

    #[test]
    fn only_the_first_connection_has_the_fault_and_all_is_recorded() {
        let server = Peer::serve(|request| request[..4].to_vec());
        let proxy = Proxy::start(server.address());
        proxy.arm(Fault { direction: Direction::ToServer, at: 2, kind: Kind::Flip(0xff) });
        for expected in [[0, 0, 0xff, 0], [0; 4]] {
            let mut client = std::net::TcpStream::connect(proxy.address()).unwrap();
            client.write_all(&[0; 24]).unwrap();
            let mut answer = [0; 4];
            client.read_exact(&mut answer).unwrap();
            assert_eq!(answer, expected);
        }
        let traffic = proxy.traffic();
        assert_eq!(traffic.len(), 2);
        assert_eq!(traffic[0].to_server[2], 0xff);
        assert_eq!(traffic[1], Traffic { to_server: vec![0; 24], to_client: vec![0; 4] });
        proxy.disarm();
        assert!(proxy.traffic().is_empty());
    }
}
