//! Other people's clients, to compare with: the shell tools of OWFS (Debian package `ow-shell`), and pyownet. And our
//! own, `ow`.

use std::env;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

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

/// The tool of this workspace, to be given arguments. It is built if the variable `OW_BIN` does not name it.
///
/// # Panics
///
/// If it cannot be built, or `OW_BIN` names a file that is not there.
#[must_use]
pub fn ow() -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let program = env::var_os("OW_BIN").map_or_else(build_ow, PathBuf::from);
        assert!(program.is_file(), "{} is not there (OW_BIN)", program.display());
        program
    });
    let mut command = Command::new(program);
    command.env_remove("OWSERVER");
    command
}

/// Builds the tool and gives its path.
fn build_ow() -> PathBuf {
    let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--quiet", "--package", "owproto-std", "--features", "cli", "--bin", "ow"]);
    build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).env("CARGO_TARGET_DIR", target_dir());
    let status = build.status().unwrap_or_else(|error| panic!("cargo cannot be started: {error}"));
    assert!(status.success(), "the tool ow cannot be built");
    target_dir().join("debug").join(format!("ow{}", env::consts::EXE_SUFFIX))
}

/// Runs `ow -s SERVER ARGS...`.
///
/// # Panics
///
/// If it cannot be built, or hangs.
pub fn run_ow<S: AsRef<OsStr>>(server: SocketAddr, args: impl IntoIterator<Item = S>) -> Finished {
    process::run(ow().arg("-s").arg(server.to_string()).args(args))
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
