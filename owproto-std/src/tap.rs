use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// An event on a client's connections, for a [tap](crate::Builder::tap).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Traffic<'a> {
    /// A connection was opened. Later events belong to it until the next one is opened, unless calls run concurrently.
    Connected(SocketAddr),
    /// Bytes were written to the socket: a part of a frame, or several frames.
    Sent(&'a [u8]),
    /// Bytes were read from the socket: a part of a frame, or several frames.
    Received(&'a [u8]),
    /// The client closed the connection.
    Closed,
}

/// A function that is called with each event, or none.
#[derive(Clone)]
pub(crate) struct Tap(Option<Arc<Watch>>);

type Watch = dyn Fn(Traffic<'_>) + Send + Sync;

impl Tap {
    pub(crate) const NONE: Self = Self(None);

    pub(crate) fn new(watch: impl Fn(Traffic<'_>) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(watch)))
    }

    #[inline]
    pub(crate) fn show<'t>(&self, traffic: impl FnOnce() -> Traffic<'t>) {
        if let Some(watch) = &self.0 {
            watch(traffic());
        }
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Tap" } else { "no tap" })
    }
}
