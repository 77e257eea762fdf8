//! `ow ping`

use std::time::Instant;

use serde_json::json;

use crate::exit::End;
use crate::session::Session;

/// Sees whether the server answers.
pub(crate) fn run(session: &mut Session) -> Result<(), End> {
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
