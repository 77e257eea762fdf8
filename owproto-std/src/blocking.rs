use std::fmt;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
use std::io::Read;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use owproto_core::time::{self, Instant};

use crate::client::api::client_api;
use crate::client::{Calls, Streaming};
use crate::runtime::{self, Gate, Runtime, Stream, ready};
use crate::{DirOptions, Error};

/// A client that blocks the calling thread.
///
/// It is `Send`, `Sync` and cheap to clone; clones share its connections. A persistent one keeps some connections between
/// calls, and sends what waits for one together (see [`connections`](crate::Builder::connections)); a non-persistent one
/// opens a socket for each call.
///
/// ```no_run
/// let client = owproto_std::Client::new("localhost")?;
/// for device in client.dir("/")?.iter() {
///     let path = [device, b"/temperature"].concat();
///     println!("{} {:?}", String::from_utf8_lossy(device), client.read_number(&path));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Client {
    calls: Calls<Blocking>,
}

macro_rules! now {
    ($future:expr) => {
        ready($future)
    };
}

client_api!(Client, Blocking, now, []);

impl Client {
    /// The entries of a directory one by one, as the server finds them (DIR).
    ///
    /// It has a connection for itself, an idle one or one more, so that the client can be used meanwhile. Dropped
    /// before its end, it closes that connection.
    ///
    /// # Errors
    /// [`Error`], if the listing does not begin; what comes later is given by the iterator.
    pub fn dir_iter<P: AsRef<[u8]> + ?Sized>(
        &self,
        path: &P,
        options: DirOptions,
    ) -> Result<DirIter<'_>, Error> {
        Ok(DirIter { streaming: ready(self.calls.open_dir(path.as_ref(), options))? })
    }
}

/// A listing under way. See [`Client::dir_iter`].
pub struct DirIter<'a> {
    streaming: Streaming<'a, Blocking>,
}

impl fmt::Debug for DirIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirIter").finish_non_exhaustive()
    }
}

impl Iterator for DirIter<'_> {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        ready(self.streaming.next())
    }
}

impl std::iter::FusedIterator for DirIter<'_> {}

/// The standard library's sockets.
pub(crate) struct Blocking;

impl Runtime for Blocking {
    const BLOCKS: bool = true;
    type Stream = BlockingStream;
    type Gate = BlockingGate;

    #[inline]
    fn now() -> Instant {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            // The same clock without the checks, since each call looks at it. It is never negative.
            let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
            Instant::from_micros(time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1000)
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        runtime::since_start(std::time::Instant::now())
    }

    async fn resolve(host: &str, port: u16, wait: Option<Duration>) -> io::Result<Vec<SocketAddr>> {
        match (wait, host.parse()) {
            (_, Ok(ip)) => Ok(vec![SocketAddr::new(ip, port)]),
            (None, Err(_)) => Ok((host, port).to_socket_addrs()?.collect()),
            (Some(wait), Err(_)) => resolve_within(wait, host.to_owned(), port),
        }
    }

    fn connect_at_once(address: SocketAddr, wait: Option<Duration>) -> Option<io::Result<BlockingStream>> {
        Some(connect(address, wait))
    }

    async fn connect(address: SocketAddr, wait: Option<Duration>) -> io::Result<BlockingStream> {
        connect(address, wait)
    }
}

fn connect(address: SocketAddr, wait: Option<Duration>) -> io::Result<BlockingStream> {
    let wait = wait.map(|wait| wait.max(SHORTEST));
    let socket = match wait {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        Some(wait) => connect_within(wait, address)?,
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        Some(wait) => TcpStream::connect_timeout(&address, wait)?,
        None => TcpStream::connect(address)?,
    };
    let write_timeout = match wait {
        Some(wait) if cfg!(any(target_os = "linux", target_os = "android")) => micros(Some(wait.into())),
        _ => FOREVER,
    };
    Ok(BlockingStream { socket, read_timeout: FOREVER, write_timeout, written: Written::Nothing })
}

