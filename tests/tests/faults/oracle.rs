//! What a byte stream says, read as simply as it can be: the clients have to agree with it.

use owproto_core::Reply;
use owproto_core::client::DEFAULT_LIST_LIMIT;
use owproto_core::message::Entries;
use owproto_core::wire::{Flags, Header};

use crate::callers::{Call, Given, Why};

/// What a call gives that finds these bytes on its connection, and no end behind them.
pub(crate) enum Said {
    Answer {
        given: Given,
        /// Whether the server keeps the connection.
        is_kept: bool,
        /// How many bytes are the answer.
        len: usize,
    },
    /// This message type is not supported.
    Refused,
    /// These are no reply.
    Malformed,
    /// More have to come.
    Waits,
}

pub(crate) fn said(call: &Call, bytes: &[u8], payload_limit: usize) -> Said {
    let limit = if let Call::Dirall = call { DEFAULT_LIST_LIMIT } else { payload_limit };
    let mut listed = Vec::new();
    let mut at = 0;
    loop {
        let Some(header) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else { return Said::Waits };
        let header = Header::from_bytes(header);
        at += 24;
        if header.version.0 != 0 {
            return Said::Malformed;
        }
        // A negative payload is a keepalive.
        let Ok(len) = usize::try_from(header.payload) else { continue };
        if len > limit {
            return Said::Malformed;
        }
        let Some(payload) = bytes.get(at..at + len) else { return Said::Waits };
        at += len;
        let reply = Reply::new(header, payload);
        if *call == Call::Dir && len > 0 && header.code >= 0 {
            listed.extend(Entries::one(payload).map(<[u8]>::to_vec));
            continue;
        }
        let given = match call {
            // "No such path" is no error.
            Call::Present(_) if header.code == -1 => Given::Present(false),
            // Asked again by DIR.
            Call::Dirall if header.code == -42 => return Said::Refused,
            _ if header.code < 0 => Given::Fails(Why::Server),
            Call::Present(_) => Given::Present(true),
            Call::Read(_) | Call::ReadMany(_) => Given::Value(reply.data().to_vec()),
            Call::Write(..) => Given::Took(usize::try_from(header.size).unwrap_or(0)),
            Call::Dir => Given::Entries(listed),
            Call::Dirall => Given::Entries(reply.entries().map(<[u8]>::to_vec).collect()),
        };
        return Said::Answer { given, is_kept: header.flags.contains(Flags::PERSISTENCE), len: at };
    }
}
