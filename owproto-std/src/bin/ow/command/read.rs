//! `ow read`

use owproto_std::Error;
use owproto_std::owproto_core::message::DEFAULT_READ_SIZE;

use crate::args::{Path, Read};
use crate::exit::End;
use crate::json;
use crate::session::{Form, Session};

/// Paths that are read before their values are printed, over one connection without waiting between them.
const AT_ONCE: usize = 64;

/// Reads properties.
pub(crate) fn run(args: &Read, session: &mut Session) -> Result<(), End> {
    for paths in args.paths.chunks(AT_ONCE) {
        if args.size.is_none() && args.offset.is_none() && session.client.is_persistent() {
            let values = session.client.read_many(paths);
            paths.iter().zip(values).try_for_each(|(path, value)| show(args, path, value, session))?;
        } else {
            let (size, offset) = (args.size.unwrap_or(DEFAULT_READ_SIZE), args.offset.unwrap_or(0));
            for path in paths {
                let value = session.client.read_at(path, size, offset);
                show(args, path, value, session)?;
            }
        }
    }
    Ok(())
}

fn show(args: &Read, path: &Path, value: Result<Vec<u8>, Error>, session: &mut Session) -> Result<(), End> {
    let path = path.as_bytes();
    let Some(value) = session.answer("read", path, value)? else { return Ok(()) };
    let form = match (args.hex, args.raw) {
        (true, _) => Form::Hex,
        (_, true) => Form::Raw,
        _ => Form::Plain,
    };
    print(path, &value, form, args.paths.len() > 1, session)
}

/// Prints a value.
pub(crate) fn print(
    path: &[u8],
    value: &[u8],
    form: Form,
    is_one_of_several: bool,
    session: &mut Session,
) -> Result<(), End> {
    if session.output.is_json() {
        session.output.object(&json::value(path, value))?;
        return Ok(());
    }
    session.print_value(value, form, is_one_of_several)
}
