//! `ow write`

use std::ffi::{OsStr, OsString};

use crate::failure::{Failure, print_warning};
use crate::hex::from_hex;
use crate::json;
use crate::parse::{Path, into_bytes, offset_parser, quoted};
use crate::printable::printable;
use crate::session::Session;

/// Write the values of properties.
///
/// Nothing is printed when all writes succeed. Values are written in the given order. If the server returns an error for one,
/// the others are still written.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow write /28.000028D70100/temphigh 30 /28.000028D70100/templow -5
  ow -F write /28.000028D70100/temphigh 86
  ow write /29.000029D60400/PIO.ALL 1,0,0,0,0,0,0,1
  ow write --hex --offset 8 /23.000023DC0800/memory '0a 0b 0c'
  ow write /28.000028D70100/alias -- -x         a value that looks like an option

JSON: {\"path\":..,\"written\":N}")]
pub(crate) struct Write {
    /// Properties to write, each with its new value.
    #[arg(value_name = "PATH VALUE", required = true, allow_negative_numbers = true)]
    pairs: Vec<OsString>,

    /// Start at this byte of the property [default: 0].
    #[arg(long, value_name = "N", value_parser = offset_parser(), allow_negative_numbers = true)]
    offset: Option<u32>,

    /// Parse the values as hexadecimal; spaces are ignored.
    #[arg(long)]
    hex: bool,
}

impl Write {
    pub(crate) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        // All arguments are checked before the first value is sent.
        for (path, value) in &self.parse()? {
            let written = session.client.write_at(path, value, self.offset.unwrap_or(0));
            let path = path.as_bytes();
            let Some(written) = session.answer("write", path, written)? else { continue };
            if session.output.is_json() {
                session.output.object(&json::written(path, written))?;
            } else if written < value.len() {
                let (len, path) = (value.len(), printable(path));
                print_warning(format_args!("the server wrote only {written} of {len} bytes to {path}"));
            }
        }
        Ok(())
    }

    fn parse(&self) -> Result<Vec<(Path, Vec<u8>)>, Failure> {
        let (pairs, rest) = self.pairs.as_chunks();
        if let [path] = rest {
            return Err(Failure::Usage(format!("no value is given for {}", quoted(path))));
        }
        let parse = |[path, value]: &[OsString; 2]| {
            let invalid = |argument: &OsStr, message| {
                Failure::Usage(format!("{} is invalid: {message}", quoted(argument)))
            };
            let bytes = into_bytes(value.clone()).and_then(|bytes| match self.hex {
                true => from_hex(&bytes),
                false => Ok(bytes),
            });
            Ok((
                Path::new(path.clone()).map_err(|message| invalid(path, message))?,
                bytes.map_err(|message| invalid(value, message))?,
            ))
        };
        pairs.iter().map(parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct WriteOnly {
        #[command(flatten)]
        write: Write,
    }

    #[test]
    fn values_may_be_negative_numbers() {
        let args = WriteOnly::try_parse_from(["ow", "/a", "-5", "/b", "-0.5", "--hex"]).ok().unwrap();
        assert_eq!(args.write.pairs, ["/a", "-5", "/b", "-0.5"]);
        assert!(args.write.hex);
    }
}
