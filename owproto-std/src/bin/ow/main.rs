//! `ow`: an owserver from the command line.

mod args;
mod bytes;
mod command;
mod exit;
mod frame;
mod json;
mod output;
mod server;
mod session;
mod trace;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command, Options};
use exit::{End, Status};
use output::Output;
use session::Session;

fn main() -> ExitCode {
    let args = Args::parse();
    let status = run(&args).unwrap_or_else(End::report);
    status.into()
}

/// Does what was asked.
fn run(args: &Args) -> Result<Status, End> {
    let options = &args.options;
    match &args.command {
        Command::Dir(args) => ask(options, |session| command::dir::run(args, session)),
        Command::Read(args) => ask(options, |session| command::read::run(args, session)),
        Command::Write(args) => ask(options, |session| command::write::run(args, session)),
        Command::Present(args) => ask(options, |session| command::present::run(args, session)),
        Command::Get(args) => ask(options, |session| command::get::run(args, session)),
        Command::Ping => ask(options, command::ping::run),
        Command::Tree(args) => ask(options, |session| command::tree::run(args, session)),
        Command::Serve(args) => command::serve::run(args, options, Output::new(options.json)),
        Command::Decode(args) => command::decode::run(args, Output::new(options.json)),
        Command::Errors(args) => command::errors::run(args, Output::new(options.json)),
    }
}

/// Does what asks a server.
fn ask(options: &Options, command: impl FnOnce(&mut Session) -> Result<(), End>) -> Result<Status, End> {
    let mut session = Session::new(options, Output::new(options.json))?;
    command(&mut session)?;
    session.finish()
}
