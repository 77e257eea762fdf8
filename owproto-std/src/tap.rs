use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

/// What a client does on the network, as a [tap](crate::Builder::tap) sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Traffic<'a> {
    /// A connection was made. What follows belongs to it until the next one is made, as long as calls come one after
    /// the other.
    Connected(SocketAddr),
    /// Bytes were handed to the socket. They may be part of a frame, or several.
    Sent(&'a [u8]),
    /// Bytes came. They may be part of a frame, or several.
    Received(&'a [u8]),
    /// The connection was closed by this side.
    Closed,
}

/// A function that watches the traffic.
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
