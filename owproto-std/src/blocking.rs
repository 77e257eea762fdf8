//! The blocking client.

use std::fmt;

use crate::client::api::client_api;
use crate::client::{Blocking, Calls, Streaming, poll_once};
use crate::{DirOptions, Error};

/// A client that blocks the calling thread.
///
/// It is `Send`, `Sync` and cheap to clone; clones share its connections. A persistent client keeps some connections open
/// between calls, and sends the requests that wait for one together (see [`connections`](crate::Builder::connections)). A
/// non-persistent client opens a socket for each call.
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

macro_rules! block {
    ($future:expr) => {
        poll_once($future)
    };
}

client_api!(Client, Blocking, block, []);

impl Client {
    /// Lists a directory entry by entry, as the server finds them (DIR).
    ///
    /// The listing uses an idle connection or an additional one, so the client can be used meanwhile. If it is dropped
    /// before its end, that connection is closed.
    ///
    /// # Errors
    /// [`Error`], if the listing cannot begin. The iterator returns later errors.
    pub fn dir_iter<P: AsRef<[u8]> + ?Sized>(
        &self,
        path: &P,
        options: DirOptions,
    ) -> Result<DirIter<'_>, Error> {
        Ok(DirIter { streaming: poll_once(self.calls.open_dir(path.as_ref(), options))? })
    }
}

/// A listing in progress; see [`Client::dir_iter`].
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
        poll_once(self.streaming.next())
    }
}

impl std::iter::FusedIterator for DirIter<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_be_shared_between_threads() {
        fn assert_shared<T: Send + Sync + Clone + 'static>() {}
        assert_shared::<Client>();
    }
}
