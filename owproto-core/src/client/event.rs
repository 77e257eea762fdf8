use super::request_id::RequestId;
use crate::message::{Entries, Reply};

/// What a [`Connection`](super::Connection) received.
///
/// Exhaustive on purpose: a driver that ignores one of these loses data, or reads too early.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event<'a> {
    /// The input is used up. The current part lacks this number of bytes. Reading no more than that never reads into the
    /// next frame.
    NeedMore(usize),
    /// A keepalive: the server is still working on the oldest request.
    Keepalive,
    /// Entries of a directory. More may follow; a [`Reply`](Self::Reply) ends the listing. The same for DIR, DIRALL and
    /// DIRALLSLASH.
    Entries(RequestId, Entries<'a>),
    /// The answer to a request, or the end of a listing. After a DIRALL its payload is empty, because the entries came
    /// before. It may be an error, even after entries.
    Reply(RequestId, Reply<'a>),
}
