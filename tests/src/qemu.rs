//! The firmware in QEMU, as a child process for one test.
//!
//! `tests/run.sh firmware` builds it, with `owproto-embedded/firmware/build.sh`. The variable `QEMU_SYSTEM_ARM` has the path of
//! the emulator; the default is `qemu-system-arm`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::owserver::free_port;
use crate::process::{target_dir, wait};

/// The longest time for anything without a limit of its own, on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// How many ports are tried if QEMU ends immediately.
const ATTEMPTS: u32 = 5;

/// The host's loopback interface, as the guest sees it.
pub const HOST: Ipv4Addr = Ipv4Addr::new(10, 0, 2, 2);

/// The port of owservers.
const PORT: u16 = 4304;

/// A board that runs a program. Dropping it switches it off.
#[derive(Debug)]
pub struct Board {
    child: Child,
    lines: Arc<Lines>,
    address: Option<SocketAddr>,
    /// Where QEMU accepts commands.
    control: SocketAddr,
}

/// A board that is to be switched on, and its program.
#[derive(Clone, Debug)]
pub struct Builder {
    program: &'static str,
    kind: &'static str,
    args: Vec<String>,
    qemu_args: Vec<OsString>,
    listens: bool,
    /// A port of the host whose datagrams go to the board.
    udp: Option<u16>,
    /// The server to which port 4304 of the network's router forwards, for a program without an argument for its address.
    server: Option<SocketAddr>,
}

#[derive(Debug, Default)]
struct Lines {
    output: Mutex<Output>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Output {
    lines: Vec<String>,
    open_pipes: usize,
}

impl Board {
    /// A board with the client, which connects to the owserver at this port of the host.
    #[must_use]
    pub fn client(server: SocketAddr) -> Builder {
        Builder::new("client").arg(format!("{HOST}:{}", server.port()))
    }

    /// A board with the gateway, which listens at a port of the host.
    #[must_use]
    pub fn gateway() -> Builder {
        Builder { listens: true, ..Builder::new("gateway") }
    }

    /// Where it listens on the host.
    ///
    /// # Panics
    ///
    /// If it does not listen.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address.expect("this program does not listen")
    }

    /// Reads `len` bytes of the board's memory from `address` on, while it runs.
    ///
    /// # Panics
    ///
    /// If QEMU does not execute the command.
    #[must_use]
    pub fn memory(&self, address: u64, len: u64) -> Vec<u8> {
        let file = target_dir().join("firmware").join(format!("memory.{}", self.pid()));
        let stream = TcpStream::connect(self.control).expect("QEMU accepts commands");
        stream.set_read_timeout(Some(DEADLINE)).expect("a socket can have a timeout");
        let mut replies = BufReader::new(&stream).lines();
        let name = serde_json::to_string(&file).expect("the path of the build directory is text");
        let commands = [
            r#"{"execute": "qmp_capabilities"}"#.to_owned(),
            format!(
                r#"{{"execute": "pmemsave", "arguments": {{"val": {address}, "size": {len}, "filename": {name}}}}}"#
            ),
        ];
        for command in commands {
            (&stream).write_all(command.as_bytes()).expect("QEMU accepts commands");
            // A greeting and events may precede the answer.
            let reply = replies.find_map(|line| {
                line.ok().filter(|line| line.contains(r#""return""#) || line.contains(r#""error""#))
            });
            assert!(reply.as_ref().is_some_and(|reply| reply.contains("return")), "{command}: {reply:?}");
        }
        let memory = fs::read(&file).expect("QEMU has written it");
        let _ = fs::remove_file(&file);
        memory
    }

    /// The processor time that QEMU has used.
    ///
    /// # Panics
    ///
    /// If it has ended.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn processor_time(&self) -> Duration {
        let path = format!("/proc/{}/stat", self.pid());
        let text = fs::read_to_string(path).expect("a process that runs has this file");
        // The 14th and 15th field, in hundredths of a second. The name before them may contain anything.
        let numbers = text.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
        let hundredths: u64 = numbers.map(|number| number.parse::<u64>().expect("it is a number")).sum();
        Duration::from_millis(hundredths * 10)
    }

    /// The process id of QEMU.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything it has printed.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().lines.clone()
    }

