//! `ow tree`

use std::io;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use owproto_std::owproto_core::message::listing::{has_slash, without_slash};
use owproto_std::owproto_core::wire::Flags;
use owproto_std::owproto_core::{ReturnCode, ServerError};
use owproto_std::{DirOptions, Error};

use crate::args::Tree;
use crate::bytes::{printable, shortened};
use crate::exit::End;
use crate::json;
use crate::output::Output;
use crate::session::Session;

/// Levels below the first, beyond which a server is taken to be out of its mind: a path has at most 4094 bytes, and a
/// real tree is less than ten deep.
const DEEPEST: u32 = 32;

/// Elements of an array, above which only the first ones are shown: the log of a data logger has thousands.
const MANY_ELEMENTS: usize = 16;
/// How many are shown then.
const FIRST_ELEMENTS: usize = 4;

const DIRECTORY: Style = AnsiColor::Blue.on_default().bold();
const BRANCH: Style = Style::new().dimmed();
const REASON: Style = AnsiColor::Red.on_default();

/// Shows a tree.
pub(crate) fn run(args: &Tree, session: &mut Session) -> Result<(), End> {
    let progress = Progress::new(session);
    if !session.output.is_json() {
        // The blanks between the elements of arrays are of no use here.
        session.client = session.client.with_flags(session.client.flags() | Flags::TRIM);
    }
    let mut walk = Walk {
        values: args.values,
        shortens: !args.all && !session.output.is_json(),
        depth: args.depth.unwrap_or(DEEPEST).min(DEEPEST),
        session,
        progress,
        ancestors: Vec::new(),
    };
    walk.begin(args.path.as_bytes())
}

struct Walk<'s> {
    session: &'s mut Session,
    progress: Progress,
    values: bool,
    /// Whether long arrays are shown by their first elements.
    shortens: bool,
    depth: u32,
    /// The names of the directories on the way from the first to the current one.
    ancestors: Vec<Vec<u8>>,
}

/// An entry of a directory.
struct Entry {
    path: Vec<u8>,
    is_directory: bool,
    /// How many elements of an array it stands for, instead of being one itself; 0 if it is one.
    left_out: usize,
    value: Option<Result<Vec<u8>, ServerError>>,
}

impl Entry {
    fn name(&self) -> &[u8] {
        last_name(&self.path)
    }
}

