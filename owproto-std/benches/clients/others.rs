//! Clients of other projects, each in a child process that takes commands.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A client that reads lines of the form `MODE PATH COUNT` and prints a line after each.
pub(crate) struct Other {
    child: Child,
    commands: ChildStdin,
    replies: BufReader<ChildStdout>,
}

impl Other {
    fn start(command: &mut Command) -> Option<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let commands = child.stdin.take()?;
        let replies = BufReader::new(child.stdout.take()?);
        let mut other = Self { child, commands, replies };
        other.run("hello", "/", 0).then_some(other)
    }

    /// Runs a command. Returns whether it succeeded.
    fn run(&mut self, mode: &str, path: &str, count: u32) -> bool {
        let mut reply = String::new();
        writeln!(self.commands, "{mode} {path} {count}").is_ok()
            && self.replies.read_line(&mut reply).is_ok()
            && reply.trim() == "done"
    }

    /// Whether it supports a mode. If not, prints that.
    pub(crate) fn can(&mut self, name: &str, mode: &str, path: &str) -> bool {
        let can = self.run(mode, path, 1);
        if !can {
            println!("{name} fails in {mode} of {path} and is skipped");
        }
        can
    }

    /// Runs `count` calls.
    pub(crate) fn call(&mut self, mode: &str, path: &str, count: u32) {
        assert!(self.run(mode, path, count), "the other client has failed in {mode} {path}");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn print_missing(what: &str, why: &str) {
    println!("!!!!!!!! {what} is missing ({why}): THE COMPARISON WITH IT DID NOT RUN");
}

/// libownet, the C library of OWFS, in a small program that is compiled here.
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
        print_missing("libownet", "a C compiler and Debian's libownet-dev are needed");
        return None;
    }
    let other = Other::start(Command::new(program).arg(server.to_string()));
    if other.is_none() {
        print_missing("libownet", "its program failed");
    }
    other
}

/// pyownet, in the interpreter of the variable `PYTHON`; the default is `python3`.
pub(crate) fn pyownet(server: SocketAddr) -> Option<Other> {
    let python = env::var_os("PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    command.args(["-c", include_str!("pyownet_calls.py")]);
    command.args([server.ip().to_string(), server.port().to_string()]).stderr(Stdio::null());
    let other = Other::start(&mut command);
    if other.is_none() {
        print_missing("pyownet", "set PYTHON to an interpreter that can import it");
    }
    other
}

/// Whether `owread` of ow-shell is installed.
pub(crate) fn has_owread() -> bool {
    let is_installed = Command::new("owread").arg("--version").output().is_ok();
    if !is_installed {
        print_missing("owread", "Debian's ow-shell is needed");
    }
    is_installed
}

/// Runs `owread` once, which opens a connection.
pub(crate) fn owread(server: SocketAddr, path: &str) {
    let output = Command::new("owread").args(["-s", &server.to_string(), path]).output();
    assert!(output.is_ok_and(|output| output.status.success()), "owread has failed");
}