/// Connects with four system calls less than `connect_timeout`: on Linux the timeout of writing is one of connecting
/// too.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn connect_within(wait: Duration, address: SocketAddr) -> io::Result<TcpStream> {
    use socket2::{Domain, Protocol, Socket, Type};
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_write_timeout(Some(wait))?;
    match socket.connect(&address.into()) {
        Ok(()) => Ok(socket.into()),
        Err(error) if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) => {
            Err(io::ErrorKind::TimedOut.into())
        }
        // A signal came, and the attempt goes on by itself: a new one knows how to wait.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            let socket = TcpStream::connect_timeout(&address, wait)?;
            socket.set_write_timeout(Some(wait))?;
            Ok(socket)
        }
        Err(error) => Err(error),
    }
}

/// The system's resolver takes no timeout, so that it is asked by a thread of its own, which may outlive the call.
fn resolve_within(wait: Duration, host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let (answer, answers) = mpsc::channel();
    thread::Builder::new().name("owproto resolver".to_owned()).spawn(move || {
        // Nobody listens any more if the time is over.
        let _ = answer.send((host, port).to_socket_addrs().map(Iterator::collect));
    })?;
    answers.recv_timeout(wait).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// The shortest timeout that a socket takes; zero would be an error.
const SHORTEST: Duration = Duration::from_micros(1);

/// By how much a timeout that is set already may be too long before it is set again, which is a system call.
const SLACK: time::Duration = time::Duration::from_millis(1);

/// A socket. A READ on a persistent connection is two system calls, `sendto` and `read`, as shows
/// `strace -f -c target/release/examples/bench_driver 127.0.0.1 4304 read 1000`.
pub(crate) struct BlockingStream {
    socket: TcpStream,
    /// What is set on the socket.
    read_timeout: u64,
    write_timeout: u64,
    written: Written,
}

/// What has been written to a socket so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Nothing,
    /// Once; that goes out at once, whatever the settings are.
    Once,
    /// More, since when the socket does not wait for full packets.
    More,
}

impl BlockingStream {
    #[cold]
    fn set_read_timeout(&mut self, wait: Option<time::Duration>) -> io::Result<()> {
        self.socket.set_read_timeout(wait.map(|wait| Duration::from(wait).max(SHORTEST)))?;
        self.read_timeout = micros(wait);
        Ok(())
    }

    #[cold]
    fn set_write_timeout(&mut self, wait: Option<time::Duration>) -> io::Result<()> {
        self.socket.set_write_timeout(wait.map(|wait| Duration::from(wait).max(SHORTEST)))?;
        self.write_timeout = micros(wait);
        Ok(())
    }

    /// Many connections are used once, and need no setting.
    #[inline]
    fn before_write(&mut self) -> io::Result<()> {
        if self.written == Written::More { Ok(()) } else { self.before_first_writes() }
    }

    #[cold]
    fn before_first_writes(&mut self) -> io::Result<()> {
        if self.written == Written::Once {
            self.socket.set_nodelay(true)?;
            self.written = Written::More;
        } else {
            self.written = Written::Once;
        }
        Ok(())
    }
}

/// No timeout, where one is given in microseconds.
const FOREVER: u64 = u64::MAX;

#[inline]
fn micros(wait: Option<time::Duration>) -> u64 {
    wait.map_or(FOREVER, time::Duration::as_micros)
}

/// Whether a timeout has to be set anew.
fn needs_setting(set: u64, wanted: u64) -> bool {
    set < wanted || set - wanted > SLACK.as_micros()
}

/// A timeout is no error here, and an interrupted call is as good as one: whoever called looks at the clock.
#[inline(always)]
fn or_timeout<E: Into<io::Error>>(result: Result<usize, E>) -> io::Result<Option<usize>> {
    match result {
        Ok(n) => Ok(Some(n)),
        Err(error) => no_time_or(error.into()),
    }
}

#[cold]
fn no_time_or(error: io::Error) -> io::Result<Option<usize>> {
    match error.kind() {
        // Unix says the one, Windows the other.
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted => Ok(None),
        _ => Err(error),
    }
}

