#[cfg(not(any(target_os = "linux", target_os = "android")))]
use std::io::Read;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use owproto_core::time::{self, Instant};

use super::runtime::{self, Runtime, Semaphore, Stream};

/// The standard library's sockets.
pub(crate) struct Blocking;

impl Runtime for Blocking {
    const BLOCKS: bool = true;
    type Stream = BlockingStream;
    type Semaphore = BlockingSemaphore;

    #[inline]
    fn now() -> Instant {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            // The clock of `std::time::Instant` without its checks, since each call reads it. It is never negative.
            let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
            Instant::from_micros(time.tv_sec as u64 * 1_000_000 + time.tv_nsec as u64 / 1000)
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        runtime::since_first_use(std::time::Instant::now())
    }

    async fn resolve(host: &str, port: u16, wait: Option<Duration>) -> io::Result<Vec<SocketAddr>> {
        match (wait, host.parse()) {
            (_, Ok(ip)) => Ok(vec![SocketAddr::new(ip, port)]),
            (None, Err(_)) => Ok((host, port).to_socket_addrs()?.collect()),
            (Some(wait), Err(_)) => resolve_within(wait, host.to_owned(), port),
        }
    }

    async fn connect(address: SocketAddr, wait: Option<Duration>) -> io::Result<BlockingStream> {
        let wait = wait.map(|wait| wait.max(SHORTEST_TIMEOUT));
        let socket = match wait {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Some(wait) => connect_within(wait, address)?,
            #[cfg(not(any(target_os = "linux", target_os = "android")))]
            Some(wait) => TcpStream::connect_timeout(&address, wait)?,
            None => TcpStream::connect(address)?,
        };
        let write_timeout = match wait {
            Some(wait) if cfg!(any(target_os = "linux", target_os = "android")) => micros(Some(wait.into())),
            _ => NO_TIMEOUT,
        };
        Ok(BlockingStream {
            socket,
            read_timeout: NO_TIMEOUT,
            write_timeout,
            nodelay: NoDelay::NothingWritten,
        })
    }
}

/// Connects with four system calls fewer than `connect_timeout`: on Linux the timeout for writing also limits connecting.
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
        // After a signal the kernel continues to connect, but this call cannot wait for it; a new socket can.
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            let socket = TcpStream::connect_timeout(&address, wait)?;
            socket.set_write_timeout(Some(wait))?;
            Ok(socket)
        }
        Err(error) => Err(error),
    }
}

/// Resolves on another thread, which may outlive the call: the system's resolver has no timeout.
fn resolve_within(wait: Duration, host: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let (sender, receiver) = mpsc::channel();
    thread::Builder::new().name("owproto resolver".to_owned()).spawn(move || {
        // The receiver is gone if the call has timed out.
        let _ = sender.send((host, port).to_socket_addrs().map(Iterator::collect));
    })?;
    receiver.recv_timeout(wait).unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// The shortest timeout that a socket accepts; zero would be an error.
const SHORTEST_TIMEOUT: Duration = Duration::from_micros(1);

/// By how much the timeout of a socket may exceed the wanted one before it is set again, which costs a system call.
const TIMEOUT_SLACK: time::Duration = time::Duration::from_millis(1);

/// A socket. A READ on a persistent connection takes two system calls, `sendto` and `read`; `tests/run.sh costs` counts
/// them.
pub(crate) struct BlockingStream {
    socket: TcpStream,
    /// The timeouts that are set on the socket, in microseconds.
    read_timeout: u64,
    write_timeout: u64,
    nodelay: NoDelay,
}

/// Whether `TCP_NODELAY` is set. Many connections are written to once, and the first write is sent immediately without it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum NoDelay {
    NothingWritten,
    WrittenOnce,
    Set,
}

impl BlockingStream {
    #[cold]
    fn set_read_timeout(&mut self, wait: Option<time::Duration>) -> io::Result<()> {
        self.socket.set_read_timeout(wait.map(|wait| Duration::from(wait).max(SHORTEST_TIMEOUT)))?;
        self.read_timeout = micros(wait);
        Ok(())
    }

    #[cold]
    fn set_write_timeout(&mut self, wait: Option<time::Duration>) -> io::Result<()> {
        self.socket.set_write_timeout(wait.map(|wait| Duration::from(wait).max(SHORTEST_TIMEOUT)))?;
        self.write_timeout = micros(wait);
        Ok(())
    }

    #[inline]
    fn before_write(&mut self) -> io::Result<()> {
        if self.nodelay == NoDelay::Set { Ok(()) } else { self.before_first_writes() }
    }

    #[cold]
    fn before_first_writes(&mut self) -> io::Result<()> {
        if self.nodelay == NoDelay::WrittenOnce {
            self.socket.set_nodelay(true)?;
            self.nodelay = NoDelay::Set;
        } else {
            self.nodelay = NoDelay::WrittenOnce;
        }
        Ok(())
    }
}

/// No timeout, where timeouts are in microseconds.
const NO_TIMEOUT: u64 = u64::MAX;

#[inline]
fn micros(wait: Option<time::Duration>) -> u64 {
    wait.map_or(NO_TIMEOUT, time::Duration::as_micros)
}

/// Whether the timeout of a socket has to be changed.
fn must_change(current: u64, wanted: u64) -> bool {
    current < wanted || current - wanted > TIMEOUT_SLACK.as_micros()
}

