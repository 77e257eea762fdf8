//! The option `-v`: prints each frame that is sent or received to standard error.

use std::fmt;
use std::io::Write;
use std::sync::{Mutex, PoisonError};

use anstyle::{AnsiColor, Style};
use owproto_std::Traffic;
use owproto_std::owproto_core::client::DEFAULT_LIST_LIMIT;
use owproto_std::owproto_core::{DecodeError, ReplyEvent, ReplyParser, RequestEvent, RequestParser};

use crate::frame::{ReplyLine, RequestLine};
use crate::hex::hex;

/// A tap that prints the traffic to standard error.
pub(crate) fn to_stderr() -> impl Fn(Traffic<'_>) + Send + Sync + 'static {
    let trace = Mutex::new(Trace::new());
    move |traffic| {
        let mut lines = Vec::new();
        trace.lock().unwrap_or_else(PoisonError::into_inner).show(traffic, &mut lines);
        // One write, so that the lines stay together. If standard error cannot be written, there is no way to report it.
        let _ = anstream::stderr().write_all(&lines);
    }
}

/// The state of one connection.
struct Trace {
    sent: RequestParser<Vec<u8>>,
    received: ReplyParser<Vec<u8>>,
    /// Whether bytes that are not a frame were found, after which no frame can be recognized.
    is_broken: bool,
}

impl Trace {
    fn new() -> Self {
        Self {
            sent: RequestParser::new(Vec::new()),
            received: ReplyParser::new(Vec::new()).with_limit(DEFAULT_LIST_LIMIT),
            is_broken: false,
        }
    }

    fn show(&mut self, traffic: Traffic<'_>, lines: &mut Vec<u8>) {
        match traffic {
            Traffic::Connected(address) => {
                *self = Self::new();
                line(lines, NOTE, "*", format_args!("connected to {address}"));
            }
            Traffic::Closed => line(lines, NOTE, "*", "closed"),
            Traffic::Sent(mut bytes) => {
                if let Err(error) = self.show_sent(&mut bytes, lines) {
                    self.show_bytes(bytes, error, SENT, lines);
                }
            }
            Traffic::Received(mut bytes) => {
                if let Err(error) = self.show_received(&mut bytes, lines) {
                    self.show_bytes(bytes, error, RECEIVED, lines);
                }
            }
            _ => {}
        }
    }

    fn show_sent(&mut self, bytes: &mut &[u8], lines: &mut Vec<u8>) -> Result<(), DecodeError> {
        while let RequestEvent::Request(request) = self.sent.parse(bytes)? {
            line(lines, SENT, "→", RequestLine(request));
        }
        Ok(())
    }

    fn show_received(&mut self, bytes: &mut &[u8], lines: &mut Vec<u8>) -> Result<(), DecodeError> {
        loop {
            match self.received.parse(bytes)? {
                ReplyEvent::NeedMore(_) => return Ok(()),
                ReplyEvent::Keepalive => line(lines, RECEIVED, "←", "keepalive"),
                ReplyEvent::Reply(reply) => {
                    let style = if reply.ret() < 0 { ERROR } else { RECEIVED };
                    line(lines, style, "←", ReplyLine(reply));
                }
            }
        }
    }

    /// Shows bytes that are not a frame.
    fn show_bytes(&mut self, bytes: &[u8], error: DecodeError, style: Style, lines: &mut Vec<u8>) {
        const SHOWN: usize = 32;
        if !self.is_broken {
            self.is_broken = true;
            line(lines, ERROR, "!", format_args!("not a frame: {error}"));
        }
        let (shown, more) = match bytes.get(..SHOWN) {
            Some(front) if bytes.len() > SHOWN => (front, "…"),
            _ => (bytes, ""),
        };
        if !shown.is_empty() {
            line(lines, style, "!", format_args!("[{}]{more}", hex(shown)));
        }
    }
}

const NOTE: Style = Style::new().dimmed();
const SENT: Style = AnsiColor::Cyan.on_default();
const RECEIVED: Style = AnsiColor::Green.on_default();
const ERROR: Style = AnsiColor::Red.on_default();

fn line(lines: &mut Vec<u8>, style: Style, mark: &str, text: impl fmt::Display) {
    // Writing to memory does not fail.
    let _ = writeln!(lines, "{style}{mark}{style:#} {text}");
}

#[cfg(test)]
mod tests {
    use owproto_std::owproto_core::Request;
    use owproto_std::owproto_core::wire::{Flags, Header};

    use super::*;

    fn shown(trace: &mut Trace, traffic: Traffic<'_>) -> String {
        let mut lines = Vec::new();
        trace.show(traffic, &mut lines);
        anstream::adapter::strip_str(&String::from_utf8(lines).unwrap()).to_string()
    }

    #[test]
    fn a_frame_is_shown_once_it_is_complete() {
        let mut trace = Trace::new();
        let mut buffer = [0; 100];
        let request = Request::read("/a").unwrap().with_flags(Flags::PERSISTENCE);
        let request = request.encode(&mut buffer).unwrap();
        assert_eq!(shown(&mut trace, Traffic::Sent(&request[..20])), "");
        assert_eq!(
            shown(&mut trace, Traffic::Sent(&request[20..])),
            "→ READ version 0 payload 3 flags persistence size 65536 offset 0 \"/a\"\n"
        );
        let header = Header { payload: 2, code: 2, flags: Flags::PERSISTENCE, size: 2, ..Header::default() };
        let reply = [&Header::KEEPALIVE.to_bytes()[..], &header.to_bytes(), b"\xff\0"].concat();
        assert_eq!(
            shown(&mut trace, Traffic::Received(&reply)),
            "← keepalive\n← reply ret 2 version 0 payload 2 flags persistence size 2 offset 0 [ff00]\n"
        );
    }

    #[test]
    fn a_write_is_shown_with_its_path_and_data() {
        let mut buffer = [0; 100];
        let request = Request::write("/a", "30").unwrap().encode(&mut buffer).unwrap();
        assert_eq!(
            shown(&mut Trace::new(), Traffic::Sent(request)),
            "→ WRITE version 0 payload 5 flags 0 size 2 offset 0 \"/a\" = \"30\"\n"
        );
    }

    #[test]
    fn bytes_that_are_not_a_frame_are_shown_in_hexadecimal() {
        let mut trace = Trace::new();
        let shown = shown(&mut trace, Traffic::Received(b"HTTP/1.1 400 Bad Request\r\n"));
        assert!(shown.starts_with("! not a frame: the peer does not speak the owserver protocol"), "{shown}");
    }
}
