//! A proxy between a client and a server that does one thing wrong, at one byte.
//!
//! It is not a scripted peer, since it damages the bytes of a real server, whatever these are. Of the protocol it knows
//! only the bytes of a keepalive.

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

/// How long the proxy waits for the client to close a connection that was cut.
const DEADLINE: Duration = Duration::from_secs(10);

/// What goes wrong, and where. It happens before the byte number `at` of a direction is forwarded, counted from the
/// beginning of the connection; all bytes before it are forwarded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The direction of the byte.
    pub direction: Direction,
    /// The number of the byte.
    pub at: usize,
    /// What happens to the byte.
    pub kind: FaultKind,
}

/// One of the two directions of a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Requests.
    ToServer,
    /// Replies.
    ToClient,
}

/// What can happen to a byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultKind {
    /// The connection ends before it, with FIN for both sides.
    Cut,
    /// The connection ends before it, with RST for the client. A reset may overtake bytes that were forwarded before.
    Reset,
    /// It and all later bytes never arrive, while the connection stays open.
    Stall,
    /// It and all later bytes are delayed.
    Pause(Duration),
    /// The bits of this mask are inverted in it.
    Flip(u8),
    /// This number of keepalives is inserted before it.
    Keepalives(usize),
}

/// The bytes that were forwarded over one connection.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Traffic {
    /// Requests.
    pub to_server: Vec<u8>,
    /// Replies.
    pub to_client: Vec<u8>,
}

/// A proxy on a free port of the loopback interface. Dropping it ends all its connections.
///
/// ```
/// use std::io::{Read, Write};
/// use owproto_tests::fault_proxy::{Direction, Fault, FaultKind, Proxy};
/// use owproto_tests::peer::Peer;
///
/// let server = Peer::serve(|_| b"an answer".to_vec());
/// let proxy = Proxy::start(server.address());
/// proxy.set_fault(Fault { direction: Direction::ToClient, at: 3, kind: FaultKind::Cut });
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
    /// The fault of the next connection.
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
        listener.set_nonblocking(true).expect("a socket can be non-blocking");
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

    /// Clears the recorded traffic, and sets the fault of the next connection. Later connections have none.
    pub fn set_fault(&self, fault: Fault) {
        *lock(&self.shared.state) = State { fault: Some(fault), connections: Vec::new() };
    }

    /// Clears the recorded traffic.
    pub fn clear_traffic(&self) {
        *lock(&self.shared.state) = State::default();
    }

    /// The traffic since then, connection by connection.
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
        // The client and the server see how the connection ends; the proxy need not report it.
        tokio::spawn(async move { drop(forward(client, server, fault, &traffic).await) });
    }
}

/// Why a connection ends.
enum End {
    /// One side has closed.
    Closed,
    Cut,
    Reset,
}

async fn forward(
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
        let requests = forward_direction(from_client, to_server, fault_on(Direction::ToServer), |bytes| {
            lock(traffic).to_server.extend_from_slice(bytes);
        });
        let replies = forward_direction(from_server, to_client, fault_on(Direction::ToClient), |bytes| {
            lock(traffic).to_client.extend_from_slice(bytes);
        });
        let (mut requests, mut replies) = (Box::pin(requests), Box::pin(replies));
        let (first, is_requests) = tokio::select! {
            end = &mut requests => (end?, true),
            end = &mut replies => (end?, false),
        };
        match first {
            // The other direction goes on, since only one side has closed.
            End::Closed if is_requests => replies.await?,
            End::Closed => requests.await?,
            end => end,
        }
    };
    match end {
        End::Closed => {}
        End::Cut => {
            drop(server);
            client.shutdown().await?;
            // Closing a socket with unread bytes would send a reset.
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

/// Forwards one direction, until its sender closes or the fault ends the connection.
async fn forward_direction(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut fault: Option<Fault>,
    mut record: impl FnMut(&[u8]),
) -> io::Result<End> {
    let mut buffer = [0; 16 * 1024];
    let mut forwarded = 0;
    loop {
        let n = from.read(&mut buffer).await?;
        if n == 0 {
            to.shutdown().await?;
            return Ok(End::Closed);
        }
        let mut bytes = buffer[..n].to_vec();
        if let Some(Fault { at, kind, .. }) = fault
            && let Some(at) = at.checked_sub(forwarded).filter(|at| *at < n)
        {
            fault = None;
            match kind {
                FaultKind::Flip(mask) => bytes[at] ^= mask,
                // In one write, so that nothing arrives in between.
                FaultKind::Keepalives(count) => {
                    drop(bytes.splice(at..at, Header::KEEPALIVE.to_bytes().repeat(count)))
                }
                FaultKind::Cut | FaultKind::Reset | FaultKind::Stall | FaultKind::Pause(_) => {
                    record(&bytes[..at]);
                    to.write_all(&bytes[..at]).await?;
                    bytes.drain(..at);
                    match kind {
                        FaultKind::Cut => return Ok(End::Cut),
                        FaultKind::Reset => return Ok(End::Reset),
                        FaultKind::Pause(pause) => tokio::time::sleep(pause).await,
                        // Until the sender closes.
                        _ => {
                            while from.read(&mut buffer).await? > 0 {}
                            to.shutdown().await?;
                            return Ok(End::Closed);
                        }
                    }
                }
            }
        }
        forwarded += n;
        record(&bytes);
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

    /// What arrives over a connection with this fault in its reply, the error at the end, and how long it took.
    fn received_with(kind: FaultKind) -> (Vec<u8>, Option<ErrorKind>, Duration) {
        let server = Peer::serve(|_| ANSWER.to_vec());
        let proxy = Proxy::start(server.address());
        proxy.set_fault(Fault { direction: Direction::ToClient, at: 4, kind });
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
    fn each_fault_does_what_its_documentation_says() {
        let silent = Some(ErrorKind::WouldBlock);
        assert_eq!(received_with(FaultKind::Cut).0, b"the ");
        assert_eq!(received_with(FaultKind::Cut).1, None);
        assert_eq!(received_with(FaultKind::Reset).1, Some(ErrorKind::ConnectionReset));
        let (bytes, error, _) = received_with(FaultKind::Stall);
        assert_eq!((&bytes[..], error), (&b"the "[..], silent));
        let (bytes, error, _) = received_with(FaultKind::Flip(0x20));
        assert_eq!((&bytes[..], error), (&b"the Whole answer"[..], silent));
        let (bytes, _, _) = received_with(FaultKind::Keepalives(2));
        assert_eq!(bytes, [b"the ", &Header::KEEPALIVE.to_bytes().repeat(2)[..], b"whole answer"].concat());
        let (bytes, _, time) = received_with(FaultKind::Pause(Duration::from_millis(200)));
        assert_eq!(bytes, ANSWER);
        assert!(time >= Duration::from_millis(200), "{time:?}");
    }

    #[test]
    fn only_the_next_connection_has_the_fault_and_all_traffic_is_recorded() {
        let server = Peer::serve(|request| request[..4].to_vec());
        let proxy = Proxy::start(server.address());
        proxy.set_fault(Fault { direction: Direction::ToServer, at: 2, kind: FaultKind::Flip(0xff) });
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
        proxy.clear_traffic();
        assert!(proxy.traffic().is_empty());
    }
}