/// `None` for a timeout, and for an interrupted call: the caller checks the clock after either.
#[inline(always)]
fn none_if_timed_out<E: Into<io::Error>>(result: Result<usize, E>) -> io::Result<Option<usize>> {
    match result {
        Ok(n) => Ok(Some(n)),
        Err(error) => none_if_timeout(error.into()),
    }
}

#[cold]
fn none_if_timeout(error: io::Error) -> io::Result<Option<usize>> {
    match error.kind() {
        // Unix returns `WouldBlock`, Windows `TimedOut`.
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted => Ok(None),
        _ => Err(error),
    }
}

impl Stream for BlockingStream {
    #[inline(always)]
    fn read_blocking(
        &mut self,
        buffer: &mut [u8],
        wait: Option<time::Duration>,
    ) -> Option<io::Result<Option<usize>>> {
        // They are usually equal.
        if self.read_timeout != micros(wait)
            && must_change(self.read_timeout, micros(wait))
            && let Err(error) = self.set_read_timeout(wait)
        {
            return Some(Err(error));
        }
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let read = rustix::io::read(&self.socket, buffer);
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        let read = self.socket.read(buffer);
        Some(none_if_timed_out(read))
    }

    async fn read(&mut self, buffer: &mut [u8], wait: Option<time::Duration>) -> io::Result<Option<usize>> {
        self.read_blocking(buffer, wait).unwrap_or(Ok(None))
    }

    #[inline]
    fn try_write(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            use rustix::net::SendFlags;
            self.before_write()?;
            let sent = rustix::net::send(&self.socket, bytes, SendFlags::DONTWAIT | SendFlags::NOSIGNAL);
            none_if_timed_out(sent)
        }
        #[cfg(not(any(target_os = "linux", target_os = "android")))]
        {
            let _ = bytes;
            Ok(None)
        }
    }

    async fn write(&mut self, bytes: &[u8], wait: Option<time::Duration>) -> io::Result<Option<usize>> {
        if must_change(self.write_timeout, micros(wait)) {
            self.set_write_timeout(wait)?;
        }
        self.before_write()?;
        none_if_timed_out(self.socket.write(bytes))
    }

    fn acknowledge_without_delay(&self) {
        runtime::acknowledge_without_delay(&self.socket);
    }

    fn is_stale(&self) -> bool {
        runtime::has_input(&self.socket, false)
    }
}

#[derive(Default)]
pub(crate) struct BlockingSemaphore {
    permits: Mutex<usize>,
    released: Condvar,
}

impl BlockingSemaphore {
    fn permits(&self) -> MutexGuard<'_, usize> {
        self.permits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Semaphore for BlockingSemaphore {
    async fn acquire(&self, wait: Option<Duration>) -> bool {
        let has_none = |permits: &mut usize| *permits == 0;
        let permits = self.permits();
        let mut permits = match wait {
            Some(wait) => {
                let waited = self.released.wait_timeout_while(permits, wait, has_none);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
            None => self.released.wait_while(permits, has_none).unwrap_or_else(PoisonError::into_inner),
        };
        let has_one = *permits > 0;
        *permits -= usize::from(has_one);
        has_one
    }

    fn release(&self) {
        *self.permits() += 1;
        self.released.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::super::poll_once;
    use super::*;

    #[test]
    fn timeouts_are_set_only_when_they_matter() {
        let two = micros(Some(time::Duration::from_secs(2)));
        assert!(must_change(NO_TIMEOUT, two) && must_change(two, NO_TIMEOUT));
        assert!(must_change(1, NO_TIMEOUT) && must_change(NO_TIMEOUT, 1));
        assert!(!must_change(NO_TIMEOUT, NO_TIMEOUT) && !must_change(two, two));
        assert!(!must_change(two, two - 1000) && must_change(two, two - 1001));
        assert!(must_change(two, two + 1));
        assert_eq!(micros(None), NO_TIMEOUT);
    }

    #[test]
    fn checking_a_socket_for_input_leaves_it_blocking_and_consumes_nothing() {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mut stream = poll_once(Blocking::connect(address, None)).unwrap();
        let (mut peer, _) = listener.accept().unwrap();
        let wait = Duration::from_millis(50);
        let read_wait = Some(time::Duration::from(wait));
        let mut buffer = [0; 8];
        assert!(!stream.is_stale());
        let start = std::time::Instant::now();
        assert_eq!(poll_once(stream.read(&mut buffer, read_wait)).unwrap(), None);
        assert!(start.elapsed() >= wait / 2, "it waited {:?}", start.elapsed());
        peer.write_all(b"abc").unwrap();
        let deadline = start + Duration::from_secs(20);
        while !stream.is_stale() {
            assert!(std::time::Instant::now() < deadline);
        }
        assert_eq!(poll_once(stream.read(&mut buffer, read_wait)).unwrap(), Some(3));
        drop(peer);
        assert_eq!(poll_once(stream.read(&mut buffer, None)).unwrap(), Some(0));
        assert!(stream.is_stale());
    }

    #[test]
    fn a_semaphore_gives_each_permit_once() {
        let semaphore = BlockingSemaphore::default();
        semaphore.release();
        semaphore.release();
        let acquire = || poll_once(semaphore.acquire(Some(Duration::from_millis(1))));
        assert!(acquire() && acquire() && !acquire());
        semaphore.release();
        assert!(acquire() && !acquire());
    }
}
