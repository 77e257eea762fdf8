//! `ow ping`

use std::time::Instant;

use serde_json::json;

use crate::failure::Failure;
use crate::session::Session;

/// Check whether the server answers, and measure how fast.
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:
  ow -s cellar ping

JSON: {\"server\":\"HOST:PORT\",\"milliseconds\":N}")]
pub(crate) struct Ping {}

impl Ping {
    pub(crate) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let start = Instant::now();
        if let Err(error) = session.client.ping() {
            return Err(session.failure_without_path(&error));
        }
        let milliseconds = (start.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        let server = session.client.address().to_string();
        if session.output.is_json() {
            session.output.object(&json!({ "server": server, "milliseconds": milliseconds }))?;
        } else {
            session.output.line(format_args!("{server} answered in {milliseconds} ms"))?;
        }
        Ok(())
    }
}
