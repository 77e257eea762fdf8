use owproto_core::client::RequestId;
use owproto_core::time::Instant;

/// The state of the client's TCP connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// There is no connection, and no request needs one.
    Idle,
    Connecting,
    Open,
    /// Both sides are closing. From this time on the socket may be reused even if they have not finished.
    Closing {
        until: Instant,
    },
    /// The connection failed. The client does not connect before this time.
    BackingOff {
        until: Instant,
    },
}

/// Whether the server of the current connection answers DIRALL.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum DirallSupport {
    Unknown,
    /// The answer to this request will show it. Until then, other listings are requested with DIR.
    Probing(RequestId),
    /// Known. If the server refuses DIRALL, the [`ServerCapabilities`](owproto_core::client::ServerCapabilities) record
    /// that.
    Known,
}
