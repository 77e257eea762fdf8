//! The asynchronous client, on tokio.

use std::fmt;
use std::future::{Future, poll_fn};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use ::tokio::net::TcpStream;
use ::tokio::sync::Semaphore;
use ::tokio::time::{Sleep, sleep_until};
use owproto_core::time::{self, Instant};

use crate::client::api::client_api;
use crate::client::{Calls, Streaming};
use crate::runtime::{self, Gate, Runtime, Stream};
use crate::{DirOptions, Error};

/// A client for tokio, with the same calls as the [blocking one](crate::Client).
///
/// It is `Send`, `Sync` and cheap to clone; clones share its connections. The future of a call may be dropped at any
/// time: the connection that it had is closed, and the next call is not touched. (What was sent by then may still be
/// carried out by the server.) One that has begun and is neither polled nor dropped keeps its connection from others that
/// wait for it.
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let client = owproto_std::tokio::Client::new("localhost")?;
/// let (cellar, roof) = tokio::join!(
///     client.read_number("/28.000028D70100/temperature"),
///     client.read_number("/10.000010EF0000/temperature"),
/// );
/// println!("{} {}", cellar?, roof?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    calls: Calls<Tokio>,
}

macro_rules! wait {
    ($future:expr) => {
        $future.await
    };
}

client_api!(Client, Tokio, wait, [async]);

impl Client {
    /// The entries of a directory one by one, as the server finds them (DIR).
    ///
    /// It has a connection for itself, an idle one or one more, so that the client can be used meanwhile. Dropped
    /// before its end, it closes that connection.
    ///
    /// # Errors
    /// [`Error`], if the listing does not begin; what comes later is given by the listing.
    pub async fn dir_iter<P: AsRef<[u8]> + Sync + ?Sized>(
        &self,
        path: &P,
        options: DirOptions,
    ) -> Result<DirIter<'_>, Error> {
        Ok(DirIter { streaming: self.calls.open_dir(path.as_ref(), options).await? })
    }
}

/// A listing under way. See [`Client::dir_iter`].
pub struct DirIter<'a> {
    streaming: Streaming<'a, Tokio>,
}

impl DirIter<'_> {
    /// The next entry; `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Vec<u8>, Error>> {
        self.streaming.next().await
    }
}

impl fmt::Debug for DirIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirIter").finish_non_exhaustive()
    }
}

/// Tokio's sockets.
pub(crate) struct Tokio;

impl Runtime for Tokio {
    const BLOCKS: bool = false;
    type Stream = TokioStream;
    type Gate = TokioGate;

    fn now() -> Instant {
        // Tokio's clock, which tests may stop.
        runtime::since_start(::tokio::time::Instant::now().into_std())
    }

    async fn resolve(host: &str, port: u16, wait: Option<Duration>) -> io::Result<Vec<SocketAddr>> {
        match within(wait, ::tokio::net::lookup_host((host, port))).await {
            Some(found) => Ok(found?.collect()),
            None => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    fn connect_at_once(_: SocketAddr, _: Option<Duration>) -> Option<io::Result<TokioStream>> {
        None
    }

    async fn connect(address: SocketAddr, wait: Option<Duration>) -> io::Result<TokioStream> {
        let socket = match within(wait, TcpStream::connect(address)).await {
            Some(socket) => socket?,
            None => return Err(io::ErrorKind::TimedOut.into()),
        };
        socket.set_nodelay(true)?;
        Ok(TokioStream { socket, timer: None })
    }
}

/// The output of a future, or `None` if `wait` passes before.
async fn within<F: Future>(wait: Option<Duration>, future: F) -> Option<F::Output> {
    match wait {
        Some(wait) => ::tokio::time::timeout(wait, future).await.ok(),
        None => Some(future.await),
    }
}

/// A socket, and a timer for all that is waited for on it.
pub(crate) struct TokioStream {
    socket: TcpStream,
    /// It rings too early rather than too late, and is set anew then: to set it for each answer costs more.
    timer: Option<Pin<Box<Sleep>>>,
}

impl TokioStream {
    /// What `poll` gives, or `None` if `wait` passes before.
    async fn within<T>(
        &mut self,
        wait: Option<time::Duration>,
        mut poll: impl FnMut(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<T>> + Send,
    ) -> io::Result<Option<T>> {
        let Self { socket, timer } = self;
        let mut until = None;
        poll_fn(|cx| {
            if let Poll::Ready(result) = poll(Pin::new(&mut *socket), cx) {
                return Poll::Ready(result.map(Some));
            }
            let Some(wait) = wait else { return Poll::Pending };
            let until = *until.get_or_insert_with(|| ::tokio::time::Instant::now() + Duration::from(wait));
            let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(until)));
            if timer.deadline() > until {
                timer.as_mut().reset(until);
            }
            while timer.as_mut().poll(cx).is_ready() {
                if timer.deadline() >= until {
                    return Poll::Ready(Ok(None));
                }
                timer.as_mut().reset(until);
            }
            Poll::Pending
        })
        .await
    }
}

impl Stream for TokioStream {
    fn read_at_once(&mut self, _: &mut [u8], _: Option<time::Duration>) -> Option<io::Result<Option<usize>>> {
        None
    }

    async fn read(&mut self, buffer: &mut [u8], wait: Option<time::Duration>) -> io::Result<Option<usize>> {
        self.within(wait, |socket, cx| {
            let mut buffer = ReadBuf::new(buffer);
            socket.poll_read(cx, &mut buffer).map_ok(|()| buffer.filled().len())
        })
        .await
    }

    fn write_at_once(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        match self.socket.try_write(bytes) {
            Ok(n) => Ok(Some(n)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn write(&mut self, bytes: &[u8], wait: Option<time::Duration>) -> io::Result<Option<usize>> {
        self.within(wait, |socket, cx| socket.poll_write(cx, bytes)).await
    }

    fn acknowledge_at_once(&self) {
        runtime::acknowledge_at_once(&self.socket);
    }

    fn is_spoilt(&self) -> bool {
        runtime::has_input(&self.socket, true)
    }
}

pub(crate) struct TokioGate(Semaphore);

impl Default for TokioGate {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl Gate for TokioGate {
    async fn enter(&self, wait: Option<Duration>) -> bool {
        match within(wait, self.0.acquire()).await {
            Some(Ok(permit)) => {
                permit.forget();
                true
            }
            // It is never closed.
            Some(Err(_)) | None => false,
        }
    }

    fn leave(&self) {
        self.0.add_permits(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_and_the_futures_of_their_calls_can_be_sent() {
        fn sent<T: Send>(_: T) {}
        fn shared<T: Send + Sync + Clone + 'static>() {}
        shared::<Client>();
        let client = Client::new("localhost").unwrap();
        sent(client.ping());
        sent(client.read("/x"));
        sent(client.write("/x", "y"));
        sent(client.get("/x"));
        sent(client.read_many(&["/x"]));
        sent(client.dir_each("/", DirOptions::new().slash(), |_| ()));
        sent(async { client.dir_iter("/", DirOptions::new()).await.unwrap().next().await });
    }
}
