//! The core's server connection alone, without a tree: requests in, values and a listing out.
#![no_std]
#![no_main]

use owproto_budget::{now, serve};
use owproto_core::ReturnCode;
use owproto_core::server::{Answer, BufferFull, Connection};
use owproto_core::wire::{DirectoryFlags, MessageType};

type Server = Connection<[u8; 256], [u8; 128]>;

#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    loop {
        serve(&mut Server::new([0; 256], [0; 128]).accepted_at(now()), work);
    }
}

/// A real server would continue after sending if an answer does not fit; this one is only measured.
fn work(server: &mut Server) {
    if let Some((request, mut answer)) = server.answer(now()) {
        if answer_to(request.message_type(), request.path(), request.data(), &mut answer).is_err() {
            answer.abort();
        }
    }
}

fn answer_to(
    message_type: MessageType,
    path: Option<&[u8]>,
    data: Option<&[u8]>,
    answer: &mut Answer<'_, [u8; 256]>,
) -> Result<(), BufferFull> {
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
