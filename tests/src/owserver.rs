//! A real owserver (Debian package `owserver`), as a child process for one test.

use std::ffi::OsString;
use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::process::{target_dir, wait};

/// The devices on the simulated bus with which the vectors were captured.
pub const VECTOR_DEVICES: &str = "10,28,26,05,20,29,12,1D,2D,1F,01,04,24,FF,3A,21,EF,99,DD";

/// How long an owserver may take to answer after its start.
const DEADLINE: Duration = Duration::from_secs(20);

/// How many ports are tried if it ends immediately.
const ATTEMPTS: u32 = 5;

/// The pause between two checks.
const PAUSE: Duration = Duration::from_millis(2);

/// A running owserver. Dropping it kills it.
///
/// ```no_run
/// use owproto_tests::owserver::Owserver;
/// use owproto_tests::tools::Tool;
///
/// let server = Owserver::builder().tester("10,28").pingcrazy().start();
/// let listing = Tool::Owdir.output(server.address(), ["/"]);
/// assert!(listing.starts_with(b"/10.000010EF0000\n"));
/// ```
#[derive(Debug)]
pub struct Owserver {
    builder: Builder,
    address: SocketAddr,
    child: Child,
    log: PathBuf,
}

/// The options of an owserver that is to be started.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    args: Vec<OsString>,
}

