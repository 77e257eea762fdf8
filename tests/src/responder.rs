//! A TCP server that answers each request by a function, over any number of connections.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long a connection may be idle, or a client may not read.
const DEADLINE: Duration = Duration::from_secs(60);

/// Bytes of a header.
const HEADER_LEN: usize = 24;

/// A listening socket on the loopback interface.
///
/// ```
/// use std::io::{Read, Write};
/// use owproto_tests::responder::Responder;
///
/// let server = Responder::start(|request| request[24..].to_vec());
/// let mut client = std::net::TcpStream::connect(server.address())?;
/// let mut answer = [0; 4];
/// for text in [b"this", b"that"] {
///     client.write_all(&[&[0, 0, 0, 0, 0, 0, 0, 4][..], &[0; 16], text].concat())?;
///     client.read_exact(&mut answer)?;
///     assert_eq!(answer, *text);
/// }
/// assert_eq!(server.connections(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Responder {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    stopped: AtomicBool,
    connections: AtomicUsize,
}

impl Responder {
    /// Listens on a free port of 127.0.0.1. `answer` is given each request, from its header on, and gives the bytes
    /// to send; it is called by a thread for each connection. Nothing to send ends the connection.
    ///
    /// # Panics
    ///
    /// If no port is free.
    #[must_use]
    pub fn start(answer: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::start_on(Ipv4Addr::LOCALHOST.into(), answer).expect("a port is free")
    }

    /// Listens on a free port of another address.
    ///
    /// # Errors
    ///
    /// If this machine does not have that address.
    pub fn start_on(
        ip: IpAddr,
        answer: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Ok(Self::with_listener(TcpListener::bind((ip, 0))?, answer))
    }

    /// Uses a socket that listens already.
    ///
    /// # Panics
    ///
    /// If it does not.
    #[must_use]
    pub fn with_listener(
        listener: TcpListener,
        answer: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared::default());
        let acceptor = {
            let shared = Arc::clone(&shared);
            let answer = Arc::new(answer);
            thread::spawn(move || {
                for stream in listener.incoming() {
                    if shared.stopped.load(Ordering::SeqCst) {
                        return;
                    }
                    let Ok(stream) = stream else { return };
                    shared.connections.fetch_add(1, Ordering::SeqCst);
                    let answer = Arc::clone(&answer);
                    // It ends with the connection.
                    thread::spawn(move || drop(respond(stream, &*answer)));
                }
            })
        };
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were made so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the acceptor up. An error says that it has ended.
        drop(TcpStream::connect_timeout(&self.address, DEADLINE));
        if let Some(acceptor) = self.acceptor.take() {
            let _ = acceptor.join();
        }
    }
}

fn respond(mut stream: TcpStream, answer: &dyn Fn(&[u8]) -> Vec<u8>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    loop {
        let mut request = vec![0; HEADER_LEN];
        stream.read_exact(&mut request)?;
        let payload = i32::from_be_bytes([request[4], request[5], request[6], request[7]]);
        request.resize(HEADER_LEN + usize::try_from(payload).unwrap_or_default(), 0);
        stream.read_exact(&mut request[HEADER_LEN..])?;
        let reply = answer(&request);
        if reply.is_empty() {
            return Ok(());
        }
        stream.write_all(&reply)?;
    }
}
