//! The bound: sockets and no more, with all that is known of the answer beforehand.

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use owproto_core::Request;
use owproto_core::wire::{Flags, HEADER_LEN};

/// A persistent connection, the bytes of a request, and room for the answer.
pub(crate) struct Raw {
    server: SocketAddr,
    socket: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
    acknowledges: bool,
}

/// The bytes of a request, so many times.
fn encode(request: &Request<'_>, times: usize) -> Vec<u8> {
    let mut bytes = vec![0; request.encoded_len()];
    request.encode(&mut bytes).expect("there is room for it");
    bytes.repeat(times)
}

fn connect(server: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(server).expect("the server takes connections");
    socket.set_nodelay(true).expect("it is a TCP socket");
    socket
}

fn word(bytes: &[u8], at: usize) -> usize {
    let word = bytes[at..at + 4].try_into().expect("it has four bytes");
    usize::try_from(i32::from_be_bytes(word)).expect("the server says yes")
}

impl Raw {
    /// `request` is sent so many times together.
    pub(crate) fn new(server: SocketAddr, request: &Request<'_>, together: usize) -> Self {
        let request = encode(&request.with_flags(Flags::PERSISTENCE), together);
        Self { server, socket: connect(server), request, answer: vec![0; 65_536], acknowledges: false }
    }

    /// With acknowledgements at once, without which owserver waits 40 ms within a listing by DIR.
    pub(crate) fn acknowledging(mut self) -> Self {
        self.acknowledges = true;
        self
    }

    fn acknowledge(&self) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if self.acknowledges {
            socket2::SockRef::from(&self.socket).set_tcp_quickack(true).expect("it is a TCP socket");
        }
    }

    /// Sends and reads an answer of which the length is known.
    pub(crate) fn exchange(&mut self, answer_len: usize) {
        self.socket.write_all(&self.request).expect("the server reads");
        self.socket.read_exact(&mut self.answer[..answer_len]).expect("the server answers");
        black_box(&self.answer[..answer_len]);
    }

    /// As many bytes as the answer has when it is the only one: for [`exchange`](Self::exchange).
    pub(crate) fn answer_len(&mut self) -> usize {
        self.socket.write_all(&self.request).expect("the server reads");
        let have = self.read_up_to(0, HEADER_LEN);
        let len = HEADER_LEN + word(&self.answer, 4);
        self.read_up_to(have, len)
    }

    /// A request without persistence, over a connection of its own.
    pub(crate) fn exchange_alone(&mut self, request: &[u8], answer_len: usize) {
        let mut socket = connect(self.server);
        socket.write_all(request).expect("the server reads");
        socket.read_exact(&mut self.answer[..answer_len]).expect("the server answers");
        black_box(&self.answer[..answer_len]);
    }

    fn read_up_to(&mut self, mut have: usize, len: usize) -> usize {
        if self.answer.len() < len {
            self.answer.resize(len, 0);
        }
        while have < len {
            have += self.read_more(have);
        }
        have
    }

    fn read_more(&mut self, have: usize) -> usize {
        let n = self.socket.read(&mut self.answer[have..]).expect("the server answers");
        assert!(n > 0, "the server has closed");
        n
    }

    /// The entries of a comma list, as slices.
    pub(crate) fn dirall(&mut self) -> u32 {
        self.socket.write_all(&self.request).expect("the server reads");
        let have = self.read_up_to(0, HEADER_LEN);
        let len = HEADER_LEN + word(&self.answer, 4);
        self.read_up_to(have, len);
        let mut count = 0;
        for entry in self.answer[HEADER_LEN..len].split(|&byte| byte == b',') {
            black_box(entry);
            count += 1;
        }
        count
    }

    /// The entries of a listing by DIR, as slices; only what is cut in two is moved.
    pub(crate) fn dir(&mut self) -> u32 {
        self.socket.write_all(&self.request).expect("the server reads");
        let (mut count, mut have) = (0, 0);
        loop {
            self.acknowledge();
            have += self.read_more(have);
            let mut at = 0;
            while at + HEADER_LEN <= have {
                let end = at + HEADER_LEN + word(&self.answer, at + 4);
                if end > have {
                    break;
                }
                if end == at + HEADER_LEN {
                    return count;
                }
                black_box(&self.answer[at + HEADER_LEN..end - 1]);
                count += 1;
                at = end;
            }
            self.answer.copy_within(at..have, 0);
            have -= at;
        }
    }
}

/// The bytes of a request without persistence.
pub(crate) fn alone(request: &Request<'_>) -> Vec<u8> {
    encode(request, 1)
}
