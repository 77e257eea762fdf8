//! `ow present`

use crate::args::Present;
use crate::exit::End;
use crate::json;
use crate::session::{Form, Session};

/// Tells what is there.
pub(crate) fn run(args: &Present, session: &mut Session) -> Result<(), End> {
    for path in &args.paths {
        let path = path.as_bytes();
        let present = session.client.present(path);
        let Some(present) = session.answer("look for", path, present)? else { continue };
        if !present {
            session.set_refused();
        }
        if session.output.is_json() {
            session.output.object(&json::present(path, present))?;
        } else {
            let digit: &[u8] = if present { b"1" } else { b"0" };
            session.print_value(digit, Form::Plain, args.paths.len() > 1)?;
        }
    }
    Ok(())
}
