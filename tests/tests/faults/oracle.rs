//! A decoder of replies that is as simple as possible. The clients must agree with it.

use owproto_core::Reply;
use owproto_core::client::DEFAULT_LIST_LIMIT;
use owproto_core::message::Entries;
use owproto_core::wire::{Flags, Header};

use crate::clients::{Call, CallResult, ErrorClass};

/// What these bytes are to a call, if the connection stays open after them.
pub(crate) enum Decoded {
    Answer {
        result: CallResult,
        /// Whether persistence is granted.
        is_kept: bool,
        /// The length of the answer.
        len: usize,
    },
    /// The message type is not supported.
    Refused,
    /// An invalid reply.
    Malformed,
    /// A part of an answer.
    Incomplete,
}

pub(crate) fn decode(call: &Call, bytes: &[u8], payload_limit: usize) -> Decoded {
    let limit = if let Call::Dirall = call { DEFAULT_LIST_LIMIT } else { payload_limit };
    let mut listed = Vec::new();
    let mut at = 0;
    loop {
        let Some(header) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else {
            return Decoded::Incomplete;
        };
        let header = Header::from_bytes(header);
        at += 24;
        if header.version.0 != 0 {
            return Decoded::Malformed;
        }
        // A negative payload is a keepalive.
        let Ok(len) = usize::try_from(header.payload) else { continue };
        if len > limit {
            return Decoded::Malformed;
        }
        let Some(payload) = bytes.get(at..at + len) else { return Decoded::Incomplete };
        at += len;
        let reply = Reply::new(header, payload);
        if *call == Call::Dir && len > 0 && header.code >= 0 {
            listed.extend(Entries::one(payload).map(<[u8]>::to_vec));
            continue;
        }
        let result = match call {
            // "No such path" is not an error of PRESENCE.
            Call::Present(_) if header.code == -1 => CallResult::Present(false),
            // The client sends DIR instead.
            Call::Dirall if header.code == -42 => return Decoded::Refused,
            _ if header.code < 0 => CallResult::Fails(ErrorClass::Server),
            Call::Present(_) => CallResult::Present(true),
            Call::Read(_) | Call::ReadMany(_) => CallResult::Value(reply.data().to_vec()),
            Call::Write(..) => CallResult::Took(usize::try_from(header.size).unwrap_or(0)),
            Call::Dir => CallResult::Entries(listed),
            Call::Dirall => CallResult::Entries(reply.entries().map(<[u8]>::to_vec).collect()),
        };
        return Decoded::Answer { result, is_kept: header.flags.contains(Flags::PERSISTENCE), len: at };
    }
}
