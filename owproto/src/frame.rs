//! Frames as lines of text.

use std::fmt;

use owproto_std::owproto_core::wire::MessageType;
use owproto_std::owproto_core::{Reply, RequestFrame};

use crate::hex::hex;
use crate::printable::{is_printable, printable};

/// A reply as a line.
pub(crate) struct ReplyLine<'a>(pub(crate) Reply<'a>);

impl fmt::Display for ReplyLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        if !self.0.payload().is_empty() {
            write!(f, "{}", Payload(self.0.payload()))?;
        }
        match self.0.into_result() {
            Ok(_) => Ok(()),
            Err(error) => write!(f, " {error}"),
        }
    }
}

/// A request as a line.
pub(crate) struct RequestLine<'a>(pub(crate) RequestFrame<'a>);

impl fmt::Display for RequestLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#}", self.0.header)?;
        match (self.0.path(), self.0.data()) {
            (Some(path), Some(data)) if self.0.message_type() == MessageType::WRITE => {
                write!(f, "{} ={}", Payload(path), Payload(data))?;
            }
            _ if self.0.payload.is_empty() => {}
            _ => write!(f, "{}", Payload(self.0.payload))?,
        }
        for token in self.0.tokens {
            write!(f, " token {}", hex(token))?;
        }
        Ok(())
    }
}

/// A space, and bytes as text or in hexadecimal. Long payloads are cut.
struct Payload<'a>(&'a [u8]);

impl fmt::Display for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const TEXT: usize = 200;
        const BINARY: usize = 32;
        // The NUL at the end of paths and lists is not shown.
        let text = self.0.strip_suffix(b"\0").unwrap_or(self.0);
        let is_cut = if is_printable(text) {
            write!(f, " \"{}\"", printable(text.get(..TEXT).unwrap_or(text)))?;
            text.len() > TEXT
        } else {
            write!(f, " [{}]", hex(self.0.get(..BINARY).unwrap_or(self.0)))?;
            self.0.len() > BINARY
        };
        f.write_str(if is_cut { "…" } else { "" })
    }
}
