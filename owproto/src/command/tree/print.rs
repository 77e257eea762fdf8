use std::io;

use anstyle::{AnsiColor, Style};
use owproto_std::owproto_core::{ReturnCode, ServerError};

use super::entry::Entry;
use crate::json;
use crate::output::Output;
use crate::printable::{printable, shortened};

pub(super) const DIRECTORY: Style = AnsiColor::Blue.on_default().bold();
const BRANCH: Style = Style::new().dimmed();
const ERROR: Style = AnsiColor::Red.on_default();

/// Prints an entry as a line of the tree. `width` is the width of the names of all entries with values.
pub(super) fn print_entry(
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
        None if entry.omitted > 0 => {
            let more = output.styled(BRANCH, format_args!("({} more)", entry.omitted)).to_string();
            output.line(format_args!("{lines}{name:width$}  {more}"))
        }
        None => output.line(format_args!("{lines}{name}")),
        Some(Ok(value)) => {
            let line = format!("{lines}{name:width$}  {}", shortened(value));
            output.line(line.trim_end())
        }
        Some(Err(error)) => {
            let error = output.styled(ERROR, format_args!("[{}]", short_text(*error))).to_string();
            output.line(format_args!("{lines}{name:width$}  {error}"))
        }
    }
}

/// Prints the JSON objects of a directory and of the values in it.
pub(super) fn print_objects(path: &[u8], entries: &[Entry], output: &mut Output) -> io::Result<()> {
    let with_slashes: Vec<Vec<u8>> = entries
        .iter()
        .map(|entry| [entry.path.as_slice(), if entry.is_directory { b"/" } else { b"" }].concat())
        .collect();
    output.object(&json::entries(path, with_slashes.iter().map(Vec::as_slice)))?;
    for entry in entries {
        match &entry.value {
            None => {}
            Some(Ok(value)) => output.object(&json::value(&entry.path, value))?,
            Some(Err(error)) => output.object(&json::error(&entry.path, *error))?,
        }
    }
    Ok(())
}

/// Why a value cannot be read, without the number of the error.
fn short_text(error: ServerError) -> String {
    match error.code() {
        ReturnCode::OPERATION_NOT_SUPPORTED => "cannot be read".to_owned(),
        code => code.sentence().map_or_else(|| error.to_string(), str::to_owned),
    }
}
