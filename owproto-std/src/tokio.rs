//! The asynchronous client, on tokio.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use ::tokio::io::{AsyncReadExt, AsyncWriteExt};
use ::tokio::net::TcpStream;
use ::tokio::sync::Semaphore;
use owproto_core::time::Instant;

use crate::client::api::client_api;
use crate::client::{Calls, Streaming};
use crate::runtime::{self, Gate, Runtime, Stream};
use crate::{DirOptions, Error};

/// A client for tokio, with the same calls as the [blocking one](crate::Client).
///
/// It is `Send`, `Sync` and cheap to clone; clones share its connections. The future of a call may be dropped at any
/// time: the connection that it had is closed, and the next call is not touched. (What was sent by then may still be
/// carried out by the server.)
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
    type Stream = TcpStream;
    type Gate = Semaphore;

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

    async fn connect(address: SocketAddr, wait: Option<Duration>) -> io::Result<TcpStream> {
        let socket = match within(wait, TcpStream::connect(address)).await {
            Some(socket) => socket?,
            None => return Err(io::ErrorKind::TimedOut.into()),
        };
        socket.set_nodelay(true)?;
        Ok(socket)
    }
}

/// The output of a future, or `None` if `wait` passes before.
async fn within<F: Future>(wait: Option<Duration>, future: F) -> Option<F::Output> {
    match wait {
        Some(wait) => ::tokio::time::timeout(wait, future).await.ok(),
        None => Some(future.await),
    }
}

impl Stream for TcpStream {
    async fn read(&mut self, buffer: &mut [u8], wait: Option<Duration>) -> io::Result<Option<usize>> {
        within(wait, AsyncReadExt::read(self, buffer)).await.transpose()
    }

    async fn write(&mut self, bytes: &[u8], wait: Option<Duration>) -> io::Result<Option<usize>> {
        within(wait, AsyncWriteExt::write(self, bytes)).await.transpose()
    }

    fn acknowledge_at_once(&self) {
        runtime::acknowledge_at_once(self);
    }

    fn is_spoilt(&self) -> bool {
        runtime::has_input(self, true)
    }
}

impl Gate for Semaphore {
    fn new(places: usize) -> Self {
        Self::new(places.min(Self::MAX_PERMITS))
    }

    async fn enter(&self, wait: Option<Duration>) -> bool {
        match within(wait, self.acquire()).await {
            Some(Ok(permit)) => {
                permit.forget();
                true
            }
            // It is never closed.
            Some(Err(_)) | None => false,
        }
    }

    fn leave(&self) {
        self.add_permits(1);
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
