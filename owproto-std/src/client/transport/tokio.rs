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

use super::runtime::{self, Runtime, Stream};

/// Tokio's sockets.
pub(crate) struct Tokio;

impl Runtime for Tokio {
    const BLOCKS: bool = false;
    type Stream = TokioStream;
    type Semaphore = TokioSemaphore;

    fn now() -> Instant {
        // Tokio's clock, which tests may pause.
        runtime::since_first_use(::tokio::time::Instant::now().into_std())
    }

    async fn resolve(host: &str, port: u16, wait: Option<Duration>) -> io::Result<Vec<SocketAddr>> {
        match within(wait, ::tokio::net::lookup_host((host, port))).await {
            Some(found) => Ok(found?.collect()),
            None => Err(io::ErrorKind::TimedOut.into()),
        }
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

/// The output of a future; `None` after `wait`.
async fn within<F: Future>(wait: Option<Duration>, future: F) -> Option<F::Output> {
    match wait {
        Some(wait) => ::tokio::time::timeout(wait, future).await.ok(),
        None => Some(future.await),
    }
}

/// A socket, and one timer for all waits on it.
pub(crate) struct TokioStream {
    socket: TcpStream,
    /// It may expire early, never late, and is then set again: setting it for each reply costs more.
    timer: Option<Pin<Box<Sleep>>>,
}

impl TokioStream {
    /// The output of `poll`; `None` after `wait`.
    async fn within<T>(
        &mut self,
        wait: Option<time::Duration>,
        mut poll: impl FnMut(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<T>> + Send,
    ) -> io::Result<Option<T>> {
        let Self { socket, timer } = self;
        let mut deadline = None;
        poll_fn(|cx| {
            if let Poll::Ready(result) = poll(Pin::new(&mut *socket), cx) {
                return Poll::Ready(result.map(Some));
            }
            let Some(wait) = wait else { return Poll::Pending };
            let deadline =
                *deadline.get_or_insert_with(|| ::tokio::time::Instant::now() + Duration::from(wait));
            let timer = timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
            if timer.deadline() > deadline {
                timer.as_mut().reset(deadline);
            }
            while timer.as_mut().poll(cx).is_ready() {
                if timer.deadline() >= deadline {
                    return Poll::Ready(Ok(None));
                }
                timer.as_mut().reset(deadline);
            }
            Poll::Pending
        })
        .await
    }
}

impl Stream for TokioStream {
    fn read_blocking(
        &mut self,
        _: &mut [u8],
        _: Option<time::Duration>,
    ) -> Option<io::Result<Option<usize>>> {
        None
    }

    async fn read(&mut self, buffer: &mut [u8], wait: Option<time::Duration>) -> io::Result<Option<usize>> {
        self.within(wait, |socket, cx| {
            let mut buffer = ReadBuf::new(buffer);
            socket.poll_read(cx, &mut buffer).map_ok(|()| buffer.filled().len())
        })
        .await
    }

    fn try_write(&mut self, bytes: &[u8]) -> io::Result<Option<usize>> {
        match self.socket.try_write(bytes) {
            Ok(n) => Ok(Some(n)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn write(&mut self, bytes: &[u8], wait: Option<time::Duration>) -> io::Result<Option<usize>> {
        self.within(wait, |socket, cx| socket.poll_write(cx, bytes)).await
    }

    fn acknowledge_without_delay(&self) {
        runtime::acknowledge_without_delay(&self.socket);
    }

    fn is_stale(&self) -> bool {
        runtime::has_input(&self.socket, true)
    }
}

pub(crate) struct TokioSemaphore(Semaphore);

impl Default for TokioSemaphore {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

impl runtime::Semaphore for TokioSemaphore {
    async fn acquire(&self, wait: Option<Duration>) -> bool {
        match within(wait, self.0.acquire()).await {
            Some(Ok(permit)) => {
                permit.forget();
                true
            }
            // An error would mean that it is closed, which never happens.
            Some(Err(_)) | None => false,
        }
    }

    fn release(&self) {
        self.0.add_permits(1);
    }
}
