//! The core's server connection alone, without a tree: requests in, values and a listing out.
#![no_std]
#![no_main]

use owproto_budget::{now, receive, send};
use owproto_core::ReturnCode;
use owproto_core::listing::DirectoryFlags;
use owproto_core::server::{Answer, Connection, Event, NoRoom, Step};
use owproto_core::wire::MessageType;

type Server = Connection<[u8; 256], [u8; 128]>;

#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    loop {
        serve(&mut Server::new([0; 256], [0; 128]).accepted_at(now()));
    }
}

fn serve(server: &mut Server) {
    let mut buffer = [0; 128];
    loop {
        match server.step() {
            Step::Close => return,
            Step::Write => {
                let sent = send(server.poll_transmit());
                server.handle_transmitted(sent, now());
            }
            Step::Read => {
                let len = receive(&mut buffer);
                if len == 0 {
                    server.handle_eof();
                }
                server.handle_timeout(now());
                let mut input = buffer.get(..len).unwrap_or_default();
                while server.handle_input(&mut input, now()) == Event::Request {
                    if let Some((request, answer)) = server.work(now()) {
                        // What has no room now would be tried again after sending; here it is measured only.
                        let _ = answer_to(request.message_type(), request.path(), request.data(), answer);
                    }
                }
            }
            // Nothing here has to be waited for.
            Step::Work => {
                if let Some((_, mut answer)) = server.work(now()) {
                    answer.abort();
                }
            }
        }
    }
}

fn answer_to(
    message_type: MessageType,
    path: Option<&[u8]>,
    data: Option<&[u8]>,
    mut answer: Answer<'_, [u8; 256]>,
) -> Result<(), NoRoom> {
    match message_type {
        MessageType::NOP => answer.success(),
        MessageType::PRESENCE => answer.presence(None),
        MessageType::READ if path == Some(b"/temperature") => answer.value(b"21.5", 0),
        MessageType::WRITE => answer.written(data.map_or(0, <[u8]>::len)),
        MessageType::DIR => {
            answer.entry(b"/temperature")?;
            answer.end_of_entries(DirectoryFlags::default())
        }
        _ => answer.error(ReturnCode::NO_SUCH_PATH),
    }
}
