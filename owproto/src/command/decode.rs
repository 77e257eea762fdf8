//! `ow decode`

use std::fs;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use owproto_std::owproto_core::codec::DEFAULT_PAYLOAD_LIMIT;
use owproto_std::owproto_core::message::MAX_BODY_LEN;
use owproto_std::owproto_core::{
    DecodeError, Reply, ReplyEvent, ReplyParser, RequestEvent, RequestFrame, RequestParser,
};
use serde_json::json;

use crate::failure::{Failure, Reason, Status};
use crate::frame::{ReplyLine, RequestLine};
use crate::hex::{from_hex, hex};
use crate::output::Output;

/// Decode frames of the protocol from hexadecimal text; needs no server.
///
/// White space in the text is ignored. The exit status is 4 if the input ends within a frame, and 3 if it has bytes that are
/// not a frame.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  echo 00000000 00000003 00000003 00000004 00000003 00000000 342e31 | ow decode
  xxd -p captured.bin | ow --json decode --chunk 1
  ow decode --requests requests.hex

JSON, one object per frame:
  {\"kind\":\"reply\",\"version\":..,\"payload\":..,\"ret\":..,\"flags\":..,\"size\":..,\"offset\":..,\"payload_hex\":\"..\"}
  {\"kind\":\"keepalive\"}
  {\"kind\":\"request\",\"version\":..,\"payload\":..,\"type\":..,\"flags\":..,\"size\":..,\"offset\":..,\"payload_hex\":\"..\",
   \"tokens\":[\"..\"]}
  {\"kind\":\"incomplete\",\"have\":N,\"need\":M}
have: the bytes of an incomplete last frame; need: how many more complete its header, payload or tokens.")]
pub(crate) struct Decode {
    /// Decode requests of a client instead of replies of a server.
    #[arg(long)]
    requests: bool,

    /// Pass this many bytes at a time to the parser [default: all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(NonZeroUsize), allow_negative_numbers = true)]
    chunk: Option<NonZeroUsize>,

    /// Reject frames with more than this many bytes after the header [default: 65536 for replies, 100050 for
    /// requests].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    limit: Option<u32>,

    /// File to read; - stands for standard input.
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
}

impl Decode {
    pub(crate) fn run(&self, mut output: Output) -> Result<Status, Failure> {
        let (name, bytes) = self.read()?;
        let mut parser = Parser::new(self);
        let mut position = Position::default();
        for chunk in bytes.chunks(self.chunk.map_or(usize::MAX, usize::from)) {
            let mut input = chunk;
            loop {
                let result = parser.step(&mut input, &mut output)?;
                position.parsed = position.passed + (chunk.len() - input.len());
                match result {
                    Ok(Step::Frame) => position.complete_frames = position.parsed,
                    Ok(Step::NeedMore(missing)) => {
                        position.missing = missing;
                        break;
                    }
                    Err(error) => {
                        output.flush()?;
                        let at = position.complete_frames;
                        return Err(Failure::Connection(format!(
                            "no valid frame at byte {at} of {name}: {error}"
                        )));
                    }
                }
            }
            position.passed += chunk.len();
        }
        let have = bytes.len() - position.complete_frames;
        if have > 0 {
            print_incomplete(have, position.missing, &mut output)?;
        }
        output.flush()?;
        Ok(if have > 0 { Status::Incomplete } else { Status::Success })
    }

    /// Reads the input; returns its name for messages, and the bytes.
    fn read(&self) -> Result<(String, Vec<u8>), Failure> {
        let (name, text) = if self.file.as_os_str() == "-" {
            let mut text = Vec::new();
            ("standard input".to_owned(), io::stdin().read_to_end(&mut text).map(|_| text))
        } else {
            (format!("'{}'", self.file.display()), fs::read(&self.file))
        };
        let text = text.map_err(|error| Failure::Usage(format!("cannot read {name}: {}", Reason(&error))))?;
        match from_hex(&text) {
            Ok(bytes) => Ok((name, bytes)),
            Err(message) => Err(Failure::Usage(format!("{name} is not hexadecimal text: {message}"))),
        }
    }
}

/// Positions in the input, in bytes.
#[derive(Default)]
struct Position {
    /// The end of the chunks that were passed to the parser.
    passed: usize,
    /// What the parser has consumed: `passed <= parsed` within a chunk.
    parsed: usize,
    /// The end of the last complete frame.
    complete_frames: usize,
    /// How many bytes the parser needs to complete the current part of a frame.
    missing: usize,
}

enum Parser {
    Replies(ReplyParser<Vec<u8>>),
    Requests(RequestParser<Vec<u8>>),
}

enum Step {
    Frame,
    NeedMore(usize),
}

impl Parser {
    fn new(args: &Decode) -> Self {
        let limit = args.limit.and_then(|limit| usize::try_from(limit).ok());
        if args.requests {
            Self::Requests(RequestParser::new(Vec::new()).with_limit(limit.unwrap_or(MAX_BODY_LEN)))
        } else {
            Self::Replies(ReplyParser::new(Vec::new()).with_limit(limit.unwrap_or(DEFAULT_PAYLOAD_LIMIT)))
        }
    }

    /// Parses and prints the next frame.
    fn step(&mut self, input: &mut &[u8], output: &mut Output) -> io::Result<Result<Step, DecodeError>> {
        match self {
            Self::Replies(parser) => match parser.parse(input) {
                Ok(ReplyEvent::NeedMore(missing)) => return Ok(Ok(Step::NeedMore(missing))),
                Ok(ReplyEvent::Keepalive) => print_keepalive(output)?,
                Ok(ReplyEvent::Reply(reply)) => print_reply(reply, output)?,
                Err(error) => return Ok(Err(error)),
            },
            Self::Requests(parser) => match parser.parse(input) {
                Ok(RequestEvent::NeedMore(missing)) => return Ok(Ok(Step::NeedMore(missing))),
                Ok(RequestEvent::Request(request)) => print_request(request, output)?,
                Err(error) => return Ok(Err(error)),
            },
        }
        Ok(Ok(Step::Frame))
    }
}

fn print_reply(reply: Reply<'_>, output: &mut Output) -> io::Result<()> {
    if !output.is_json() {
        return output.line(ReplyLine(reply));
    }
    let header = reply.header();
    output.object(&json!({
        "kind": "reply",
        "version": header.version.0,
        "payload": header.payload,
        "ret": header.code,
        "flags": header.flags.bits(),
        "size": header.size,
        "offset": header.offset,
        "payload_hex": hex(reply.payload()),
    }))
}

fn print_keepalive(output: &mut Output) -> io::Result<()> {
    if output.is_json() { output.object(&json!({ "kind": "keepalive" })) } else { output.line("keepalive") }
}

fn print_request(request: RequestFrame<'_>, output: &mut Output) -> io::Result<()> {
    if !output.is_json() {
        return output.line(RequestLine(request));
    }
    let header = request.header;
    let tokens: Vec<String> = request.tokens.iter().map(|token| hex(token)).collect();
    output.object(&json!({
        "kind": "request",
        "version": header.version.0,
        "payload": header.payload,
        "type": header.code,
        "flags": header.flags.bits(),
        "size": header.size,
        "offset": header.offset,
        "payload_hex": hex(request.payload),
        "tokens": tokens,
    }))
}

fn print_incomplete(have: usize, need: usize, output: &mut Output) -> io::Result<()> {
    if output.is_json() {
        output.object(&json!({ "kind": "incomplete", "have": have, "need": need }))
    } else {
        let at_least = have + need;
        output.line(format_args!("incomplete frame: {have} of at least {at_least} bytes"))
    }
}
