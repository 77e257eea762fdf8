//! Other people's clients, to compare with: the shell tools of OWFS (Debian package `ow-shell`), and pyownet.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::process::Command;

use crate::process::{self, Finished, target_dir};

/// One of the tools.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tool {
    /// Lists directories.
    Owdir,
    /// Reads properties.
    Owread,
    /// Writes properties, given as pairs of path and value.
    Owwrite,
    /// Tells whether paths are there: 1 or 0.
    Owpresent,
    /// Lists a directory or reads a property, whichever the path is.
    Owget,
    /// Tells by its exit status whether an owserver answers.
    Owexist,
}

impl Tool {
    /// The name of the program.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::Owdir => "owdir",
            Self::Owread => "owread",
            Self::Owwrite => "owwrite",
            Self::Owpresent => "owpresent",
            Self::Owget => "owget",
            Self::Owexist => "owexist",
        }
    }

    /// Runs the tool as `NAME -s SERVER ARGS...`.
    ///
    /// # Panics
    ///
    /// If it is not installed or hangs.
    pub fn run<S: AsRef<OsStr>>(self, server: SocketAddr, args: impl IntoIterator<Item = S>) -> Finished {
        let mut command = Command::new(self.program());
        command.arg("-s").arg(server.to_string()).args(args);
        command.env("TZ", "UTC").env("LC_ALL", "C");
        process::run(&mut command)
    }

    /// Runs the tool and gives what it printed.
    ///
    /// # Panics
    ///
    /// If it is not installed, hangs, or its exit status is not 0.
    pub fn output<S: AsRef<OsStr>>(self, server: SocketAddr, args: impl IntoIterator<Item = S>) -> Vec<u8> {
        let finished = self.run(server, args);
        assert_eq!(finished.status, Some(0), "{} said {:?}", self.program(), finished.stderr_text());
        finished.stdout
    }
}

/// A Python that has pyownet, to be given a script and its arguments.
///
/// # Panics
///
/// If `tests/run.sh` has not made it.
#[must_use]
pub fn pyownet() -> Command {
    let python = target_dir().join("venv/bin/python");
    assert!(python.exists(), "{} is made by 'tests/run.sh interop'", python.display());
    Command::new(python)
}
