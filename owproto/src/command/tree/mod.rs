//! `ow tree`

mod entry;
mod print;
mod progress;

use owproto_std::owproto_core::wire::Flags;
use owproto_std::{DirOptions, Error};

use crate::failure::Failure;
use crate::parse::{Path, path_parser};
use crate::printable::printable;
use crate::session::Session;
use entry::{Entry, last_name, names, repeats_devices, shorten};
use print::{DIRECTORY, print_entry, print_objects};
use progress::Progress;

/// Show devices and their properties as a tree.
///
/// Buses and special directories repeat the devices, so they are shown only if PATH names them. If a value cannot be read,
/// the reason is shown in brackets, and the exit status is still 0. If a directory cannot be listed, the exit status is 1.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow tree --depth 1                       show the devices
  ow tree --values                        show everything
  ow tree --values /28.000028D70100       show one device
  ow tree /settings                       show the settings of the server

JSON: an object as of 'dir --slash' for each directory and, with --values, as of 'read' for each property.")]
pub(crate) struct Tree {
    /// Where to start.
    #[arg(value_name = "PATH", default_value = "/", value_parser = path_parser())]
    path: Path,

    /// Read and show the values.
    #[arg(long)]
    values: bool,

    /// Show all elements of long arrays; by default only the first 4 if there are more than 16. JSON always has all.
    #[arg(long)]
    all: bool,

    /// Descend at most this many levels [default: all].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true)]
    depth: Option<u32>,
}

/// The maximum depth, against a server whose tree does not end. A path has at most 4094 bytes, and a real tree has less than
/// ten levels.
const MAX_DEPTH: u32 = 32;

impl Tree {
    pub(crate) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let progress = Progress::new(session);
        if !session.output.is_json() {
            // The elements of an array are shown without spaces between them.
            session.client = session.client.with_flags(session.client.flags() | Flags::TRIM);
        }
        let mut walk = Walk {
            reads_values: self.values,
            shortens: !self.all && !session.output.is_json(),
            depth: self.depth.unwrap_or(MAX_DEPTH).min(MAX_DEPTH),
            session,
            progress,
            ancestors: Vec::new(),
        };
        walk.start(self.path.as_bytes())
    }
}

/// A walk through the tree.
struct Walk<'s> {
    session: &'s mut Session,
    progress: Progress,
    reads_values: bool,
    /// Whether only the first elements of long arrays are shown.
    shortens: bool,
    depth: u32,
    /// The names of the current directory and of those above it, from the first on.
    ancestors: Vec<Vec<u8>>,
}

impl Walk<'_> {
    fn start(&mut self, path: &[u8]) -> Result<(), Failure> {
        let Some(entries) = self.list(path)? else { return Ok(()) };
        let path = if path.is_empty() { b"/" } else { path };
        if !self.session.output.is_json() {
            let text = printable(path);
            let line = self.session.output.styled(DIRECTORY, text);
            self.session.output.line(line)?;
        }
        self.ancestors.push(last_name(path).to_vec());
        self.show(path, &entries, "")
    }

    /// The entries of a directory with their values. If the server returns an error, it is reported, and `None` returned.
    fn list(&mut self, path: &[u8]) -> Result<Option<Vec<Entry>>, Failure> {
        // While the user waits for the server, everything so far should be visible.
        let output = &mut self.session.output;
        if output.is_terminal() {
            self.progress.suspend(|| output.flush())?;
        }
        self.progress.show(path);
        let listing = self.session.client.dir_with(path, DirOptions::new().slash());
        let listing = match listing {
            // Printed here, and not by `Session::answer`, so that it does not mix with the line of progress.
            Err(Error::Server { error, .. }) => {
                let session = &mut *self.session;
                self.progress.suspend(|| session.report("list", path, error))?;
                return Ok(None);
            }
            Err(error) => return Err(self.fail("list", path, &error)),
            Ok(listing) => listing,
        };
        let entries = listing.iter().map(Entry::new);
        let mut entries: Vec<Entry> = entries.filter(|entry| !repeats_devices(path, entry.name())).collect();
        if self.shortens {
            entries = shorten(entries);
        }
        if self.reads_values {
            self.read(&mut entries)?;
        }
        self.progress.add(entries.len());
        Ok(Some(entries))
    }

    /// Reads all properties among the entries, in one call if possible.
    fn read(&mut self, entries: &mut [Entry]) -> Result<(), Failure> {
        let client = &self.session.client;
        let mut properties: Vec<&mut Entry> =
            entries.iter_mut().filter(|entry| !entry.is_directory && entry.omitted == 0).collect();
        let values = if client.is_persistent() {
            let paths: Vec<&[u8]> = properties.iter().map(|entry| entry.path.as_slice()).collect();
            client.read_many(&paths)
        } else {
            properties.iter().map(|entry| client.read(&entry.path)).collect()
        };
        for (entry, value) in properties.iter_mut().zip(values) {
            entry.value = Some(match value {
                Ok(value) => Ok(value),
                Err(Error::Server { error, .. }) => Err(error),
                Err(error) => {
                    self.progress.finish();
                    return Err(self.session.failure("read", &entry.path, &error));
                }
            });
        }
        Ok(())
    }

    /// Prints the entries of a directory, and everything below them.
    fn show(&mut self, path: &[u8], entries: &[Entry], indent: &str) -> Result<(), Failure> {
        if self.session.output.is_json() {
            print_objects(path, entries, &mut self.session.output)?;
        }
        let width = entries
            .iter()
            .filter(|entry| entry.value.is_some())
            .map(|entry| printable(entry.name()).chars().count());
        let width = width.max().unwrap_or(0);
        for (n, entry) in entries.iter().enumerate() {
            let is_last = n + 1 == entries.len();
            if !self.session.output.is_json() {
                let branch = if is_last { "└── " } else { "├── " };
                print_entry(entry, indent, branch, width, &mut self.session.output)?;
            }
            if entry.is_directory && self.descends(path, entry) {
                let Some(below) = self.list(&entry.path)? else { continue };
                self.ancestors.push(entry.name().to_vec());
                self.show(
                    &entry.path,
                    &below,
                    &format!("{indent}{}", if is_last { "    " } else { "│   " }),
                )?;
                self.ancestors.pop();
            }
        }
        Ok(())
    }

    /// Whether a directory is shown too. Not if it has the name of a directory above it: the branch of a coupler can list the
    /// coupler itself, and so on without end.
    fn descends(&self, parent: &[u8], entry: &Entry) -> bool {
        let level = u32::try_from(self.ancestors.len()).unwrap_or(u32::MAX);
        level < self.depth
            && !self.ancestors.iter().any(|name| name == entry.name())
            && names(&entry.path).count() > names(parent).count()
    }

    fn fail(&mut self, task: &str, path: &[u8], error: &Error) -> Failure {
        self.progress.finish();
        self.session.failure(task, path, error)
    }
}
