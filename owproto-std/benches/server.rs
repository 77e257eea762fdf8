//! Our server beside the real owserver and beside a bare echo, which reads as many bytes as a request has and writes
//! the bytes of its answer without looking at anything: what the sockets alone cost.
//!
//! `cargo bench -p owproto-std --features server,sim --bench server [-- SECONDS]`
//!
//! All three get the same bytes from the same client, in turns, and the median of the rounds counts. The real one is
//! left out, loudly, where it is not installed.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use owproto_std::core::wire::Flags;
use owproto_std::core::{Request, RequestError};
use owproto_std::sim;
use owproto_tests::owserver::Owserver;

const DEVICES: &str = "10,28,26,05,20,29,12,1D,2D,1F,01,04,24,FF,3A,21,EF,99,DD,28";
const ROUNDS: usize = 7;

/// What is measured: a name, a request, how many requests are sent together, and how many connections there are.
struct Case {
    name: &'static str,
    request: Vec<u8>,
    together: usize,
    connections: usize,
}

impl Case {
    fn new(name: &'static str, request: Result<Request<'_>, RequestError>) -> Self {
        let request = request.unwrap().with_flags(Flags::PERSISTENCE);
        let mut buffer = vec![0; request.encoded_len()];
        let request = request.encode(&mut buffer).unwrap().to_vec();
        Self { name, request, together: 1, connections: 1 }
    }
}

fn main() {
    let seconds = std::env::args().skip(1).find_map(|argument| argument.parse::<f64>().ok()).unwrap_or(0.3);
    let ours = sim::Server::start(format!("tester:{DEVICES}").parse().unwrap()).unwrap();
    let is_installed = Command::new("owserver").arg("--version").output().is_ok();
    let real = is_installed.then(|| Owserver::builder().tester(DEVICES).start());
    if real.is_none() {
        println!("!!!!!!!! owserver is not installed: THE COMPARISON WITH THE REAL ONE DID NOT RUN");
    }
    let read = || Request::read("/28.000028D70100/temperature");
    let cases = [
        Case::new("NOP", Ok(Request::nop())),
        Case::new("READ", read()),
        Case { connections: 8, ..Case::new("READ, 8 clients", read()) },
        Case { together: 16, ..Case::new("READ, 16 together", read()) },
        Case::new("DIRALL of 20", Request::dirall("/")),
        Case::new("DIR of 20", Request::dir("/")),
        Case::new("DIRALL of a DS2438", Request::dirall("/26.000026D90200")),
    ];
    println!("requests a second, {ROUNDS} rounds of {seconds} s in turns: the median (slowest..fastest)");
    println!(
        "{:18} {:>23} {:>23} {:>23} {:>10} {:>13}",
        "", "echo", "ours", "owserver", "ours/echo", "ours/owserver"
    );
    for case in &cases {
        let reply_len = reply_len(ours.address(), case);
        let echo = echo(case.request.len() * case.together, reply_len);
        let servers = [Some(echo), Some(ours.address()), real.as_ref().map(Owserver::address)];
        let mut rates = [const { Vec::new() }; 3];
        for _ in 0..ROUNDS {
            for (rates, address) in rates.iter_mut().zip(servers) {
                rates.extend(address.map(|address| rate(address, case, reply_len, seconds)));
            }
        }
        rates.iter_mut().for_each(|rates| rates.sort_by(f64::total_cmp));
        let median = |n: usize| rates[n].get(ROUNDS / 2).copied();
        let shown = |n: usize| match median(n) {
            Some(median) => format!("{median:.0} ({:.0}..{:.0})", rates[n][0], rates[n][ROUNDS - 1]),
            None => "-".to_owned(),
        };
        let ratio = |n| match (median(1), median(n)) {
            (Some(ours), Some(other)) => format!("{:.2}", ours / other),
            _ => "-".to_owned(),
        };
        println!(
            "{:18} {:>23} {:>23} {:>23} {:>10} {:>13}",
            case.name,
            shown(0),
            shown(1),
            shown(2),
            ratio(0),
            ratio(2)
        );
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// Bytes of all answers to what is sent together.
fn reply_len(server: SocketAddr, case: &Case) -> usize {
    let mut stream = connect(server);
    stream.write_all(&case.request.repeat(case.together)).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    let mut len = 0;
    let mut buffer = [0; 65_536];
    while let Ok(n) = stream.read(&mut buffer) {
        len += n;
    }
    len
}

/// Requests a second.
fn rate(address: SocketAddr, case: &Case, reply_len: usize, seconds: f64) -> f64 {
    let batch = case.request.repeat(case.together);
    let run = || {
        let mut stream = connect(address);
        let mut reply = vec![0; reply_len];
        let mut exchange = || {
            stream.write_all(&batch).unwrap();
            let mut received = 0;
            while received < reply_len {
                // Without this the real server waits 40 ms within a listing, for an acknowledgement.
                #[cfg(target_os = "linux")]
                if case.name.starts_with("DIR ") {
                    socket2::SockRef::from(&stream).set_tcp_quickack(true).unwrap();
                }
                let n = stream.read(&mut reply[received..]).unwrap();
                assert!(n > 0, "the server has closed");
                received += n;
            }
        };
        (0..20).for_each(|_| exchange());
        let start = Instant::now();
        let mut exchanges = 0u32;
        while start.elapsed().as_secs_f64() < seconds {
            exchange();
            exchanges += 1;
        }
        f64::from(exchanges) * case.together as f64 / start.elapsed().as_secs_f64()
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..case.connections).map(|_| scope.spawn(run)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).sum()
    })
}

/// A server that knows no more than two lengths; a thread for each connection.
fn echo(request_len: usize, reply_len: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            stream.set_nodelay(true).unwrap();
            thread::spawn(move || {
                let (mut request, reply) = (vec![0; request_len], vec![0; reply_len]);
                while stream.read_exact(&mut request).is_ok() && stream.write_all(&reply).is_ok() {}
            });
        }
    });
    address
}
