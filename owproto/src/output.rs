//! Standard output: text or JSON.

use std::fmt;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::Style;
use serde_json::Value;

use crate::printable::printable;

/// Standard output, buffered. Bytes go through it unchanged.
pub(crate) struct Output {
    stdout: BufWriter<StdoutLock<'static>>,
    is_terminal: bool,
    has_colours: bool,
    is_json: bool,
}

impl Output {
    /// Standard output, for JSON or for text.
    pub(crate) fn new(is_json: bool) -> Self {
        let stdout = io::stdout();
        Self {
            is_terminal: stdout.is_terminal(),
            has_colours: AutoStream::choice(&stdout) != ColorChoice::Never,
            stdout: BufWriter::with_capacity(64 * 1024, stdout.lock()),
            is_json,
        }
    }

    /// Whether it is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        self.is_terminal
    }

    /// Whether JSON is wanted.
    pub(crate) fn is_json(&self) -> bool {
        self.is_json
    }

    /// Prints a JSON object and a line end.
    pub(crate) fn object(&mut self, object: &Value) -> io::Result<()> {
        writeln!(self.stdout, "{object}")
    }

    /// Prints a line of text.
    pub(crate) fn line(&mut self, line: impl fmt::Display) -> io::Result<()> {
        writeln!(self.stdout, "{line}")
    }

    /// Prints bytes unchanged.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stdout.write_all(bytes)
    }

    /// Prints a name from the server and a line end. On a terminal, control characters are escaped.
    pub(crate) fn name_line(&mut self, name: &[u8]) -> io::Result<()> {
        if self.is_terminal {
            return self.line(printable(name));
        }
        self.bytes(name)?;
        self.bytes(b"\n")
    }

    /// Writes everything that is buffered.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }

    /// Text in a style, if the output has colours.
    pub(crate) fn styled<T: fmt::Display>(&self, style: Style, text: T) -> Styled<T> {
        Styled { style: if self.has_colours { style } else { Style::new() }, text }
    }
}

/// Text between the escape sequences of a style.
pub(crate) struct Styled<T> {
    style: Style,
    text: T,
}

impl<T: fmt::Display> fmt::Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = self.style;
        write!(f, "{style}{}{style:#}", self.text)
    }
}
