//! Runs a program to its end, with a deadline.

use std::env;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a program may run.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// The result of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finished {
    /// Its exit status; `None` if a signal ended it.
    pub status: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to standard error.
    pub stderr: Vec<u8>,
}

impl Finished {
    /// Standard output as text. Invalid UTF-8 is replaced.
    #[must_use]
    pub fn stdout_text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text. Invalid UTF-8 is replaced.
    #[must_use]
    pub fn stderr_text(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// Runs `command` with empty standard input and waits for its end.
///
/// # Panics
///
/// If it cannot be started (it is not installed), or still runs after [`DEADLINE`].
pub fn run(command: &mut Command) -> Finished {
    run_with_input(command, b"")
}

/// Runs `command` with `input` on standard input, and waits for its end.
///
/// # Panics
///
/// If it cannot be started (it is not installed), or still runs after [`DEADLINE`].
pub fn run_with_input(command: &mut Command, input: &[u8]) -> Finished {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    let stdout = child.stdout.take().expect("standard output is a pipe");
    let stderr = child.stderr.take().expect("standard error is a pipe");
    thread::scope(|scope| {
        // A program may end without reading its input. That is no error.
        scope.spawn(move || drop(stdin.write_all(input)));
        let stdout = scope.spawn(|| read_all(stdout));
        let stderr = scope.spawn(|| read_all(stderr));
        let status = wait(&mut child, DEADLINE);
        if status.is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let stdout = stdout.join().expect("reading does not panic");
        let stderr = stderr.join().expect("reading does not panic");
        let Some(status) = status else {
            panic!(
                "{name} still ran after {DEADLINE:?}; it wrote {:?} and {:?}",
                String::from_utf8_lossy(&stdout),
                String::from_utf8_lossy(&stderr)
            );
        };
        Finished { status: status.code(), stdout, stderr }
    })
}

/// The build directory of the workspace.
pub(crate) fn target_dir() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    root.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Waits until `child` has ended; `None` if it still runs after `limit`.
pub(crate) fn wait(child: &mut Child, limit: Duration) -> Option<ExitStatus> {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return Some(status);
        }
        if Instant::now() >= deadline {
            return None;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn read_all(mut pipe: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let result: io::Result<usize> = pipe.read_to_end(&mut bytes);
    result.expect("a pipe can be read");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The only program that is on every machine with these tests.
    fn cargo() -> Command {
        Command::new(env!("CARGO"))
    }

    #[test]
    fn output_and_exit_status_are_returned() {
        let version = run(cargo().arg("--version"));
        assert_eq!(version.status, Some(0));
        assert!(version.stdout.starts_with(b"cargo "), "{version:?}");
        let wrong = run(cargo().arg("--no-such-option"));
        assert_ne!(wrong.status, Some(0));
        assert!(wrong.stdout.is_empty() && !wrong.stderr.is_empty(), "{wrong:?}");
    }

    #[test]
    #[should_panic(expected = "cannot be started")]
    fn a_program_that_is_not_installed_is_a_panic() {
        let _ = run(&mut Command::new("a-program-that-is-not-there"));
    }
}
