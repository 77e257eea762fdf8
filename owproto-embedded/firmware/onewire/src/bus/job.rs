use owproto_core::ReturnCode;
use owproto_core::text::RomId;
use owproto_core::tree::Operation;

use super::device::{Device, Kept};
use crate::switch;
use crate::thermometer::{self as thermometer, Resolution};
use crate::transaction::Transaction;
use crate::wire::PullUp;

/// What is to be done on the wire.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Job {
    /// Finds out which devices there are.
    Search,
    /// Finds out whether a device is there.
    Verify,
    /// A conversion of all thermometers.
    ConvertAll,
    /// A conversion, and its result.
    Temperature(Resolution),
    Scratchpad,
    /// Alarm limits and resolution, as they are in the EEPROM.
    Settings,
    Power,
    Trim,
    Pio,
    /// Writes one of the settings to scratchpad and EEPROM.
    WriteSetting(Setting, u8),
    /// Has the channels in the mask conduct or not.
    WritePio {
        mask: u8,
        conducting: u8,
    },
}

impl Job {
    /// Whether one answer does for all that ask.
    const fn is_shared(self) -> bool {
        !matches!(self, Self::Search | Self::WriteSetting(..) | Self::WritePio { .. })
    }

    /// What it brings into the memory of the device.
    pub(super) const fn brings(self) -> Option<Kept> {
        Some(match self {
            Self::Temperature(resolution) => Kept::Temperature(resolution),
            Self::Scratchpad => Kept::Scratchpad,
            Self::Settings => Kept::Settings,
            Self::Power => Kept::Power,
            Self::Trim => Kept::Trim,
            Self::Pio => Kept::Pio,
            _ => return None,
        })
    }
}

/// A setting of a thermometer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Setting {
    High,
    Low,
    Configuration,
}

impl Setting {
    /// The settings with this one changed.
    pub(super) const fn put(self, [high, low, configuration]: [u8; 3], value: u8) -> [u8; 3] {
        match self {
            Self::High => [value, low, configuration],
            Self::Low => [high, value, configuration],
            Self::Configuration => [high, low, value],
        }
    }
}

/// An operation that waits for a job.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) operation: Operation,
    /// `None`: the whole bus.
    pub(super) device: Option<RomId>,
    pub(super) job: Job,
    pub(super) progress: Progress,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    Queued,
    Begun,
    Done(Result<(), ReturnCode>),
}

impl Waiting {
    /// Whether the end of a job is what this one waits for.
    pub(super) fn is_for(&self, device: Option<RomId>, job: Job) -> bool {
        let is_begun = match self.progress {
            Progress::Queued => job.is_shared(),
            Progress::Begun => true,
            Progress::Done(_) => false,
        };
        is_begun && self.device == device && self.job == job
    }
}

/// A part of a job: one transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    /// Has it a supply of its own?
    Power,
    /// Is its resolution the wanted one?
    Check,
    Configure,
    Convert,
    Result,
    Recall,
    Read,
    Write,
    /// Did it take what was written?
    Compare,
    Copy,
    TrimLow,
    TrimHigh,
    PioRead,
    PioWrite,
    PowerOfAll,
    ConvertAll,
}

/// The job that has the wire.
#[derive(Clone, Debug)]
pub(super) struct Running {
    pub(super) device: Option<RomId>,
    pub(super) job: Job,
    pub(super) phase: Phase,
    /// What is to be written: settings of a thermometer, or the channels of a switch.
    pub(super) bytes: [u8; 3],
    /// The pull-up while the device works.
    pub(super) pull_up: PullUp,
    pub(super) transaction: Transaction,
}

impl Running {
    /// A job from its first phase on.
    pub(super) fn new(device: Option<&Device>, job: Job, knows_power: bool) -> Self {
        let phase = match job {
            Job::ConvertAll => Phase::PowerOfAll,
            Job::Power => Phase::Power,
            Job::Temperature(_) if knows_power => Phase::Check,
            Job::WriteSetting(..) if knows_power => Phase::Recall,
            Job::Temperature(_) | Job::WriteSetting(..) => Phase::Power,
            Job::Settings => Phase::Recall,
            Job::Trim => Phase::TrimLow,
            Job::WritePio { mask: 3, .. } => Phase::PioWrite,
            Job::Pio | Job::WritePio { .. } => Phase::PioRead,
            Job::Scratchpad | Job::Search | Job::Verify => Phase::Read,
        };
        let has_supply = device.is_none_or(|device| device.has_supply);
        let mut running = Self {
            device: device.map(|device| device.id),
            job,
            phase,
            bytes: match job {
                Job::WritePio { conducting, .. } => [conducting, 0, 0],
                _ => [0; 3],
            },
            pull_up: if has_supply { PullUp::Weak } else { PullUp::Strong },
            transaction: Transaction::new(None, [0; 4], 0, 0),
        };
        running.begin(phase);
        running
    }

    /// The end of a conversion that was begun before.
    pub(super) fn result(device: &Device, resolution: Resolution) -> Self {
        let mut running = Self::new(Some(device), Job::Temperature(resolution), true);
        running.begin(Phase::Result);
        running
    }

    /// Makes the transaction of a phase.
    pub(super) fn begin(&mut self, phase: Phase) {
        self.phase = phase;
        let [high, low, configuration] = self.bytes;
        let is_short = self.device.is_some_and(|device| device.family() == thermometer::DS18S20);
        let [trim_low, trim_high] = thermometer::READ_TRIM;
        let (write, write_len, read_len) = match phase {
            Phase::Power | Phase::PowerOfAll => ([thermometer::READ_POWER_SUPPLY, 0, 0, 0], 1, 1),
            Phase::Check | Phase::Result | Phase::Read | Phase::Compare => {
                ([thermometer::READ_SCRATCHPAD, 0, 0, 0], 1, 9)
            }
            Phase::Configure | Phase::Write => (
                [thermometer::WRITE_SCRATCHPAD, high, low, configuration],
                // A DS18S20 has no configuration.
                if is_short { 3 } else { 4 },
                0,
            ),
            Phase::Convert | Phase::ConvertAll => ([thermometer::CONVERT, 0, 0, 0], 1, 0),
            Phase::Recall => ([thermometer::RECALL, 0, 0, 0], 1, 0),
            Phase::Copy => ([thermometer::COPY_SCRATCHPAD, 0, 0, 0], 1, 0),
            Phase::TrimLow => ([trim_low, 0, 0, 0], 1, 1),
            Phase::TrimHigh => ([trim_high, 0, 0, 0], 1, 1),
            Phase::PioRead => ([switch::PIO_ACCESS_READ, 0, 0, 0], 1, 1),
            Phase::PioWrite => (switch::write_bytes(high), 3, 1),
        };
        let after = match phase {
            Phase::Convert | Phase::ConvertAll | Phase::Copy => self.pull_up,
            _ => PullUp::Weak,
        };
        self.transaction = Transaction::new(self.device, write, write_len, read_len).then(after);
    }
}
