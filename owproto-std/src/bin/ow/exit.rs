//! How the tool ends: its exit status, and the sentence that says why.

use std::fmt;
use std::io;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::CommandFactory;
use clap::error::ErrorKind;

use crate::args::Args;

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
                let error = Args::command().error(ErrorKind::ValueValidation, sentence);
                // Nothing is left to do where standard error cannot be written.
                let _ = error.print();
                Status::Usage
            }
            Self::Failed(sentence) => {
                complain(sentence);
                Status::Failed
            }
            // Whoever read it has seen enough: `ow dir | head -1`.
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Status::Done,
            Self::Output(error) => {
                complain(format_args!("standard output cannot be written: {error}"));
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
    use io::Write;
    // Nothing is left to do where standard error cannot be written.
    let _ = writeln!(anstream::stderr(), "{style}{kind}:{style:#} {sentence}");
}
