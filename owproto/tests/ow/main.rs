//! The tool `ow`, without a real owserver: usage, failures, decoding, and simulated devices.

mod decode;
mod errors;
mod failures;
mod simulated;
mod usage;

use std::io::Write;
use std::process::{Command, Stdio};

/// The outcome of a run of `ow`.
#[derive(PartialEq, Eq, Debug)]
struct Finished {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

/// The program, with an environment that does not influence it.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ow"));
    command.args(args).env_remove("OWSERVER").env_remove("CLICOLOR_FORCE");
    command
}

/// Runs `ow` with empty standard input.
fn ow(args: &[&str]) -> Finished {
    finish(&mut command(args), b"")
}

/// Runs a command with `input` on standard input.
fn finish(command: &mut Command, input: &[u8]) -> Finished {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // It may exit without reading its input.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().unwrap()
    });
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Finished { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
