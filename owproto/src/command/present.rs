//! `ow present`

use crate::failure::Failure;
use crate::json;
use crate::parse::{Path, path_parser};
use crate::session::{Form, Session};

/// Check whether devices, properties or directories exist.
///
/// Print 1 for each that exists, and 0 for each that does not. The exit status is 1 if one of them does not exist.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow present /28.000028D70100
  if ow present /kitchen >/dev/null; then ow read /kitchen/temperature; fi

JSON: {\"path\":..,\"present\":true OR false}")]
pub(crate) struct Present {
    /// Paths to check.
    #[arg(value_name = "PATH", required = true, value_parser = path_parser())]
    paths: Vec<Path>,
}

impl Present {
    pub(crate) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        for path in &self.paths {
            let path = path.as_bytes();
            let present = session.client.present(path);
            let Some(present) = session.answer("check", path, present)? else { continue };
            if !present {
                session.set_server_error();
            }
            if session.output.is_json() {
                session.output.object(&json::present(path, present))?;
            } else {
                let digit: &[u8] = if present { b"1" } else { b"0" };
                session.print_value(digit, Form::Plain, self.paths.len() > 1)?;
            }
        }
        Ok(())
    }
}
