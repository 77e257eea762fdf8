//! The clients: a process that sends requests on many connections, one after the other or on several concurrently.

use std::io::{BufRead, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::role::Process;

/// What the clients send and receive.
#[derive(Clone)]
pub(crate) struct Load {
    /// What is sent in one write on a connection: one request or several.
    pub(crate) batch: Vec<u8>,
    /// The length of all answers to it.
    pub(crate) reply_len: usize,
    pub(crate) connections: usize,
    /// The number of connections on which it is sent before an answer is read.
    pub(crate) concurrent: usize,
    /// Whether answers are acknowledged immediately (TCP_QUICKACK). owserver sends a listing, or several answers, in several
    /// writes, and would wait 40 ms between them.
    pub(crate) acknowledges: bool,
}

impl Load {
    /// Starts the clients as a process. When this returns, they have received an answer on each connection.
    pub(crate) fn start(&self, server: SocketAddr) -> Process {
        let Self { batch, reply_len, connections, concurrent, acknowledges } = self;
        let bytes = batch.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let acknowledges = u8::from(*acknowledges);
        let mut process = Process::start(&format!(
            "load {server} {reply_len} {connections} {concurrent} {acknowledges} {bytes}"
        ));
        assert_eq!(process.line(), "ready");
        process
    }

    /// Runs that process: for each number on its standard input it makes that number of exchanges, and prints how many
    /// nanoseconds they took.
    pub(crate) fn run(arguments: &[&str]) {
        let [server, reply_len, connections, concurrent, acknowledges, bytes] = arguments else {
            panic!("{arguments:?}")
        };
        let number = |text: &str| text.parse::<usize>().expect("it is a number");
        let byte = |at| u8::from_str_radix(&bytes[at..at + 2], 16).expect("it is a byte");
        let load = Self {
            batch: (0..bytes.len()).step_by(2).map(byte).collect(),
            reply_len: number(reply_len),
            connections: number(connections),
            concurrent: number(concurrent),
            acknowledges: number(acknowledges) > 0,
        };
        let _ = owproto_tests::file_limit::raise();
        let server: SocketAddr = server.parse().expect("it is an address");
        let mut sockets: Vec<_> = (0..load.connections)
            .map(|_| {
                let mut socket = connect(server);
                load.send(&mut socket);
                load.receive(&mut socket, &mut vec![0; load.reply_len]);
                socket
            })
            .collect();
        println!("ready");
        let mut answer = vec![0; load.reply_len];
        let mut next = 0;
        for line in std::io::stdin().lock().lines() {
            let count = number(&line.expect("it is text"));
            let start = Instant::now();
            let mut left = count;
            while left > 0 {
                let batch = load.concurrent.min(left);
                // The connections are used in a circle.
                for at in 0..batch {
                    load.send(&mut sockets[(next + at) % load.connections]);
                }
                for at in 0..batch {
                    load.receive(&mut sockets[(next + at) % load.connections], &mut answer);
                }
                next = (next + batch) % load.connections;
                left -= batch;
            }
            println!("{}", start.elapsed().as_nanos());
        }
    }

    fn send(&self, socket: &mut TcpStream) {
        socket.write_all(&self.batch).expect("the server reads");
    }

    fn receive(&self, socket: &mut TcpStream, answer: &mut [u8]) {
        let mut have = 0;
        while have < self.reply_len {
            if self.acknowledges {
                socket2::SockRef::from(&*socket).set_tcp_quickack(true).expect("it is a TCP socket");
            }
            let n = socket.read(&mut answer[have..]).expect("the server answers");
            assert!(n > 0, "the server closed the connection");
            have += n;
        }
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server accepts connections");
    stream.set_nodelay(true).expect("it is a TCP socket");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("it is a TCP socket");
    stream
}
