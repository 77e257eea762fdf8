//! How the tool ends: its exit status, and the sentence that says why.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

/// The exit status.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Status {
    /// 0: all that was asked was done.
    Done = 0,
    /// 1: the server said no to at least one path.
    Refused = 1,
    /// 2: the command line, or a file that it names, is wrong.
    Usage = 2,
    /// 3: no connection, a timeout, a reply that is none.
    Failed = 3,
    /// 4: what was to be decoded ends within a frame.
    Incomplete = 4,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// Why the tool ends before its time.
#[derive(Debug)]
pub(crate) enum End {
    /// The command line, or a file that it names, is wrong.
    Usage(String),
    /// The server cannot be reached, or what it sends is no answer.
    Failed(String),
    /// Standard output cannot be written.
    Output(io::Error),
}

impl End {
    /// Says why, and gives the exit status.
    pub(crate) fn report(self) -> Status {
        match self {
            Self::Usage(sentence) => {
                complain(sentence);
                Status::Usage
            }
            Self::Failed(sentence) => {
                complain(sentence);
                Status::Failed
            }
            // Whoever read it has seen enough: `ow dir | head -1`.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Status::Done,
            Self::Output(error) => {
                complain(format_args!("standard output cannot be written: {}", Reason(&error)));
                Status::Failed
            }
        }
    }
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

/// A sentence on standard error.
pub(crate) fn complain(sentence: impl fmt::Display) {
    say("error", AnsiColor::Red.on_default().bold(), sentence);
}

/// A sentence on standard error about something that is no error.
pub(crate) fn warn(sentence: impl fmt::Display) {
    say("warning", AnsiColor::Yellow.on_default().bold(), sentence);
}

fn say(kind: &str, style: Style, sentence: impl fmt::Display) {
    // In one piece, so that nothing comes between. Nothing is left to do where standard error cannot be written.
    let line = format!("{style}{kind}:{style:#} {sentence}\n");
    let _ = anstream::stderr().write_all(line.as_bytes());
}

/// An error of the operating system without its number.
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
    fn the_number_of_the_operating_system_is_left_out() {
        let error = io::Error::from_raw_os_error(2);
        assert!(!Reason(&error).to_string().contains("os error"), "{}", Reason(&error));
        assert_eq!(Reason(&io::Error::other("odd")).to_string(), "odd");
    }
}
