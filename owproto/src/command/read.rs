//! `ow read`

use owproto_std::Error;
use owproto_std::owproto_core::message::DEFAULT_READ_SIZE;

use crate::failure::Failure;
use crate::json;
use crate::parse::{Path, len_parser, offset_parser, path_parser};
use crate::session::{Form, Session};

/// Read the values of properties.
///
/// The value of a single path is printed byte for byte as the server sends it, so that it can be piped. With several paths,
/// and on a terminal, each value ends with a line end. A terminal shows a value that is not text in hexadecimal.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow read /28.000028D70100/temperature
  ow --trim -F read /28.000028D70100/temperature /10.67C6697351FF/temperature
  ow read --hex --size 8 --offset 24 /23.000023DC0800/memory
  ow read --raw /23.000023DC0800/memory > memory.bin
  ow --uncached --json read /26.000026D90200/VAD

JSON: {\"path\":..,\"value\":TEXT OR null,\"hex\":..}; the value is null if it is not UTF-8.")]
pub(crate) struct Read {
    /// Properties to read.
    #[arg(value_name = "PATH", required = true, value_parser = path_parser())]
    paths: Vec<Path>,

    /// Read at most this many bytes of each, 1 to 100050 [default: 65536].
    #[arg(long, value_name = "N", value_parser = len_parser(), allow_negative_numbers = true)]
    size: Option<u32>,

    /// Start at this byte [default: 0].
    #[arg(long, value_name = "N", value_parser = offset_parser(), allow_negative_numbers = true)]
    offset: Option<u32>,

    /// Print the bytes in hexadecimal.
    #[arg(long, conflicts_with = "raw")]
    hex: bool,

    /// Print the bytes unchanged and without line ends, also for several paths and on a terminal.
    #[arg(long)]
    raw: bool,
}

/// The number of paths that are read, in one call, before their values are printed.
const BATCH_LEN: usize = 64;

impl Read {
    pub(crate) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        for paths in self.paths.chunks(BATCH_LEN) {
            if self.size.is_none() && self.offset.is_none() && session.client.is_persistent() {
                let values = session.client.read_many(paths);
                paths.iter().zip(values).try_for_each(|(path, value)| self.print(path, value, session))?;
            } else {
                let (size, offset) = (self.size.unwrap_or(DEFAULT_READ_SIZE), self.offset.unwrap_or(0));
                for path in paths {
                    let value = session.client.read_at(path, size, offset);
                    self.print(path, value, session)?;
                }
            }
        }
        Ok(())
    }

    fn print(
        &self,
        path: &Path,
        value: Result<Vec<u8>, Error>,
        session: &mut Session,
    ) -> Result<(), Failure> {
        let path = path.as_bytes();
        let Some(value) = session.answer("read", path, value)? else { return Ok(()) };
        let form = match (self.hex, self.raw) {
            (true, _) => Form::Hex,
            (_, true) => Form::Raw,
            _ => Form::Plain,
        };
        print(path, &value, form, self.paths.len() > 1, session)
    }
}

/// Prints a value.
pub(super) fn print(
    path: &[u8],
    value: &[u8],
    form: Form,
    is_one_of_several: bool,
    session: &mut Session,
) -> Result<(), Failure> {
    if session.output.is_json() {
        session.output.object(&json::value(path, value))?;
        return Ok(());
    }
    session.print_value(value, form, is_one_of_several)
}
