//! `ow write`

use std::ffi::{OsStr, OsString};

use crate::args::{Path, Write, into_bytes, quoted};
use crate::bytes::{from_hex, printable};
use crate::exit::{End, warn};
use crate::json;
use crate::session::Session;

/// Sets properties.
pub(crate) fn run(args: &Write, session: &mut Session) -> Result<(), End> {
    // All of them are looked at before the first one is sent.
    let pairs = pairs(args)?;
    for (path, value) in &pairs {
        let written = session.client.write_at(path, value, args.offset.unwrap_or(0));
        let path = path.as_bytes();
        let Some(written) = session.answer("write", path, written)? else { continue };
        if session.output.is_json() {
            session.output.object(&json::written(path, written))?;
        } else if written < value.len() {
            let (len, path) = (value.len(), printable(path));
            warn(format_args!("{path} took only {written} of {len} bytes"));
        }
    }
    Ok(())
}

fn pairs(args: &Write) -> Result<Vec<(Path, Vec<u8>)>, End> {
    let (pairs, rest) = args.pairs.as_chunks();
    if let [path] = rest {
        return Err(End::Usage(format!("there is no value for {}", quoted(path))));
    }
    let parse = |[path, value]: &[OsString; 2]| {
        let wrong =
            |argument: &OsStr, sentence| End::Usage(format!("{} is wrong: {sentence}", quoted(argument)));
        let bytes = into_bytes(value.clone()).and_then(|bytes| match args.hex {
            true => from_hex(&bytes),
            false => Ok(bytes),
        });
        Ok((
            Path::new(path.clone()).map_err(|sentence| wrong(path, sentence))?,
            bytes.map_err(|sentence| wrong(value, sentence))?,
        ))
    };
    pairs.iter().map(parse).collect()
}