    /// Waits for a line for which `is_it` is true, after the first `skip` lines. Returns it, and the number of lines up to it.
    ///
    /// # Panics
    ///
    /// If there is none in time.
    pub fn wait_for(&self, skip: usize, mut is_it: impl FnMut(&str) -> bool) -> (String, usize) {
        let deadline = Instant::now() + DEADLINE;
        let mut output = self.lines.lock();
        loop {
            let found = output.lines.iter().enumerate().skip(skip).find(|(_, line)| is_it(line));
            if let Some((number, line)) = found {
                return (line.clone(), number + 1);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero() && output.open_pipes > 0, "the line is missing: {:?}", &output.lines);
            output = self.lines.changed.wait_timeout(output, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for the end. Returns the exit status and all lines.
    ///
    /// # Panics
    ///
    /// If it does not end.
    pub fn finish(mut self) -> (Option<i32>, Vec<String>) {
        let status = wait(&mut self.child, DEADLINE);
        let output = self.lines.lock();
        let output = self.lines.changed.wait_timeout_while(output, DEADLINE, |output| output.open_pipes > 0);
        let lines = output.unwrap_or_else(PoisonError::into_inner).0.lines.clone();
        let Some(status) = status else { panic!("the program does not end: {lines:?}") };
        (status.code(), lines)
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        // It is an error if QEMU has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            eprintln!("the output of the board: {:#?}", self.lines());
        }
    }
}

impl Builder {
    fn new(program: &'static str) -> Self {
        Self {
            program,
            kind: "host",
            args: Vec::new(),
            qemu_args: Vec::new(),
            listens: false,
            udp: None,
            server: None,
        }
    }

    /// The program as it would be in a product: it takes no arguments and prints nothing. So only a request shows whether a
    /// gateway listens, and a client connects to port 4304 of the router, which forwards to `server` on the host.
    #[must_use]
    pub fn product(self, server: Option<SocketAddr>) -> Self {
        Self { kind: "product", args: Vec::new(), server, ..self }
    }

    /// Adds a word to the program's command line.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds an argument of QEMU itself.
    #[must_use]
    pub fn qemu_arg(mut self, arg: impl Into<OsString>) -> Self {
        self.qemu_args.push(arg.into());
        self
    }

    /// Forwards datagrams to this port of the host's loopback interface to the board, which does not use them.
    #[must_use]
    pub fn forward_udp(mut self, port: u16) -> Self {
        self.udp = Some(port);
        self
    }

    /// Switches it on, without waiting for its program.
    ///
    /// # Panics
    ///
    /// If QEMU or the program is missing.
    #[must_use]
    pub fn start_without_waiting(self) -> Board {
        self.spawn(self.listens.then(free_port))
    }

    /// Switches it on. A gateway listens when this returns.
    ///
    /// # Panics
    ///
    /// If QEMU or the program is missing, or the program does not start.
    #[must_use]
    pub fn start(self) -> Board {
        for _ in 0..ATTEMPTS {
            let port = self.listens.then(free_port);
            let board = self.spawn(port);
            if !self.listens {
                return board;
            }
            // QEMU ends immediately if another program has taken the port.
            let deadline = Instant::now() + DEADLINE;
            let mut output = board.lines.lock();
            while output.open_pipes > 0 && Instant::now() < deadline {
                if output.lines.iter().any(|line| line.starts_with("listening")) {
                    drop(output);
                    return board;
                }
                let waited = board.lines.changed.wait_timeout(output, Duration::from_millis(100));
                output = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        panic!("{} does not start in QEMU", self.program);
    }

    fn spawn(&self, port: Option<u16>) -> Board {
        let qemu = env::var_os("QEMU_SYSTEM_ARM").unwrap_or_else(|| "qemu-system-arm".into());
        let tcp = port.map(|port| format!(",hostfwd=tcp:127.0.0.1:{port}-:{PORT}")).unwrap_or_default();
        let udp = self.udp.map(|port| format!(",hostfwd=udp:127.0.0.1:{port}-:{PORT}")).unwrap_or_default();
        // The router's address moves, so that the server can have its usual one.
        let server =
            self.server.map(|server| format!(",host=10.0.2.4,guestfwd=tcp:{HOST}:{PORT}-tcp:{server}"));
        let server = server.unwrap_or_default();
        let control = free_port();
        let args: String =
            [self.program.to_owned()].iter().chain(&self.args).map(|arg| format!(",arg={arg}")).collect();
        let mut child = Command::new(&qemu)
            .args(["-M", "mps2-an385", "-display", "none", "-nodefaults"])
            .args(["-nic", &format!("user{tcp}{udp}{server}")])
            .args(["-semihosting-config", &format!("enable=on,target=native{args}")])
            .args(["-qmp", &format!("tcp:127.0.0.1:{control},server=on,wait=off")])
            .args(&self.qemu_args)
            .arg("-kernel")
            .arg(program(self.kind, self.program))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", qemu.to_string_lossy()));
        let lines = Arc::new(Lines::default());
        lines.lock().open_pipes = 2;
        lines.follow(child.stdout.take().expect("standard output is a pipe"));
        lines.follow(child.stderr.take().expect("standard error is a pipe"));
        let address = |port| (Ipv4Addr::LOCALHOST, port).into();
        Board { child, lines, address: port.map(address), control: address(control) }
    }
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records lines until the pipe ends. A program would stop if its output were not read.
    fn follow(self: &Arc<Self>, pipe: impl Read + Send + 'static) {
        let lines = Arc::clone(self);
        thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n') {
                let Ok(line) = line else { break };
                lines.lock().lines.push(String::from_utf8_lossy(&line).into_owned());
                lines.changed.notify_all();
            }
            lines.lock().open_pipes -= 1;
            lines.changed.notify_all();
        });
    }
}

/// The path of a program of the firmware. `kind` is `host` for the program that prints, or `product`.
///
/// # Panics
///
/// If it was not built.
#[must_use]
pub fn program(kind: &str, name: &str) -> PathBuf {
    let path = target_dir().join("firmware").join(kind).join(name);
    assert!(path.is_file(), "{} does not exist: 'tests/run.sh firmware' makes it", path.display());
    path
}