impl Owserver {
    /// The options of an owserver without a bus.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens: a port on the loopback interface.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process id. It stays the same until the server is killed.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_none()
    }

    /// What it wrote to standard output and standard error.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read(&self.log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// Kills it (SIGKILL). Its connections end, and it no longer listens.
    pub fn kill(&mut self) {
        // It is an error if the server has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Kills it if it runs, and starts it again on the same port with the same options.
    ///
    /// # Panics
    ///
    /// If another program has taken the port.
    pub fn restart(&mut self) {
        self.kill();
        let deadline = Instant::now() + DEADLINE;
        loop {
            self.child = self.builder.spawn(self.address, &self.log);
            match wait_until_ready(&mut self.child, self.address, deadline) {
                Ready::Yes => return,
                Ready::Ended if Instant::now() < deadline => thread::sleep(PAUSE),
                Ready::Ended | Ready::No => self.give_up("was not ready again in time"),
            }
        }
    }

    /// As [`restart`](Self::restart), with other options.
    ///
    /// # Panics
    ///
    /// As [`restart`](Self::restart).
    pub fn restart_with(&mut self, builder: Builder) {
        self.builder = builder;
        self.restart();
    }

    /// Stops the process (SIGSTOP): connections stay open, the kernel accepts new ones, but nothing is answered.
    ///
    /// # Panics
    ///
    /// If it does not run.
    #[cfg(unix)]
    pub fn pause(&mut self) {
        use rustix::process::{Signal, WaitId, WaitIdOptions, waitid};
        self.signal(Signal::STOP);
        // The process stops only after `kill` returns. NOWAIT lets `Child` reap it if it has ended.
        let options = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        let status = waitid(WaitId::Pid(self.rustix_pid()), options).expect("a child can be waited for");
        assert!(status.is_some_and(|status| status.stopped()), "owserver ended instead of stopping");
    }

    /// Continues the process after [`pause`](Self::pause) (SIGCONT).
    ///
    /// # Panics
    ///
    /// If it does not run.
    #[cfg(unix)]
    pub fn resume(&mut self) {
        self.signal(rustix::process::Signal::CONT);
    }

    #[cfg(unix)]
    fn signal(&mut self, signal: rustix::process::Signal) {
        assert!(self.is_running(), "owserver does not run: {}", self.log());
        rustix::process::kill_process(self.rustix_pid(), signal).expect("a child can be signalled");
    }

    #[cfg(unix)]
    fn rustix_pid(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    fn give_up(&self, what: &str) -> ! {
        panic!("owserver {:?} on {} {what}; its log: {}", self.builder.args, self.address, self.log())
    }
}

impl Drop for Owserver {
    fn drop(&mut self) {
        self.kill();
        if thread::panicking() {
            eprintln!("the log of owserver {:?} on {}: {}", self.builder.args, self.address, self.log());
        }
    }
}

impl Builder {
    /// Adds a bus of simulated devices with computed values, one for each family code of a list separated by commas.
    #[must_use]
    pub fn tester(self, families: &str) -> Self {
        self.arg(format!("--tester={families}"))
    }

    /// Adds a bus of simulated devices with random addresses and values.
    #[must_use]
    pub fn fake(self, families: &str) -> Self {
        self.arg(format!("--fake={families}"))
    }

    /// Adds a bus of simulated devices that keep what is written to them.
    #[must_use]
    pub fn mock(self, families: &str) -> Self {
        self.arg(format!("--mock={families}"))
    }

    /// Adds another owserver as a bus.
    #[must_use]
    pub fn behind(self, server: SocketAddr) -> Self {
        self.arg("-s").arg(server.to_string())
    }

    /// Sends a keepalive before every reply.
    #[must_use]
    pub fn pingcrazy(self) -> Self {
        self.arg("--pingcrazy")
    }

    /// Refuses DIRALL and DIRALLSLASH with −42.
    #[must_use]
    pub fn no_dirall(self) -> Self {
        self.arg("--no_dirall")
    }

    /// Refuses GET and GETSLASH with −42.
    #[must_use]
    pub fn no_get(self) -> Self {
        self.arg("--no_get")
    }

    /// Never grants persistence.
    #[must_use]
    pub fn no_persistence(self) -> Self {
        self.arg("--no_persistence")
    }

    /// Refuses all writes.
    #[must_use]
    pub fn readonly(self) -> Self {
        self.arg("--readonly")
    }

    /// The low idle timeout in seconds, for a server with many persistent connections.
    #[must_use]
    pub fn timeout_persistent_low(self, seconds: u32) -> Self {
        self.arg(format!("--timeout_persistent_low={seconds}"))
    }

    /// The high idle timeout in seconds, for all persistent connections.
    #[must_use]
    pub fn timeout_persistent_high(self, seconds: u32) -> Self {
        self.arg(format!("--timeout_persistent_high={seconds}"))
    }

    /// The number of persistent connections above which the low idle timeout counts.
    #[must_use]
    pub fn clients_persistent_low(self, clients: u32) -> Self {
        self.arg(format!("--clients_persistent_low={clients}"))
    }

    /// The most persistent connections.
    #[must_use]
    pub fn clients_persistent_high(self, clients: u32) -> Self {
        self.arg(format!("--clients_persistent_high={clients}"))
    }

    /// Adds another argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Starts it and waits until it answers.
    ///
    /// # Panics
    ///
    /// If it is not installed or does not answer in time.
    #[must_use]
    pub fn start(self) -> Owserver {
        let deadline = Instant::now() + DEADLINE;
        let mut attempts = ATTEMPTS;
        loop {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
            let log = log_file(address.port());
            let child = self.spawn(address, &log);
            let mut server = Owserver { builder: self.clone(), address, child, log };
            attempts -= 1;
            match wait_until_ready(&mut server.child, address, deadline) {
                Ready::Yes => return server,
                // Another program has taken the port, or the options are wrong.
                Ready::Ended if attempts > 0 => {}
                Ready::Ended => server.give_up("ends immediately"),
                Ready::No => server.give_up("does not answer"),
            }
        }
    }

    fn spawn(&self, address: SocketAddr, log: &Path) -> Child {
        let open = || File::options().create(true).append(true).open(log);
        let file = |file: io::Result<File>| file.unwrap_or_else(|error| panic!("{}: {error}", log.display()));
        Command::new("owserver")
            .args(["--foreground", "--nozero", "-p"])
            .arg(address.to_string())
            .args(&self.args)
            .env("TZ", "UTC")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(file(open()))
            .stderr(file(open()))
            .spawn()
            .unwrap_or_else(|error| panic!("owserver cannot be started (package owserver): {error}"))
    }
}

/// A port on the loopback interface on which nothing listens.
///
/// It is below the range from which systems take the ports of outgoing connections, so that no connection takes it while a
/// server restarts.
///
/// # Panics
///
/// If there is none.
#[must_use]
pub fn free_port() -> u16 {
    const FIRST: u32 = 10_000;
    const COUNT: u32 = 22_000;
    static NEXT: AtomicU32 = AtomicU32::new(0);
    // Test programs that run concurrently begin at different ports.
    let start = process::id().wrapping_mul(631);
    for _ in 0..COUNT {
        let number = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(FIRST + number % COUNT).expect("the range ends below 65536");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free");
}

enum Ready {
    Yes,
    No,
    Ended,
}

fn wait_until_ready(child: &mut Child, address: SocketAddr, deadline: Instant) -> Ready {
    loop {
        let answer = exchange_nop(address);
        if wait(child, Duration::ZERO).is_some() {
            return Ready::Ended;
        }
        if answer.is_ok() && listens(child.id(), address.port()) {
            return Ready::Yes;
        }
        if Instant::now() >= deadline {
            return Ready::No;
        }
        thread::sleep(PAUSE);
    }
}

/// Sends a NOP and waits for the reply.
fn exchange_nop(address: SocketAddr) -> io::Result<()> {
    const NOP: [u8; 24] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let limit = Duration::from_secs(2);
    let mut stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.write_all(&NOP)?;
    loop {
        let mut header = [0; 24];
        stream.read_exact(&mut header)?;
        let is_keepalive = header[4] & 0x80 != 0;
        if !is_keepalive {
            return if header[8..12] == [0; 4] { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) };
        }
    }
}

/// Whether the socket that listens on `port` belongs to the process `pid`.
///
/// On a system without `/proc`, it is assumed to.
fn listens(pid: u32, port: u16) -> bool {
    const LISTEN: &str = "0A";
    let (Ok(sockets), Ok(files)) =
        (fs::read_to_string("/proc/net/tcp"), fs::read_dir(format!("/proc/{pid}/fd")))
    else {
        return true;
    };
    let local = format!("{:08X}:{port:04X}", u32::from(Ipv4Addr::LOCALHOST).swap_bytes());
    let inode = sockets.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let found = *fields.get(1)? == local && *fields.get(3)? == LISTEN;
        found.then(|| format!("socket:[{}]", fields.get(9).unwrap_or(&"")))
    });
    let Some(inode) = inode else { return false };
    files
        .flatten()
        .any(|file| fs::read_link(file.path()).is_ok_and(|target| target.as_os_str() == inode.as_str()))
}

/// The file for the output of an owserver, in the build directory.
fn log_file(port: impl Display) -> PathBuf {
    let folder = target_dir().join("owserver");
    fs::create_dir_all(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let path = folder.join(format!("{}-{port}.log", process::id()));
    // It may be left over from a run with the same process id.
    let _ = fs::remove_file(&path);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_are_different_and_can_be_bound() {
        let (first, second) = (free_port(), free_port());
        assert_ne!(first, second);
        TcpListener::bind((Ipv4Addr::LOCALHOST, first)).unwrap();
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_listening_socket_is_found_by_process_and_port() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(listens(process::id(), port));
        let parent = std::os::unix::process::parent_id();
        assert!(!listens(parent, port));
        drop(listener);
        assert!(!listens(process::id(), port));
    }
}
