//! The client, the output and the exit status of a command that talks to a server.

use owproto_std::owproto_core::ServerError;
use owproto_std::owproto_core::message::MAX_BODY_LEN;
use owproto_std::{Client, Error};

use crate::failure::{Failure, Status, print_error};
use crate::hex::upper_hex;
use crate::options::Options;
use crate::output::Output;
use crate::printable::{is_printable, printable};
use crate::server::Server;
use crate::{json, trace};

pub(crate) struct Session {
    /// The client, with the flags and timeouts of the command line.
    pub(crate) client: Client,
    pub(crate) output: Output,
    /// Whether frames are printed to standard error.
    pub(crate) is_verbose: bool,
    server: Server,
    status: Status,
}

impl Session {
    /// Creates the client. It connects with the first request.
    ///
    /// # Errors
    /// [`Failure::Usage`] if options exclude each other or the environment is wrong.
    pub(crate) fn new(options: &Options, output: Output) -> Result<Self, Failure> {
        let server = Server::select(options.server.as_ref(), options.sim.as_ref())?;
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
        Ok(Self { client, output, is_verbose: options.verbose, server, status: Status::Success })
    }

    /// The answer in a result. If the server returned an error, it is reported, and `None` returned.
    ///
    /// `task` is the verb for the message, such as "read".
    ///
    /// # Errors
    /// [`Failure`] if the server did not answer.
    pub(crate) fn answer<T>(
        &mut self,
        task: &str,
        path: &[u8],
        result: Result<T, Error>,
    ) -> Result<Option<T>, Failure> {
        match result {
            Ok(answer) => Ok(Some(answer)),
            Err(Error::Server { error, .. }) => {
                self.report(task, path, error)?;
                Ok(None)
            }
            Err(error) => Err(self.failure(task, path, &error)),
        }
    }

    /// Reports an error that the server returned.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub(crate) fn report(&mut self, task: &str, path: &[u8], error: ServerError) -> Result<(), Failure> {
        self.set_server_error();
        if self.output.is_json() {
            self.output.object(&json::error(path, error))?;
        } else {
            // Keeps the order of results and errors, if both go to the same terminal or file.
            self.output.flush()?;
            print_error(format_args!(
                "cannot {task} {} at {}: {error}",
                printable(or_root(path)),
                self.server.address
            ));
        }
        Ok(())
    }

    /// Sets the exit status that says that the server returned an error.
    pub(crate) fn set_server_error(&mut self) {
        self.status = self.status.max(Status::ServerError);
    }

    /// The failure of a request that the server did not answer, or that cannot be sent.
    pub(crate) fn failure(&mut self, task: &str, path: &[u8], error: &Error) -> Failure {
        // Earlier answers are still printed. If that fails, the original error is the more important one.
        let _ = self.output.flush();
        let path = printable(or_root(path));
        match error {
            Error::Request(error) => Failure::Usage(format!("cannot {task} {path}: {error}")),
            error => Failure::Connection(format!("cannot {task} {path}: {}", self.server.explain(error))),
        }
    }

    /// The same for a request without a path.
    pub(crate) fn failure_without_path(&self, error: &Error) -> Failure {
        Failure::Connection(self.server.explain(error))
    }

    /// Writes what is left, and returns the exit status.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub(crate) fn finish(mut self) -> Result<Status, Failure> {
        self.output.flush()?;
        Ok(self.status)
    }

    /// Prints a value, with a line end on a terminal or if it is one of several.
    ///
    /// # Errors
    /// [`Failure::Output`].
    pub(crate) fn print_value(
        &mut self,
        value: &[u8],
        form: Form,
        is_one_of_several: bool,
    ) -> Result<(), Failure> {
        let is_terminal = self.output.is_terminal();
        let hex;
        let shown = match form {
            Form::Raw => return Ok(self.output.bytes(value)?),
            Form::Plain if !is_terminal || is_printable(value) => value,
            Form::Plain | Form::Hex => {
                hex = upper_hex(value);
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
    /// Unchanged, but in hexadecimal on a terminal if it is not text.
    Plain,
    /// In hexadecimal.
    Hex,
    /// Unchanged, and without a line end.
    Raw,
}

/// A path for a message: the empty one is the root.
fn or_root(path: &[u8]) -> &[u8] {
    if path.is_empty() { b"/" } else { path }
}
