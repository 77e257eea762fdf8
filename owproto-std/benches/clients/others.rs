//! Other people's clients, each as a child process that is told what to do and how often.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A client that waits for lines of the form `MODE PATH COUNT` and answers each when it has done it.
pub(crate) struct Other {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Other {
    fn start(command: &mut Command) -> Option<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let orders = child.stdin.take()?;
        let answers = BufReader::new(child.stdout.take()?);
        let mut other = Self { child, orders, answers };
        other.order("hello", "/", 0).then_some(other)
    }

    /// Whether it was done.
    fn order(&mut self, mode: &str, path: &str, count: u32) -> bool {
        let mut answer = String::new();
        writeln!(self.orders, "{mode} {path} {count}").is_ok()
            && self.answers.read_line(&mut answer).is_ok()
            && answer.trim() == "done"
    }

    /// Whether it can do that; if not, that is said.
    pub(crate) fn can(&mut self, name: &str, mode: &str, path: &str) -> bool {
        let can = self.order(mode, path, 1);
        if !can {
            println!("{name} fails in {mode} of {path}, and is left out");
        }
        can
    }

    /// Has it call so many times.
    pub(crate) fn call(&mut self, mode: &str, path: &str, count: u32) {
        assert!(self.order(mode, path, count), "the other client has failed in {mode} {path}");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn loudly_missing(what: &str, why: &str) {
    println!("!!!!!!!! {what} is not here ({why}): THE COMPARISON WITH IT DID NOT RUN");
}

/// libownet, the C library of OWFS, by a small program that is compiled here.
pub(crate) fn libownet(server: SocketAddr) -> Option<Other> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (source, program) = (folder.join("libownet.c"), folder.join("libownet"));
    fs::write(&source, include_str!("libownet.c")).expect("the build directory can be written to");
    let compiled = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()))
        .args(["-O2", "-o"])
        .args([&program, &source])
        .arg("-lownet")
        .stderr(Stdio::null())
        .status();
    if !compiled.is_ok_and(|status| status.success()) {
        loudly_missing("libownet", "a C compiler and Debian's libownet-dev are needed");
        return None;
    }
    let other = Other::start(Command::new(program).arg(server.to_string()));
    if other.is_none() {
        loudly_missing("libownet", "its program failed");
    }
    other
}

/// pyownet, in the interpreter that `PYTHON` names, `python3` otherwise.
pub(crate) fn pyownet(server: SocketAddr) -> Option<Other> {
    let python = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    command.args(["-c", include_str!("pyownet_calls.py")]);
    command.args([server.ip().to_string(), server.port().to_string()]).stderr(Stdio::null());
    let other = Other::start(&mut command);
    if other.is_none() {
        loudly_missing("pyownet", "set PYTHON to an interpreter that can import it");
    }
    other
}

/// Whether `owread` of ow-shell is installed.
pub(crate) fn has_owread() -> bool {
    let is_here = Command::new("owread").arg("--version").output().is_ok();
    if !is_here {
        loudly_missing("owread", "Debian's ow-shell is needed");
    }
    is_here
}

/// One call of `owread`: a process and a connection.
pub(crate) fn owread(server: SocketAddr, path: &str) {
    let output = Command::new("owread").args(["-s", &server.to_string(), path]).output();
    assert!(output.is_ok_and(|output| output.status.success()), "owread has failed");
}
