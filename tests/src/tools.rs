//! Clients to compare with: the shell tools of OWFS (Debian package `ow-shell`) and pyownet; and our tool `ow`.

use std::env;
use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::process::{self, Finished, target_dir};

/// One of the shell tools.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tool {
    /// Lists directories.
    Owdir,
    /// Reads properties.
    Owread,
    /// Writes properties, given as pairs of path and value.
    Owwrite,
    /// Prints whether paths exist: 1 or 0.
    Owpresent,
    /// Lists a directory or reads a property.
    Owget,
    /// Its exit status is 0 if an owserver answers.
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
    /// If it is not installed, or does not end.
    pub fn run<S: AsRef<OsStr>>(self, server: SocketAddr, args: impl IntoIterator<Item = S>) -> Finished {
        let mut command = Command::new(self.program());
        command.arg("-s").arg(server.to_string()).args(args);
        command.env("TZ", "UTC").env("LC_ALL", "C");
        process::run(&mut command)
    }

    /// Runs the tool and returns its standard output.
    ///
    /// # Panics
    ///
    /// If it is not installed, does not end, or its exit status is not 0.
    pub fn output<S: AsRef<OsStr>>(self, server: SocketAddr, args: impl IntoIterator<Item = S>) -> Vec<u8> {
        let finished = self.run(server, args);
        assert_eq!(finished.status, Some(0), "{} wrote {:?}", self.program(), finished.stderr_text());
        finished.stdout
    }
}

/// A command that runs `ow`, the tool of this workspace, without arguments yet. The tool is built, unless the variable
/// `OW_BIN` has its path.
///
/// # Panics
///
/// If it cannot be built, or the file of `OW_BIN` does not exist.
#[must_use]
pub fn ow() -> Command {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| {
        let program = env::var_os("OW_BIN").map_or_else(build_ow, PathBuf::from);
        assert!(program.is_file(), "{} does not exist (OW_BIN)", program.display());
        program
    });
    let mut command = Command::new(program);
    command.env_remove("OWSERVER");
    command
}

/// Builds the tool and returns its path.
fn build_ow() -> PathBuf {
    let mut build = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    build.args(["build", "--quiet", "--package", "owproto", "--bin", "ow"]);
    build.current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).env("CARGO_TARGET_DIR", target_dir());
    let status = build.status().unwrap_or_else(|error| panic!("cargo cannot be started: {error}"));
    assert!(status.success(), "the tool ow cannot be built");
    target_dir().join("debug").join(format!("ow{}", env::consts::EXE_SUFFIX))
}

/// Runs `ow -s SERVER ARGS...`.
///
/// # Panics
///
/// If it cannot be built, or does not end.
pub fn run_ow<S: AsRef<OsStr>>(server: SocketAddr, args: impl IntoIterator<Item = S>) -> Finished {
    process::run(ow().arg("-s").arg(server.to_string()).args(args))
}

/// A command that runs a Python with pyownet, without a script yet.
///
/// # Panics
///
/// If `tests/run.sh` has not installed it.
#[must_use]
pub fn pyownet() -> Command {
    let python = target_dir().join("venv/bin/python");
    assert!(python.exists(), "{} does not exist: 'tests/run.sh interop' makes it", python.display());
    Command::new(python)
}