impl Stream for BlockingStream {
    #[inline(always)]
    fn read_at_once(
        &mut self,
        buffer: &mut [u8],
        wait: Option<time::Duration>,
    ) -> Option<io::Result<Option<usize>>> {
        // Mostly it is the same.
        if self.read_timeout != micros(wait)
            && needs_setting(self.read_timeout, micros(wait))
            && let Err(error) = self.set_read_timeout(wait)
        {
            return Some(Err(error));
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let read = rustix::io::read(&self.socket, buffer);
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let read = self.socket.read(buffer);
        Some(or_timeout(read))
    }

    async fn read(&mut self, buffer: &mut [u8], wait: Option<time::Duration>) -> io::Result<Option<usize>> {
        self.read_at_once(buffer, wait).unwrap_or(Ok(None))
    }

    #[inline]
    fn write_at_once(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            use rustix::net::SendFlags;
            self.before_write()?;
            let sent = rustix::net::send(&self.socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
            or_timeout(sent)
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        {
            let _ = bytes;
            Ok(None)
        }
    }

    async fn write(&mut self, bytes: &[u8], wait: Option<time::Duration>) -> io::Result<Option<usize>> {
        if needs_setting(self.write_timeout, micros(wait)) {
            self.set_write_timeout(wait)?;
        }
        self.before_write()?;
        or_timeout(self.socket.write(bytes))
    }

    fn acknowledge_at_once(&self) {
        runtime::acknowledge_at_once(&self.socket);
    }

    fn is_spoilt(&self) -> bool {
        runtime::has_input(&self.socket, false)
    }
}

#[derive(Default)]
pub(crate) struct BlockingGate {
    places: Mutex<usize>,
    left: Condvar,
}

impl BlockingGate {
    fn places(&self) -> MutexGuard<'_, usize> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate for BlockingGate {
    async fn enter(&self, wait: Option<Duration>) -> bool {
        let is_full = |places: &mut usize| *places == 0;
        let places = self.places();
        let mut places = match wait {
            Some(wait) => {
                let waited = self.left.wait_timeout_while(places, wait, is_full);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.left.wait_while(places, is_full).unwrap_or_else(PoisonError::into_inner),
        };
        let is_free = *places > 0;
        *places -= usize::from(is_free);
        is_free
    }

    fn leave(&self) {
        *self.places() += 1;
        self.left.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_set_only_when_they_matter() {
        let two = micros(Some(time::Duration::from_secs(2)));
        assert!(needs_setting(FOREVER, two) && needs_setting(two, FOREVER));
        assert!(needs_setting(1, FOREVER) && needs_setting(FOREVER, 1));
        assert!(!needs_setting(FOREVER, FOREVER) && !needs_setting(two, two));
        assert!(!needs_setting(two, two - 1000) && needs_setting(two, two - 1001));
        assert!(needs_setting(two, two + 1));
        assert_eq!(micros(None), FOREVER);
    }

    #[test]
    fn a_look_at_a_socket_leaves_it_blocking_and_takes_nothing() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mut stream = ready(Blocking::connect(address, None)).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        let wait = Duration::from_millis(50);
        let read_wait = Some(time::Duration::from(wait));
        let mut buffer = [0; 8];
        assert!(!stream.is_spoilt());
        let start = std::time::Instant::now();
        assert_eq!(ready(stream.read(&mut buffer, read_wait)).unwrap(), None);
        assert!(start.elapsed() >= wait / 2, "it waited {:?}", start.elapsed());
        peer.write_all(b"abc").unwrap();
        let deadline = start + Duration::from_secs(20);
        while !stream.is_spoilt() {
            assert!(std::time::Instant::now() < deadline);
        }
        assert_eq!(ready(stream.read(&mut buffer, read_wait)).unwrap(), Some(3));
        drop(peer);
        assert_eq!(ready(stream.read(&mut buffer, None)).unwrap(), Some(0));
        assert!(stream.is_spoilt());
    }

    #[test]
    fn a_gate_lets_in_as_many_as_it_has_places() {
        let gate = BlockingGate::default();
        gate.leave();
        gate.leave();
        let enter = || ready(gate.enter(Some(Duration::from_millis(1))));
        assert!(enter() && enter() && !enter());
        gate.leave();
        assert!(enter() && !enter());
    }

    #[test]
    fn clients_can_be_shared() {
        fn shared<T: Send + Sync + Clone + 'static>() {}
        shared::<Client>();
    }
}
