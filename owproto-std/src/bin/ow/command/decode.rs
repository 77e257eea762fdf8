//! `ow decode`

use std::fs;
use std::io::{self, Read};

use owproto_std::owproto_core::codec::DEFAULT_PAYLOAD_LIMIT;
use owproto_std::owproto_core::message::MAX_BODY_LEN;
use owproto_std::owproto_core::{
    DecodeError, Reply, ReplyEvent, ReplyParser, RequestEvent, RequestFrame, RequestParser,
};
use serde_json::json;

use crate::args::Decode;
use crate::bytes::{from_hex, hex};
use crate::exit::{End, Reason, Status};
use crate::frame::{ReplyLine, RequestLine};
use crate::output::Output;

/// Decodes frames.
pub(crate) fn run(args: &Decode, mut output: Output) -> Result<Status, End> {
    let name = args.file.display();
    let (name, text) = match args.file.to_str() {
        Some("-") => {
            let mut text = Vec::new();
            ("standard input".to_owned(), io::stdin().read_to_end(&mut text).map(|_| text))
        }
        _ => (format!("'{name}'"), fs::read(&args.file)),
    };
    let text = text.map_err(|error| End::Usage(format!("{name} cannot be read: {}", Reason(&error))))?;
    let bytes = from_hex(&text).map_err(|sentence| End::Usage(format!("{name} is wrong: {sentence}")))?;

    let mut parser = Parser::new(args);
    let mut taken = Taken::default();
    for chunk in bytes.chunks(args.chunk.map_or(usize::MAX, usize::from)) {
        let mut input = chunk;
        loop {
            let result = parser.step(&mut input, &mut output)?;
            taken.bytes = taken.fed + (chunk.len() - input.len());
            match result {
                Ok(Step::Frame) => taken.whole_frames = taken.bytes,
                Ok(Step::NeedMore(missing)) => {
                    taken.missing = missing;
                    break;
                }
                Err(error) => {
                    output.flush()?;
                    let at = taken.whole_frames;
                    return Err(End::Failed(format!("{name} has no frame at byte {at}: {error}")));
                }
            }
        }
        taken.fed += chunk.len();
    }
    let have = bytes.len() - taken.whole_frames;
    if have > 0 {
        incomplete(have, taken.missing, &mut output)?;
    }
    output.flush()?;
    Ok(if have > 0 { Status::Incomplete } else { Status::Done })
}

/// How far the parser is, in bytes.
#[derive(Default)]
struct Taken {
    /// Chunks that were given to the parser.
    fed: usize,
    /// What the parser took: `fed <= bytes` while a chunk is under way.
    bytes: usize,
    /// Up to the end of the last whole frame.
    whole_frames: usize,
    /// What the parser still needs for the current part.
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

    /// Prints the next frame.
    fn step(&mut self, input: &mut &[u8], output: &mut Output) -> io::Result<Result<Step, DecodeError>> {
        match self {
            Self::Replies(parser) => match parser.parse(input) {
                Ok(ReplyEvent::NeedMore(missing)) => return Ok(Ok(Step::NeedMore(missing))),
                Ok(ReplyEvent::Keepalive) => keepalive(output)?,
                Ok(ReplyEvent::Reply(frame)) => reply(frame, output)?,
                Err(error) => return Ok(Err(error)),
            },
            Self::Requests(parser) => match parser.parse(input) {
                Ok(RequestEvent::NeedMore(missing)) => return Ok(Ok(Step::NeedMore(missing))),
                Ok(RequestEvent::Request(frame)) => request(frame, output)?,
                Err(error) => return Ok(Err(error)),
            },
        }
        Ok(Ok(Step::Frame))
    }
}

fn reply(reply: Reply<'_>, output: &mut Output) -> io::Result<()> {
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

fn keepalive(output: &mut Output) -> io::Result<()> {
    if output.is_json() { output.object(&json!({ "kind": "keepalive" })) } else { output.line("keepalive") }
}

fn request(request: RequestFrame<'_>, output: &mut Output) -> io::Result<()> {
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

fn incomplete(have: usize, need: usize, output: &mut Output) -> io::Result<()> {
    if output.is_json() {
        output.object(&json!({ "kind": "incomplete", "have": have, "need": need }))
    } else {
        output.line(format_args!("incomplete: {have} bytes of a frame, {need} more are needed"))
    }
}
