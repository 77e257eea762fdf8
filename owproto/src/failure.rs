//! How the tool ends: its exit status, and the message that says why.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

/// The exit status.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Status {
    /// 0: success.
    Success = 0,
    /// 1: the server returned an error for at least one path.
    ServerError = 1,
    /// 2: the command line, or a file that it names, is wrong.
    Usage = 2,
    /// 3: no connection, a timeout, or a malformed reply.
    Failure = 3,
    /// 4: the input of `decode` ends within a frame.
    Incomplete = 4,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// Why the tool stops early.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line, or a file that it names, is wrong.
    Usage(String),
    /// The server cannot be reached, or its reply is malformed.
    Connection(String),
    /// Standard output cannot be written.
    Output(io::Error),
}

impl Failure {
    /// Prints the message; returns the exit status.
    pub(crate) fn report(self) -> Status {
        match self {
            Self::Usage(message) => {
                print_error(message);
                Status::Usage
            }
            Self::Connection(message) => {
                print_error(message);
                Status::Failure
            }
            // The reader has closed the pipe on purpose, as in `ow dir | head -1`.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Status::Success,
            Self::Output(error) => {
                print_error(format_args!("cannot write to standard output: {}", Reason(&error)));
                Status::Failure
            }
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// Prints an error to standard error.
pub(crate) fn print_error(message: impl fmt::Display) {
    print("error", AnsiColor::Red.on_default().bold(), message);
}

/// Prints a warning to standard error.
pub(crate) fn print_warning(message: impl fmt::Display) {
    print("warning", AnsiColor::Yellow.on_default().bold(), message);
}

fn print(kind: &str, style: Style, message: impl fmt::Display) {
    // One write, so that the line stays whole. If standard error cannot be written, there is no way to report it.
    let line = format!("{style}{kind}:{style:#} {message}\n");
    let _ = anstream::stderr().write_all(line.as_bytes());
}

/// An error of the operating system, printed without its number.
pub(crate) struct Reason<'a>(pub(crate) &'a io::Error);

impl fmt::Display for Reason<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        f.write_str(text.split(" (os error ").next().unwrap_or(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_no_number_of_the_operating_system() {
        let error = io::Error::from_raw_os_error(2);
        assert!(!Reason(&error).to_string().contains("os error"), "{}", Reason(&error));
        assert_eq!(Reason(&io::Error::other("odd")).to_string(), "odd");
    }
}
