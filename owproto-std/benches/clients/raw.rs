//! The upper bound: plain sockets, with everything known about the reply in advance.

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use owproto_core::Request;
use owproto_core::wire::{Flags, HEADER_LEN};

/// A persistent connection, the bytes to send, and a buffer for the reply.
pub(crate) struct Raw {
    server: SocketAddr,
    socket: TcpStream,
    request: Vec<u8>,
    reply: Vec<u8>,
    acknowledges: bool,
}

/// The bytes of `times` equal requests.
fn encode(request: &Request<'_>, times: usize) -> Vec<u8> {
    let mut bytes = vec![0; request.encoded_len()];
    request.encode(&mut bytes).expect("the buffer has the length of the request");
    bytes.repeat(times)
}

fn connect(server: SocketAddr) -> TcpStream {
    let socket = TcpStream::connect(server).expect("the server accepts connections");
    socket.set_nodelay(true).expect("it is a TCP socket");
    socket
}

fn word(bytes: &[u8], at: usize) -> usize {
    let word = bytes[at..at + 4].try_into().expect("it has four bytes");
    usize::try_from(i32::from_be_bytes(word)).expect("the server returns no error")
}

impl Raw {
    /// Sends `together` equal requests with one write.
    pub(crate) fn new(server: SocketAddr, request: &Request<'_>, together: usize) -> Self {
        let request = encode(&request.with_flags(Flags::PERSISTENCE), together);
        Self { server, socket: connect(server), request, reply: vec![0; 65_536], acknowledges: false }
    }

    /// Acknowledges without delay. Otherwise owserver pauses for 40 ms within a listing by DIR.
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

    /// Sends, and reads a reply of known length.
    pub(crate) fn exchange(&mut self, reply_len: usize) {
        self.socket.write_all(&self.request).expect("the server reads");
        self.socket.read_exact(&mut self.reply[..reply_len]).expect("the server replies");
        black_box(&self.reply[..reply_len]);
    }

    /// The length of the reply to one request, for [`exchange`](Self::exchange).
    pub(crate) fn reply_len(&mut self) -> usize {
        self.socket.write_all(&self.request).expect("the server reads");
        let have = self.read_up_to(0, HEADER_LEN);
        let len = HEADER_LEN + word(&self.reply, 4);
        self.read_up_to(have, len)
    }

    /// Sends a request without persistence over a new connection.
    pub(crate) fn exchange_one_shot(&mut self, request: &[u8], reply_len: usize) {
        let mut socket = connect(self.server);
        socket.write_all(request).expect("the server reads");
        socket.read_exact(&mut self.reply[..reply_len]).expect("the server replies");
        black_box(&self.reply[..reply_len]);
    }

    fn read_up_to(&mut self, mut have: usize, len: usize) -> usize {
        if self.reply.len() < len {
            self.reply.resize(len, 0);
        }
        while have < len {
            have += self.read_more(have);
        }
        have
    }

    fn read_more(&mut self, have: usize) -> usize {
        let n = self.socket.read(&mut self.reply[have..]).expect("the server replies");
        assert!(n > 0, "the server closed the connection");
        n
    }

    /// The entries of a comma list, as slices.
    pub(crate) fn dirall(&mut self) -> u32 {
        self.socket.write_all(&self.request).expect("the server reads");
        let have = self.read_up_to(0, HEADER_LEN);
        let len = HEADER_LEN + word(&self.reply, 4);
        self.read_up_to(have, len);
        let mut count = 0;
        for entry in self.reply[HEADER_LEN..len].split(|&byte| byte == b',') {
            black_box(entry);
            count += 1;
        }
        count
    }

    /// The entries of a listing by DIR, as slices. Only an incomplete frame is moved.
    pub(crate) fn dir(&mut self) -> u32 {
        self.socket.write_all(&self.request).expect("the server reads");
        let (mut count, mut have) = (0, 0);
        loop {
            self.acknowledge();
            have += self.read_more(have);
            let mut at = 0;
            while at + HEADER_LEN <= have {
                let end = at + HEADER_LEN + word(&self.reply, at + 4);
                if end > have {
                    break;
                }
                if end == at + HEADER_LEN {
                    return count;
                }
                black_box(&self.reply[at + HEADER_LEN..end - 1]);
                count += 1;
                at = end;
            }
            self.reply.copy_within(at..have, 0);
            have -= at;
        }
    }
}

/// The bytes of a request without persistence.
pub(crate) fn one_shot(request: &Request<'_>) -> Vec<u8> {
    encode(request, 1)
}
