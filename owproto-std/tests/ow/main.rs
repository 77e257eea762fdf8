//! The tool `ow`, as far as it needs no owserver.

mod decode;
mod errors;
mod failures;
mod simulated;
mod usage;

use std::io::Write;
use std::process::{Command, Stdio};

/// What a run of `ow` left behind.
#[derive(PartialEq, Eq, Debug)]
struct Finished {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

/// The program, without what the environment might tell it.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ow"));
    command.args(args).env_remove("OWSERVER").env_remove("CLICOLOR_FORCE");
    command
}

/// Runs `ow` with empty standard input.
fn ow(args: &[&str]) -> Finished {
    finish(&mut command(args), b"")
}

/// Runs a command and gives it `input` on standard input.
fn finish(command: &mut Command, input: &[u8]) -> Finished {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let output = std::thread::scope(|scope| {
        // It may end without reading its input.
        scope.spawn(move || drop(stdin.write_all(input)));
        child.wait_with_output().unwrap()
    });
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Finished { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