impl Walk<'_> {
    fn begin(&mut self, path: &[u8]) -> Result<(), End> {
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

    /// The entries of a directory with their values; `None` if the server refuses, which is then reported.
    fn list(&mut self, path: &[u8]) -> Result<Option<Vec<Entry>>, End> {
        // While the server is waited for, all that is known is to be seen.
        let output = &mut self.session.output;
        if output.is_terminal() {
            self.progress.suspend(|| output.flush())?;
        }
        self.progress.at(path);
        let listing = self.session.client.dir_with(path, DirOptions::new().slash());
        let listing = match listing {
            // A refusal must not come between the lines of the bar.
            Err(Error::Server { error, .. }) => {
                let session = &mut *self.session;
                self.progress.suspend(|| session.refuse("list", path, error))?;
                return Ok(None);
            }
            Err(error) => return Err(self.fail("list", path, &error)),
            Ok(listing) => listing,
        };
        let mut entries: Vec<Entry> = listing
            .iter()
            .filter(|entry| !repeats_devices(path, last_name(without_slash(entry))))
            .map(|entry| Entry {
                path: without_slash(entry).to_vec(),
                is_directory: has_slash(entry),
                left_out: 0,
                value: None,
            })
            .collect();
        if self.shortens {
            entries = shorten(entries);
        }
        if self.values {
            self.read(&mut entries)?;
        }
        self.progress.count(entries.len());
        Ok(Some(entries))
    }

    /// Reads the properties among the entries, all at once.
    fn read(&mut self, entries: &mut [Entry]) -> Result<(), End> {
        let client = &self.session.client;
        let mut properties: Vec<&mut Entry> =
            entries.iter_mut().filter(|entry| !entry.is_directory && entry.left_out == 0).collect();
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

    /// Prints entries, and what is below them.
    fn show(&mut self, path: &[u8], entries: &[Entry], indent: &str) -> Result<(), End> {
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
            if entry.is_directory && self.goes_down(path, entry) {
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

    /// Whether a directory is to be shown too. A name that is on the way already leads in a circle: a coupler whose
    /// branch shows the coupler itself.
    fn goes_down(&self, parent: &[u8], entry: &Entry) -> bool {
        let level = u32::try_from(self.ancestors.len()).unwrap_or(u32::MAX);
        level < self.depth
            && !self.ancestors.iter().any(|name| name == entry.name())
            && names(&entry.path).count() > names(parent).count()
    }

    fn fail(&mut self, task: &str, path: &[u8], error: &Error) -> End {
        self.progress.finish();
        self.session.failure(task, path, error)
    }
}

fn print_entry(
    entry: &Entry,
    indent: &str,
    branch: &str,
    width: usize,
    output: &mut Output,
) -> io::Result<()> {
    let name = printable(entry.name());
    let lines = output.styled(BRANCH, format_args!("{indent}{branch}")).to_string();
    match &entry.value {
        _ if entry.is_directory => {
            let name = output.styled(DIRECTORY, format_args!("{name}/")).to_string();
            output.line(format_args!("{lines}{name}"))
        }
        None if entry.left_out > 0 => {
            let more = output.styled(BRANCH, format_args!("({} more)", entry.left_out)).to_string();
            output.line(format_args!("{lines}{name:width$}  {more}"))
        }
        None => output.line(format_args!("{lines}{name}")),
        Some(Ok(value)) => {
            let line = format!("{lines}{name:width$}  {}", shortened(value));
            output.line(line.trim_end())
        }
        Some(Err(error)) => {
            let reason = output.styled(REASON, format_args!("[{}]", reason(*error))).to_string();
            output.line(format_args!("{lines}{name:width$}  {reason}"))
        }
    }
}

/// Leaves the elements of long arrays out, but for the first ones.
fn shorten(entries: Vec<Entry>) -> Vec<Entry> {
    let mut shown: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut rest = entries.into_iter().peekable();
    while let Some(first) = rest.next() {
        let Some(array) = array(&first).map(<[u8]>::to_vec) else {
            shown.push(first);
            continue;
        };
        let mut elements = vec![first];
        while let Some(element) = rest.next_if(|entry| self::array(entry) == Some(&array)) {
            elements.push(element);
        }
        let left_out = elements.len().saturating_sub(FIRST_ELEMENTS);
        if elements.len() > MANY_ELEMENTS {
            elements.truncate(FIRST_ELEMENTS);
            let path = [&array, ".…".as_bytes()].concat();
            elements.push(Entry { path, is_directory: false, left_out, value: None });
        }
        shown.append(&mut elements);
    }
    shown
}

/// The path of the array that a property is a numbered element of.
fn array(entry: &Entry) -> Option<&[u8]> {
    let digits = entry.path.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let array = entry.path.get(..entry.path.len() - digits)?.strip_suffix(b".")?;
    if digits > 0 && !entry.is_directory { Some(array) } else { None }
}

fn print_objects(path: &[u8], entries: &[Entry], output: &mut Output) -> io::Result<()> {
    let marked: Vec<Vec<u8>> = entries
        .iter()
        .map(|entry| [entry.path.as_slice(), if entry.is_directory { b"/" } else { b"" }].concat())
        .collect();
    output.object(&json::entries(path, marked.iter().map(Vec::as_slice)))?;
    for entry in entries {
        match &entry.value {
            None => {}
            Some(Ok(value)) => output.object(&json::value(&entry.path, value))?,
            Some(Err(error)) => output.object(&json::error(&entry.path, *error))?,
        }
    }
    Ok(())
}

/// Why a value cannot be read, in a few words.
fn reason(error: ServerError) -> String {
    match error.code() {
        ReturnCode::OPERATION_NOT_SUPPORTED => "cannot be read".to_owned(),
        code => code.sentence().map_or_else(|| error.to_string(), str::to_owned),
    }
}

/// Whether an entry of a bus, or of a coupler's branch, only shows devices again that are listed beside it.
fn repeats_devices(directory: &[u8], name: &[u8]) -> bool {
    let directory = last_name(directory);
    let is_bus = directory.starts_with(b"bus.") || matches!(directory, b"main" | b"aux");
    is_bus && matches!(name, b"alarm" | b"simultaneous")
}

/// The parts of a path between the slashes.
fn names(path: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    path.split(|&byte| byte == b'/').filter(|name| !name.is_empty())
}

fn last_name(path: &[u8]) -> &[u8] {
    names(path).next_back().unwrap_or_default()
}

/// What is going on, on standard error, if that is a terminal.
struct Progress {
    bar: ProgressBar,
    entries: usize,
}

impl Progress {
    fn new(session: &Session) -> Self {
        // Frames on standard error would tear it to pieces.
        let bar = if session.is_verbose { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        if !bar.is_hidden() {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Self { bar, entries: 0 }
    }

    fn at(&self, path: &[u8]) {
        self.bar.set_message(format!("{} entries, now {}", self.entries, printable(path)));
    }

    fn count(&mut self, entries: usize) {
        self.entries += entries;
    }

    /// Does something while the line of progress is not there.
    fn suspend<T>(&self, write: impl FnOnce() -> T) -> T {
        self.bar.suspend(write)
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.finish();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_stands_between_slashes() {
        assert_eq!(last_name(b"/"), b"");
        assert_eq!(last_name(b"/settings/"), b"settings");
        assert_eq!(last_name(b"/a/b"), b"b");
        assert_eq!(names(b"/a//b/").count(), 2);
    }

    #[test]
    fn long_arrays_are_shown_by_their_first_elements() {
        let entry = |path: String| Entry {
            is_directory: path.ends_with('/'),
            path: path.into_bytes(),
            left_out: 0,
            value: None,
        };
        let names = |paths: Vec<String>| -> Vec<(String, usize)> {
            let shown = shorten(paths.into_iter().map(entry).collect());
            shown.iter().map(|entry| (printable(entry.name()).to_string(), entry.left_out)).collect()
        };
        let array =
            |name: &str, len: usize| (0..len).map(|n| format!("/1D.1/{name}.{n}")).collect::<Vec<_>>();
        assert_eq!(names(array("page", 16)).len(), 16);
        let mut paths = vec!["/1D.1/log.ALL".to_owned()];
        paths.extend(array("log", 17));
        paths.extend(array("short", 2));
        let expected = [
            ("log.ALL", 0),
            ("log.0", 0),
            ("log.1", 0),
            ("log.2", 0),
            ("log.3", 0),
            ("log.…", 13),
            ("short.0", 0),
            ("short.1", 0),
        ];
        assert!(names(paths).iter().map(|(name, left_out)| (name.as_str(), *left_out)).eq(expected));
        // Devices are no elements of an array, whatever they look like.
        let devices: Vec<_> = (0..20).map(|n| format!("/10.{n:012}/")).collect();
        assert_eq!(names(devices).len(), 20);
    }

    #[test]
    fn only_directories_of_a_bus_repeat_devices() {
        assert!(repeats_devices(b"/bus.0", b"alarm"));
        assert!(repeats_devices(b"/1F.00001FE00100/main/", b"simultaneous"));
        assert!(!repeats_devices(b"/bus.0", b"interface"));
        assert!(!repeats_devices(b"/20.000020DF0500", b"alarm"));
        assert!(!repeats_devices(b"/", b"alarm"));
    }
}
