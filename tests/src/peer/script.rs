//! The steps of a script.

use std::fmt;
use std::sync::Arc;

use owproto_core::wire::Flags;

use crate::frames::{self, Frame};

/// What a peer does on one connection, step by step.
///
/// After its last step it closes the connection, as [`close`](Self::close) does.
#[derive(Clone, Debug, Default)]
pub struct Script {
    pub(super) opening: Opening,
    pub(super) steps: Vec<Step>,
}

/// What happens when the connection is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Opening {
    /// The peer accepts it immediately.
    #[default]
    Accept,
    /// The peer accepts it after this number of milliseconds.
    AcceptAfter(u64),
    /// The peer refuses it.
    Refuse,
    /// The peer never answers: connecting lasts until the client gives up.
    Ignore,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Expect(Vec<u8>),
    ExpectRequest(&'static str),
    Read(usize),
    ReadRequest,
    ReadToEnd,
    Send(Vec<u8>),
    /// In microseconds.
    Pause(u64),
    Respond {
        count: usize,
        /// In microseconds.
        delay: u64,
        answer: Answer,
    },
    Serve(Answer),
    FinishSending,
    Stall,
    ZeroWindow,
    Close,
    Reset,
}

/// Makes the answer to a request.
#[derive(Clone)]
pub(super) struct Answer(pub(super) Arc<AnswerFn>);

type AnswerFn = dyn Fn(&[u8]) -> Vec<u8> + Send + Sync;

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Answer(..)")
    }
}

impl Script {
    /// A script without steps: the connection is accepted and closed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A connection that the peer refuses. Not over TCP.
    #[must_use]
    pub fn refuse() -> Self {
        Self { opening: Opening::Refuse, steps: Vec::new() }
    }

    /// A connection that is neither accepted nor refused, as if the host were down. Not over TCP.
    #[must_use]
    pub fn ignore() -> Self {
        Self { opening: Opening::Ignore, steps: Vec::new() }
    }

    /// Accepts the connection only after this number of milliseconds. Not over TCP.
    #[must_use]
    pub fn accepted_after_ms(mut self, millis: u64) -> Self {
        self.opening = Opening::AcceptAfter(millis);
        self
    }

    /// What happens when the connection is made.
    #[must_use]
    pub fn opening(&self) -> Opening {
        self.opening
    }

    /// Reads exactly these bytes; others are a failure.
    #[must_use]
    pub fn expect(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Expect(bytes.into()))
    }

    /// Reads one request, which must have this [text](frames::request_text).
    #[must_use]
    pub fn expect_request(self, text: &'static str) -> Self {
        self.step(Step::ExpectRequest(text))
    }

    /// Reads this number of bytes.
    #[must_use]
    pub fn read(self, count: usize) -> Self {
        self.step(Step::Read(count))
    }

    /// Reads one request: a header, and as many bytes as it announces, tokens included.
    #[must_use]
    pub fn read_request(self) -> Self {
        self.step(Step::ReadRequest)
    }

    /// Reads until the client closes.
    #[must_use]
    pub fn read_to_end(self) -> Self {
        self.step(Step::ReadToEnd)
    }

    /// Sends these bytes in one piece.
    #[must_use]
    pub fn send(self, bytes: impl AsRef<[u8]>) -> Self {
        self.step(Step::Send(bytes.as_ref().to_vec()))
    }

    /// Sends each piece with a write of its own, with a pause of this number of milliseconds between two of them. Without
    /// a pause the client may still receive several pieces in one read.
    #[must_use]
    pub fn send_pieces<P: AsRef<[u8]>>(self, pieces: impl IntoIterator<Item = P>, pause_millis: u64) -> Self {
        pieces.into_iter().enumerate().fold(self, |script, (number, piece)| {
            let script = if number > 0 { script.pause_ms(pause_millis) } else { script };
            script.send(piece)
        })
    }

    /// Sends a keepalive.
    #[must_use]
    pub fn keepalive(self) -> Self {
        self.reply(frames::keepalive())
    }

    /// Sends frames that grant persistence.
    #[must_use]
    pub fn reply(self, frames: impl AsRef<[Frame]>) -> Self {
        self.send(frames::persistent(frames))
    }

    /// Sends frames that do not grant persistence.
    #[must_use]
    pub fn reply_nonpersistent(self, frames: impl AsRef<[Frame]>) -> Self {
        self.send(frames::encode(frames, Flags::NONE))
    }

    /// Reads one request, and answers it with frames that grant persistence.
    #[must_use]
    pub fn answer(self, frames: impl AsRef<[Frame]>) -> Self {
        self.read_request().reply(frames)
    }

    /// As [`answer`](Self::answer), for a request that must have this text.
    #[must_use]
    pub fn exchange(self, request: &'static str, frames: impl AsRef<[Frame]>) -> Self {
        self.expect_request(request).reply(frames)
    }

    /// As [`exchange`](Self::exchange), with frames that do not grant persistence.
    #[must_use]
    pub fn exchange_nonpersistent(self, request: &'static str, frames: impl AsRef<[Frame]>) -> Self {
        self.expect_request(request).reply_nonpersistent(frames)
    }

    /// Reads this number of requests, one after the other, and sends what `answer` makes of each after this number of
    /// milliseconds.
    #[must_use]
    pub fn respond(
        self,
        count: usize,
        delay_millis: u64,
        answer: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
    ) -> Self {
        self.step(Step::Respond { count, delay: delay_millis * 1000, answer: Answer(Arc::new(answer)) })
    }

    /// Reads requests and sends what `answer` makes of each, until the client closes between two requests.
    #[must_use]
    pub fn serve(self, answer: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Self {
        self.step(Step::Serve(Answer(Arc::new(answer))))
    }

    /// Does nothing for this number of milliseconds.
    #[must_use]
    pub fn pause_ms(self, millis: u64) -> Self {
        self.step(Step::Pause(millis * 1000))
    }

    /// Sends FIN. The script can still read.
    #[must_use]
    pub fn finish_sending(self) -> Self {
        self.step(Step::FinishSending)
    }

    /// Keeps the connection open without reading or sending, until the test ends.
    #[must_use]
    pub fn stall(self) -> Self {
        self.step(Step::Stall)
    }

    /// Stalls with a receive window of zero: the client cannot send a byte more. Not over TCP.
    #[must_use]
    pub fn zero_window(self) -> Self {
        self.step(Step::ZeroWindow)
    }

    /// Closes the connection with FIN. Over TCP it reads what has arrived first, since closing with unread bytes would
    /// reset; bytes that arrive later are answered by a reset, as those of any program.
    #[must_use]
    pub fn close(self) -> Self {
        self.step(Step::Close)
    }

    /// Closes the connection with RST.
    #[must_use]
    pub fn reset(self) -> Self {
        self.step(Step::Reset)
    }

    /// Appends the steps of another script.
    #[must_use]
    pub fn then(mut self, next: Self) -> Self {
        self.steps.extend(next.steps);
        self
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}
