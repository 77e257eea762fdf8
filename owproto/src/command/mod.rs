//! The commands: a file for each, with its arguments and its help.

mod decode;
mod dir;
mod errors;
mod get;
mod ping;
mod present;
mod read;
mod serve;
mod tree;
mod write;

use clap::Subcommand;

use crate::failure::{Failure, Status};
use crate::options::Options;
use crate::output::Output;
use crate::session::Session;

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    Dir(dir::Dir),
    Read(read::Read),
    Write(write::Write),
    Present(present::Present),
    Get(get::Get),
    Ping(ping::Ping),
    Tree(tree::Tree),
    Serve(serve::Serve),
    Decode(decode::Decode),
    Errors(errors::Errors),
}

impl Command {
    /// Runs the command; returns the exit status.
    pub(crate) fn run(&self, options: &Options) -> Result<Status, Failure> {
        match self {
            Self::Dir(dir) => with_session(options, |session| dir.run(session)),
            Self::Read(read) => with_session(options, |session| read.run(session)),
            Self::Write(write) => with_session(options, |session| write.run(session)),
            Self::Present(present) => with_session(options, |session| present.run(session)),
            Self::Get(get) => with_session(options, |session| get.run(session)),
            Self::Ping(ping) => with_session(options, |session| ping.run(session)),
            Self::Tree(tree) => with_session(options, |session| tree.run(session)),
            Self::Serve(serve) => serve.run(options, Output::new(options.json)),
            Self::Decode(decode) => decode.run(Output::new(options.json)),
            Self::Errors(errors) => errors.run(Output::new(options.json)),
        }
    }
}

/// Runs a command that talks to a server.
fn with_session(
    options: &Options,
    run: impl FnOnce(&mut Session) -> Result<(), Failure>,
) -> Result<Status, Failure> {
    let mut session = Session::new(options, Output::new(options.json))?;
    run(&mut session)?;
    session.finish()
}
