//! The processes of the benchmark: this program again, with a role.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use allocation_counter::measure;
use owproto_core::tree::{Tree, tester::Tester};
use owproto_std::server::{PersistentLimits, Server};

use super::{FAMILIES, bare, load::Load};

/// The environment variable with the role of a process.
const ROLE: &str = "OWPROTO_BENCH_ROLE";

/// A process with a role. Dropping it kills the process.
pub(crate) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(role: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program has a path"))
            .env(ROLE, role)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let output = BufReader::new(child.stdout.take().expect("it is piped"));
        Self { input: child.stdin.take(), output, child }
    }

    /// The next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it prints text");
        line.trim_end().to_owned()
    }

    /// Sends it a number, and returns the number that it prints.
    pub(crate) fn call(&mut self, number: u64) -> u64 {
        let input = self.input.as_mut().expect("it is open");
        writeln!(input, "{number}").expect("it reads");
        self.line().parse().expect("it prints a number")
    }

    /// Ends its input, and returns the number that it prints then.
    pub(crate) fn end(mut self) -> u64 {
        self.input = None;
        self.line().parse().expect("it prints a number")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its resident memory in bytes.
    pub(crate) fn resident(&self) -> u64 {
        resident(self.pid())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The resident memory of a process in bytes.
pub(crate) fn resident(process: u32) -> u64 {
    let statm = std::fs::read_to_string(format!("/proc/{process}/statm")).expect("it runs");
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok());
    pages.expect("the second word is a number") * 4096
}

/// Starts a server as a process.
pub(crate) fn server(role: &str) -> (Process, SocketAddr) {
    let mut process = Process::start(role);
    let address = process.line().parse().expect("it prints its address");
    (process, address)
}

/// Runs the role of this process. False if it has none.
pub(crate) fn run() -> bool {
    let Ok(role) = std::env::var(ROLE) else { return false };
    let words: Vec<&str> = role.split(' ').collect();
    let _ = owproto_tests::file_limit::raise();
    match words[..] {
        ["bare", request_len, reply_len] => {
            let number = |text: &str| text.parse().expect("it is a number");
            bare::serve(number(request_len), number(reply_len), |address| println!("{address}"));
        }
        ["ours", connections] => ours(connections.parse().expect("it is a number")),
        ["load", ref arguments @ ..] => Load::run(arguments),
        _ => panic!("{role}"),
    }
    true
}

/// Runs our server with one thread for at most `connections`, until standard input ends. Then it prints the bytes of heap in
/// use.
fn ours(connections: usize) {
    let heap = measure(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("it starts");
        let server = runtime.block_on(async {
            let limits = PersistentLimits::new(connections, connections);
            let builder = Server::builder().port(0).max_connections(connections).persistent_limits(limits);
            let server = builder.start(Tree::new(Tester::new(&FAMILIES))).await.expect("a port is free");
            println!("{}", server.local_addr());
            let (ended, end) = tokio::sync::oneshot::channel();
            std::thread::spawn(move || {
                let _ = std::io::stdin().read(&mut [0]);
                let _ = ended.send(());
            });
            let _ = end.await;
            server
        });
        // So that its memory counts.
        std::mem::forget((runtime, server));
    });
    println!("{}", heap.bytes_current);
}
