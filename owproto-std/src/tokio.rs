//! The asynchronous client, on tokio.

use std::fmt;

use crate::client::api::client_api;
use crate::client::{Calls, Streaming, Tokio};
use crate::{DirOptions, Error};

/// A client for tokio, with the same calls as the [blocking one](crate::Client).
///
/// It is `Send`, `Sync` and cheap to clone; clones share its connections. The future of a call may be dropped at any time:
/// its connection is closed, and later calls are not affected. (The server may still carry out what was sent before.) A
/// future that was polled, and is then neither polled nor dropped, keeps its connection from calls that wait for one.
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
    /// Lists a directory entry by entry, as the server finds them (DIR).
    ///
    /// The listing uses an idle connection or an additional one, so the client can be used meanwhile. If it is dropped
    /// before its end, that connection is closed.
    ///
    /// # Errors
    /// [`Error`], if the listing cannot begin. The listing returns later errors.
    pub async fn dir_iter<P: AsRef<[u8]> + Sync + ?Sized>(
        &self,
        path: &P,
        options: DirOptions,
    ) -> Result<DirIter<'_>, Error> {
        Ok(DirIter { streaming: self.calls.open_dir(path.as_ref(), options).await? })
    }
}

/// A listing in progress; see [`Client::dir_iter`].
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_be_shared_and_its_futures_can_be_sent_between_threads() {
        fn assert_sent<T: Send>(_: T) {}
        fn assert_shared<T: Send + Sync + Clone + 'static>() {}
        assert_shared::<Client>();
        let client = Client::new("localhost").unwrap();
        assert_sent(client.ping());
        assert_sent(client.read("/x"));
        assert_sent(client.write("/x", "y"));
        assert_sent(client.get("/x"));
        assert_sent(client.read_many(&["/x"]));
        assert_sent(client.dir_each("/", DirOptions::new().slash(), |_| ()));
        assert_sent(async { client.dir_iter("/", DirOptions::new()).await.unwrap().next().await });
    }
}
