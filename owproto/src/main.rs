//! `ow`: the command-line tool for owservers.

mod command;
mod failure;
mod frame;
mod hex;
mod json;
mod options;
mod output;
mod parse;
mod printable;
mod server;
mod session;
mod trace;

use std::process::ExitCode;

use clap::Parser;

use command::Command;
use failure::Failure;
use options::Options;

const AFTER_HELP: &str = "\
Examples:
  ow --sim tree --values                       show a simulated bus; needs no server
  ow dir                                       list the devices
  ow tree --values                             show all devices with their values
  ow read /28.000028D70100/temperature         read a value
  ow -s cellar -F read /28.000028D70100/temperature
                                               read from 'cellar', in Fahrenheit
  ow write /28.000028D70100/temphigh 30        write a property
  ow read --help                               show the help of one command

Exit status:
  0  success
  1  the server returned an error for at least one path, or 'present' printed a 0
  2  wrong usage
  3  no connection, a timeout, or a malformed reply
  4  decode: the input ends within a frame

With --json, each result is a JSON object on a line of its own. If the server
returns an error for a path, it is {\"path\":..,\"error\":{\"code\":N,\"text\":..}}, and
'ow errors N' explains the code. If a path is not UTF-8, \"path_hex\" has its bytes.";

/// List, read and write 1-Wire devices through an owserver (OWFS).
#[derive(Parser, Debug)]
#[command(name = "ow", version, after_help = AFTER_HELP, max_term_width = 110)]
struct Args {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let status = args.command.run(&args.options).unwrap_or_else(Failure::report);
    status.into()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use owproto_std::Address;

    use super::*;

    #[test]
    fn the_command_line_is_consistent_and_its_help_fits_a_terminal() {
        Args::command().debug_assert();
        assert!(AFTER_HELP.lines().all(|line| line.chars().count() <= 84));
        assert!(Args::command().render_long_help().to_string().contains(&Address::default().to_string()));
    }
}
