//! `ow dir`

use owproto_std::owproto_core::ReturnCode;
use owproto_std::owproto_core::message::listing::is_directory;
use owproto_std::{Client, DirOptions, Error, Listing};

use crate::args::Dir;
use crate::exit::End;
use crate::json;
use crate::session::Session;

/// Lists directories.
pub(crate) fn run(args: &Dir, session: &mut Session) -> Result<(), End> {
    if args.paths.is_empty() {
        return list(args, b"/", session);
    }
    args.paths.iter().try_for_each(|path| list(args, path.as_bytes(), session))
}

fn list(args: &Dir, path: &[u8], session: &mut Session) -> Result<(), End> {
    let mut options = DirOptions::new();
    if args.bus {
        options = options.bus_list();
    }
    if args.stream {
        return stream(args, path, options, session);
    }
    if args.slash {
        options = options.slash();
    }
    let listing = session.client.dir_with(path, options);
    let Some(listing) = session.answer("list", path, listing)? else { return Ok(()) };
    print(path, &listing, session)
}

/// Prints a whole listing.
pub(crate) fn print(path: &[u8], listing: &Listing, session: &mut Session) -> Result<(), End> {
    let output = &mut session.output;
    if output.is_json() {
        output.object(&json::entries(path, listing.iter()))?;
    } else {
        listing.iter().try_for_each(|entry| output.name_line(entry))?;
    }
    Ok(())
}

/// Prints entries as they come; as one object, where objects are wanted.
fn stream(args: &Dir, path: &[u8], options: DirOptions, session: &mut Session) -> Result<(), End> {
    // The iterator has the client's connection as long as the listing lasts.
    let client = session.client.clone();
    let entries = client.dir_iter(path, options);
    let Some(entries) = session.answer("list", path, entries)? else { return Ok(()) };
    let mut listing = Vec::new();
    for entry in entries {
        let entry = entry.and_then(|entry| if args.slash { marked(entry, &client) } else { Ok(entry) });
        let Some(entry) = session.answer("list", path, entry)? else { return Ok(()) };
        if session.output.is_json() {
            listing.push(entry);
        } else {
            session.output.name_line(&entry)?;
            session.output.flush()?;
        }
    }
    if session.output.is_json() {
        session.output.object(&json::entries(path, listing.iter().map(Vec::as_slice)))?;
    }
    Ok(())
}

/// An entry with a slash if it is a directory. The server marks none in a listing that streams.
fn marked(mut entry: Vec<u8>, client: &Client) -> Result<Vec<u8>, Error> {
    let is_directory = match is_directory(&entry) {
        Some(known) => known,
        None => match client.non_persistent().dir(&entry) {
            Ok(_) => true,
            Err(Error::Server { error, .. }) if error.code() == ReturnCode::NOT_A_DIRECTORY => false,
            Err(error) => return Err(error),
        },
    };
    if is_directory {
        entry.push(b'/');
    }
    Ok(entry)
}
