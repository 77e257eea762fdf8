//! What the commands that ask a server have in common.

use owproto_std::owproto_core::ServerError;
use owproto_std::owproto_core::message::MAX_BODY_LEN;
use owproto_std::{Client, Error};

use crate::args::Options;
use crate::bytes::printable;
use crate::exit::{End, Status, complain};
use crate::output::Output;
use crate::server::Server;
use crate::{json, trace};

/// A client, where its answers go, and how it went so far.
pub(crate) struct Session {
    /// The client, with the flags and timeouts of the command line.
    pub(crate) client: Client,
    /// Standard output.
    pub(crate) output: Output,
    /// Whether frames are shown on standard error.
    pub(crate) is_verbose: bool,
    server: Server,
    status: Status,
}

impl Session {
    /// A client as the options describe it. Nothing is sent yet.
    ///
    /// # Errors
    /// [`End::Usage`] if the options contradict one another, or the environment names no server that can be.
    pub(crate) fn new(options: &Options, output: Output) -> Result<Self, End> {
        let server = Server::choose(options.server.as_ref(), options.sim.as_ref())?;
        let mut builder = Client::builder()
            .address(server.address.clone())
            .flags(options.flags()?)
            .persistent(!options.no_persistence)
            .payload_limit(MAX_BODY_LEN);
        if let Some(timeout) = options.timeout {
            builder = builder.total_timeout(timeout);
        }
        if let Some(inactivity) = options.inactivity {
            builder = builder.inactivity_timeout(inactivity);
        }
        if options.verbose {
            builder = builder.tap(trace::to_stderr());
        }
        let client = builder.build();
        Ok(Self { client, output, is_verbose: options.verbose, server, status: Status::Done })
    }

    /// What the server answered, if it said yes; otherwise its no is reported, and `None` given.
    ///
    /// `task` is the verb for the message: "read".
    ///
    /// # Errors
    /// [`End`] if the server did not answer.
    pub(crate) fn answer<T>(
        &mut self,
        task: &str,
        path: &[u8],
        result: Result<T, Error>,
    ) -> Result<Option<T>, End> {
        match result {
            Ok(answer) => Ok(Some(answer)),
            Err(Error::Server { error, .. }) => {
                self.refuse(task, path, error)?;
                Ok(None)
            }
            Err(error) => Err(self.failure(task, path, &error)),
        }
    }

    /// Reports that the server said no.
    ///
    /// # Errors
    /// [`End::Output`].
    pub(crate) fn refuse(&mut self, task: &str, path: &[u8], error: ServerError) -> Result<(), End> {
        self.set_refused();
        if self.output.is_json() {
            self.output.object(&json::error(path, error))?;
        } else {
            // In the order in which it happened, where both go to the same place.
            self.output.flush()?;
            complain(format_args!(
                "cannot {task} {} at {}: {error}",
                printable(named(path)),
                self.server.address
            ));
        }
        Ok(())
    }

    /// Takes note that the server said no.
    pub(crate) fn set_refused(&mut self) {
        self.status = self.status.max(Status::Refused);
    }

    /// The end, because the server did not answer or the request cannot be made.
    pub(crate) fn failure(&mut self, task: &str, path: &[u8], error: &Error) -> End {
        // What was answered before counts. If it cannot be written, that is the lesser evil.
        let _ = self.output.flush();
        let path = printable(named(path));
        match error {
            Error::Request(error) => End::Usage(format!("cannot {task} {path}: {error}")),
            error => End::Failed(format!("cannot {task} {path}: {}", self.server.explain(error))),
        }
    }

    /// As [`failure`](Self::failure), for what has no path.
    pub(crate) fn failure_without_path(&self, error: &Error) -> End {
        End::Failed(self.server.explain(error))
    }

    /// Writes what is left and gives the exit status.
    ///
    /// # Errors
    /// [`End::Output`].
    pub(crate) fn finish(mut self) -> Result<Status, End> {
        self.output.flush()?;
        Ok(self.status)
    }

    /// Prints a value. It is followed by a line end on a terminal or if it is one of several.
    ///
    /// # Errors
    /// [`End::Output`].
    pub(crate) fn print_value(
        &mut self,
        value: &[u8],
        form: Form,
        is_one_of_several: bool,
    ) -> Result<(), End> {
        let is_terminal = self.output.is_terminal();
        let hex;
        let shown = match form {
            Form::Raw => return Ok(self.output.bytes(value)?),
            Form::Plain if !is_terminal || crate::bytes::is_printable(value) => value,
            Form::Plain | Form::Hex => {
                hex = crate::bytes::upper_hex(value);
                hex.as_bytes()
            }
        };
        self.output.bytes(shown)?;
        if (is_terminal || is_one_of_several) && !shown.ends_with(b"\n") {
            self.output.bytes(b"\n")?;
        }
        Ok(())
    }
}

/// How a value is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// As it is; on a terminal only if it is text.
    Plain,
    /// In hexadecimal.
    Hex,
    /// As it is, with nothing added, wherever it goes.
    Raw,
}

/// A path for a message: the empty one is the root.
fn named(path: &[u8]) -> &[u8] {
    if path.is_empty() { b"/" } else { path }
}
