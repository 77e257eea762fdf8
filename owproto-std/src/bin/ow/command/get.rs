//! `ow get`

use owproto_std::GetResult;
use owproto_std::owproto_core::wire::Flags;

use super::{dir, read};
use crate::args::Get;
use crate::exit::End;
use crate::session::{Form, Session};

/// Lists or reads, whichever each path is.
pub(crate) fn run(args: &Get, session: &mut Session) -> Result<(), End> {
    // As owget asks.
    let client = session.client.with_flags(session.client.flags() | Flags::BUS_LIST);
    for path in &args.paths {
        let path = path.as_bytes();
        match session.answer("get", path, client.get(path))? {
            Some(GetResult::Directory(listing)) => dir::print(path, &listing, session)?,
            Some(GetResult::Value(value)) => {
                read::print(path, &value, Form::Plain, args.paths.len() > 1, session)?;
            }
            None => {}
        }
    }
    Ok(())
}
