//! `ow dir`

use owproto_std::owproto_core::ReturnCode;
use owproto_std::owproto_core::message::listing::is_directory;
use owproto_std::{Client, DirOptions, Error, Listing};

use crate::failure::Failure;
use crate::json;
use crate::parse::{Path, path_parser};
use crate::session::Session;

/// List directories, one entry per line.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow dir                             list the devices
  ow dir --bus                       list buses and special directories too, as owdir does
  ow dir --slash /10.67C6697351FF    list the properties of a device
  ow -f fic dir /uncached            search for the devices, list them with checksums

JSON: {\"path\":..,\"entries\":[..]}")]
pub(crate) struct Dir {
    /// Directories to list [default: /].
    #[arg(value_name = "PATH", value_parser = path_parser())]
    paths: Vec<Path>,

    /// Add a slash to each entry that is a directory.
    #[arg(long, alias = "dir")]
    slash: bool,

    /// List buses and special directories too.
    #[arg(long)]
    bus: bool,

    /// Print each entry as soon as the server has found it.
    #[arg(long)]
    stream: bool,
}

impl Dir {
    pub(crate) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        if self.paths.is_empty() {
            return self.list(b"/", session);
        }
        self.paths.iter().try_for_each(|path| self.list(path.as_bytes(), session))
    }

    fn list(&self, path: &[u8], session: &mut Session) -> Result<(), Failure> {
        let mut options = DirOptions::new();
        if self.bus {
            options = options.bus_list();
        }
        if self.stream {
            return self.stream(path, options, session);
        }
        if self.slash {
            options = options.slash();
        }
        let listing = session.client.dir_with(path, options);
        let Some(listing) = session.answer("list", path, listing)? else { return Ok(()) };
        print(path, &listing, session)
    }

    /// Prints each entry when it arrives; with `--json`, one object at the end.
    fn stream(&self, path: &[u8], options: DirOptions, session: &mut Session) -> Result<(), Failure> {
        // The iterator occupies the connection of its client until the listing ends.
        let client = session.client.clone();
        let entries = client.dir_iter(path, options);
        let Some(entries) = session.answer("list", path, entries)? else { return Ok(()) };
        let mut listing = Vec::new();
        for entry in entries {
            let entry =
                entry.and_then(|entry| if self.slash { with_slash(entry, &client) } else { Ok(entry) });
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
}

/// Prints a complete listing.
pub(super) fn print(path: &[u8], listing: &Listing, session: &mut Session) -> Result<(), Failure> {
    let output = &mut session.output;
    if output.is_json() {
        output.object(&json::entries(path, listing.iter()))?;
    } else {
        listing.iter().try_for_each(|entry| output.name_line(entry))?;
    }
    Ok(())
}

/// Adds a slash to an entry that is a directory. In a streamed listing the server does not do it.
fn with_slash(mut entry: Vec<u8>, client: &Client) -> Result<Vec<u8>, Error> {
    let is_directory = match is_directory(&entry) {
        Some(is_directory) => is_directory,
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
