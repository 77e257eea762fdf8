//! Parses the bytes of a server's answer in pieces, and prints the events.
//!
//! Run it with `cargo run -p owproto-core --example parse`.

use owproto_core::wire::Header;
use owproto_core::{ReplyEvent, ReplyParser};

fn main() -> Result<(), owproto_core::DecodeError> {
    let reply = Header { payload: 12, code: 12, size: 12, ..Header::default() };
    let answer = [&Header::KEEPALIVE.to_bytes()[..], &reply.to_bytes(), b"     26.3056"].concat();

    let mut parser = ReplyParser::new([0; 64]);
    for piece in answer.chunks(20) {
        println!("{} bytes", piece.len());
        let mut input = piece;
        loop {
            match parser.parse(&mut input)? {
                ReplyEvent::NeedMore(n) => {
                    println!("  {n} more are needed");
                    break;
                }
                ReplyEvent::Keepalive => println!("  keepalive"),
                ReplyEvent::Reply(reply) => {
                    println!("  {reply}: {:?}", String::from_utf8_lossy(reply.data()));
                }
            }
        }
    }
    Ok(())
}
