//! `ow errors`

use std::io;

use anstyle::AnsiColor;
use owproto_std::owproto_core::ReturnCode;
use owproto_std::owproto_core::message::OwserverText;
use serde_json::json;

use crate::args::Errors;
use crate::exit::{End, Status};
use crate::output::Output;

/// Lists the return codes, or one.
pub(crate) fn run(args: &Errors, mut output: Output) -> Result<Status, End> {
    match args.code {
        Some(code) => print(ReturnCode::from_code(code.unsigned_abs()), &mut output)?,
        None => {
            let all = 0..=OwserverText::LAST.code();
            all.map(ReturnCode::from_code).try_for_each(|code| print(code, &mut output))?;
        }
    }
    output.flush()?;
    Ok(Status::Done)
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
