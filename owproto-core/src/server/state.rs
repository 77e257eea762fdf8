use super::end::End;
use crate::time::Instant;

/// The state of a server's connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    /// Between two requests, or before the first.
    Waiting { since: Instant, idle_low_passed: bool },
    /// Within a request.
    Receiving { started: Instant, last_input: Instant },
    /// Within an answer.
    Answering,
    /// No more requests are taken.
    Ended(End),
}
