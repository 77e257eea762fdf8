use owproto_core::ReturnCode;
use owproto_core::text::RomId;

use super::search::Search;
use super::task::RunningTask;

/// What uses the wire.
#[derive(Clone, Debug, Default)]
pub(super) enum Activity {
    #[default]
    Idle,
    Search(Search, SearchPurpose),
    Task(RunningTask),
}

/// Why a search runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SearchPurpose {
    /// To update the list of devices.
    List,
    /// To find the devices in alarm.
    Alarms,
    /// To find a device that is not in the list, for a [`Probe`].
    Probe(RomId),
    /// To check whether a device is present, for a waiter.
    Verify(RomId),
}

/// Which devices are in alarm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Alarms {
    Unknown,
    Requested,
    /// The result of the search. If it succeeded, the devices know.
    Known(Result<(), ReturnCode>),
}

/// A conversion of all thermometers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SimultaneousConversion {
    Idle,
    Requested,
    Running,
    /// The result, for the requests that wait for it.
    Done(Result<(), ReturnCode>),
}

/// A request for a device that is not in the list. There is one probe at a time; further requests wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Probe {
    pub(super) device: RomId,
    /// The result, which is kept for the requests that wait for it ([`Timer::Probe`](super::timers::Timer::Probe)).
    pub(super) outcome: Option<Result<(), ReturnCode>>,
    /// A request has received the result.
    pub(super) is_delivered: bool,
}

impl Probe {
    pub(super) const fn new(device: RomId) -> Self {
        Self { device, outcome: None, is_delivered: false }
    }
}
