//! `ow errors`

use std::io;

use anstyle::AnsiColor;
use owproto_std::owproto_core::ReturnCode;
use owproto_std::owproto_core::message::OwserverText;
use serde_json::json;

use crate::failure::{Failure, Status};
use crate::output::Output;

/// List the error codes of owserver, or explain one; needs no server.
///
/// Print the number of each code, its name in C, owserver's own text, and what the code means.
#[derive(clap::Args, Debug)]
#[command(after_help = "Examples:
  ow errors
  ow errors 21
  ow --json errors -42

JSON: {\"code\":N,\"name\":TEXT OR null,\"text\":..,\"sentence\":TEXT OR null}")]
pub(crate) struct Errors {
    /// Code to explain, 0 to 210, with or without a minus sign.
    #[arg(value_name = "CODE", value_parser = clap::value_parser!(i32).range(-210..=210), allow_negative_numbers = true)]
    code: Option<i32>,
}

impl Errors {
    pub(crate) fn run(&self, mut output: Output) -> Result<Status, Failure> {
        match self.code {
            Some(code) => print(ReturnCode::from_code(code.unsigned_abs()), &mut output)?,
            None => {
                let all = 0..=OwserverText::LAST.code();
                all.map(ReturnCode::from_code).try_for_each(|code| print(code, &mut output))?;
            }
        }
        output.flush()?;
        Ok(Status::Success)
    }
}

fn print(code: ReturnCode, output: &mut Output) -> io::Result<()> {
    let (number, name, text, sentence) =
        (code.code(), code.name(), code.owserver_text().to_string(), code.sentence());
    if output.is_json() {
        let object = json!({ "code": number, "name": name, "text": text, "sentence": sentence });
        return output.object(&object);
    }
    let number = output.styled(AnsiColor::Yellow.on_default(), format!("{number:>3}"));
    let name = name.unwrap_or_default();
    match sentence {
        Some(sentence) => output.line(format_args!("{number}  {name:13}  {text:43}  {sentence}")),
        None => output.line(format_args!("{number}  {name:13}  {text}")),
    }
}
