use crate::server::{Answer, LastFrame, ReplyHeader};
use crate::storage::Storage;
use crate::text::RomId;
use crate::tree::bus::Operation;
use crate::tree::engine::list::Listing;
use crate::tree::engine::progress::{Progress, Stop};

/// How far a tree is with the request of one connection.
#[derive(Clone, Debug)]
pub struct Job {
    pub(in crate::tree) phase: Phase,
    /// The bus of the device, once it was found.
    pub(in crate::tree) bus: Option<u16>,
    /// The device of the path; or of a list of devices the one whose entry was begun.
    pub(in crate::tree) device: RomId,
    pub(in crate::tree) operation: Operation,
    /// Whether the bus was looked at anew, for those that want it.
    pub(in crate::tree) is_renewed: bool,
    pub(in crate::tree) progress: Progress,
    /// Of a listing: where it is.
    pub(in crate::tree) listing: Listing,
}

impl Default for Job {
    fn default() -> Self {
        Self::new()
    }
}

impl Job {
    /// Nothing was begun.
    #[must_use]
    pub const fn new() -> Self {
        // Made beforehand.
        const NONE: RomId = RomId::new(0, [0; 6]);
        Self {
            phase: Phase::New,
            bus: None,
            device: NONE,
            operation: Operation(0),
            is_renewed: false,
            progress: Progress::NEW,
            listing: Listing::NEW,
        }
    }

    /// The device of the path and its bus.
    pub(in crate::tree) fn found(&self) -> Option<(RomId, u16)> {
        self.bus.map(|bus| (self.device, bus))
    }

    /// Answers a PRESENCE: eight bytes of payload and a size of 0 (owfs: `data.c`), in any storage that holds a header.
    pub(in crate::tree) fn presence<T: Storage>(&mut self, answer: &mut Answer<'_, T>) -> Result<(), Stop> {
        let bytes = self.found().map_or([0; RomId::LEN], |(device, _)| device.to_bytes());
        if self.progress.full.is_none() {
            let head = ReplyHeader { payload: bytes.len(), ..ReplyHeader::default() };
            if !answer.is_worth_beginning(bytes.len()) || !answer.try_begin(head, LastFrame::Yes) {
                return Err(Stop::NO_ROOM);
            }
            self.progress.full = Some(bytes.len());
        }
        self.progress.at = 0;
        self.progress.pass(&bytes, Some(answer));
        if self.progress.is_pushed() { Ok(()) } else { Err(Stop::NO_ROOM) }
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(in crate::tree) enum Phase {
    #[default]
    New,
    /// The request was looked at, and what is below may wait for something.
    Begun,
    /// It was counted.
    Counted,
    /// All that is left is to say so.
    Failed(Stop),
}
