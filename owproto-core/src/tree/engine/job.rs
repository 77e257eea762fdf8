use super::list::cursor::ListingProgress;
use super::progress::AnswerProgress;
use super::stop::StopReason;
use crate::text::RomId;
use crate::tree::builtin::statistics::count;
use crate::tree::bus::Operation;

/// What a [`Tree`](crate::tree::Tree) keeps of the request that it is answering. Each connection has one.
#[derive(Clone, Debug)]
pub struct Job {
    pub(super) phase: Phase,
    /// The bus of the device, once it was found.
    pub(super) bus: Option<u16>,
    /// The device of the path. For a list of devices: the one whose entry was started.
    pub(super) device: RomId,
    pub(super) operation: Operation,
    /// Whether the bus was searched again, for a request that wants that.
    pub(super) is_refreshed: bool,
    pub(super) progress: AnswerProgress,
    pub(super) listing: ListingProgress,
}

/// How far a request is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Phase {
    /// There is no request.
    #[default]
    Idle,
    /// The request has its operation.
    Started,
    /// The request was added to the statistics.
    Counted,
    /// The request failed, and the error is not sent yet.
    Failed(StopReason),
}

impl Default for Job {
    fn default() -> Self {
        Self::new()
    }
}

impl Job {
    /// Without a request.
    #[must_use]
    pub const fn new() -> Self {
        // Evaluated when the crate is compiled.
        const NO_DEVICE: RomId = RomId::new(0, [0; 6]);
        Self {
            phase: Phase::Idle,
            bus: None,
            device: NO_DEVICE,
            operation: Operation(0),
            is_refreshed: false,
            progress: AnswerProgress::NEW,
            listing: ListingProgress::NEW,
        }
    }

    /// The device of the path and its bus, once it was found.
    pub(super) fn found(&self) -> Option<(RomId, u16)> {
        self.bus.map(|bus| (self.device, bus))
    }

    /// Counts the request, once.
    pub(super) fn count_call(&mut self, counter: &mut u32) {
        if matches!(self.phase, Phase::Started) {
            self.phase = Phase::Counted;
            count(counter, 1);
        }
    }
}
