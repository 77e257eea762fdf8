//! `ow get`

use owproto_std::GetResult;
use owproto_std::owproto_core::wire::Flags;

use super::{dir, read};
use crate::failure::Failure;
use crate::parse::{Path, path_parser};
use crate::session::{Form, Session};

/// List directories and read properties.
///
/// Directories are listed as by 'ow dir --bus', properties are read as by 'ow read'.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow get /
  ow get /28.000028D70100 /28.000028D70100/temperature

JSON: as of 'dir' or as of 'read'.")]
pub(crate) struct Get {
    /// Directories to list and properties to read.
    #[arg(value_name = "PATH", required = true, value_parser = path_parser())]
    paths: Vec<Path>,
}

impl Get {
    pub(crate) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        // As owget does.
        let client = session.client.with_flags(session.client.flags() | Flags::BUS_LIST);
        for path in &self.paths {
            let path = path.as_bytes();
            match session.answer("get", path, client.get(path))? {
                Some(GetResult::Directory(listing)) => dir::print(path, &listing, session)?,
                Some(GetResult::Value(value)) => {
                    read::print(path, &value, Form::Plain, self.paths.len() > 1, session)?;
                }
                None => {}
            }
        }
        Ok(())
    }
}
