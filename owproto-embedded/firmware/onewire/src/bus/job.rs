use owproto_core::ReturnCode;
use owproto_core::text::RomId;
use owproto_core::tree::Operation;

use super::device::{Device, Kept};
use crate::bus::transaction::Transaction;
use crate::devices::switch;
use crate::devices::thermometer::{self as thermometer, Resolution};
use crate::master::wire::PullUp;

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

    /// Where it begins, with a device whose supply is known or not.
    pub(super) const fn first_phase(self, knows_power: bool) -> Phase {
        match self {
            Self::ConvertAll => Phase::PowerOfAll,
            Self::Temperature(_) if knows_power => Phase::Check,
            Self::WriteSetting(..) if knows_power => Phase::Recall,
            Self::Power | Self::Temperature(_) | Self::WriteSetting(..) => Phase::Power,
            Self::Settings => Phase::Recall,
            Self::Trim => Phase::TrimLow,
            Self::WritePio { mask: 3, .. } => Phase::PioWrite,
            Self::Pio | Self::WritePio { .. } => Phase::PioRead,
            Self::Scratchpad | Self::Search | Self::Verify => Phase::Read,
        }
    }

    /// What it brings into the memory of the device.
    pub(super) const fn brings(self) -> Option<Kept> {
        Some(match self {
            Self::Temperature(resolution) => Kept::temperature(resolution),
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

impl Phase {
    /// The command, how many of [`Running::bytes`] are sent behind it, and how many bytes are read then.
    const fn exchange(self) -> (u8, u8, u8) {
        let [trim_low, trim_high] = thermometer::READ_TRIM;
        match self {
            Self::Power | Self::PowerOfAll => (thermometer::READ_POWER_SUPPLY, 0, 1),
            Self::Check | Self::Result | Self::Read | Self::Compare => (thermometer::READ_SCRATCHPAD, 0, 9),
            Self::Configure | Self::Write => (thermometer::WRITE_SCRATCHPAD, 3, 0),
            Self::Convert | Self::ConvertAll => (thermometer::CONVERT, 0, 0),
            Self::Recall => (thermometer::RECALL, 0, 0),
            Self::Copy => (thermometer::COPY_SCRATCHPAD, 0, 0),
            Self::TrimLow => (trim_low, 0, 1),
            Self::TrimHigh => (trim_high, 0, 1),
            Self::PioRead => (switch::PIO_ACCESS_READ, 0, 1),
            Self::PioWrite => (switch::PIO_ACCESS_WRITE, 2, 1),
        }
    }
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
    /// A job from a phase on.
    pub(super) fn new(device: Option<&Device>, job: Job, phase: Phase) -> Self {
        let has_supply = device.is_none_or(|device| device.has_supply);
        let mut running = Self {
            device: device.map(|device| device.id),
            job,
            phase,
            bytes: match job {
                Job::WritePio { conducting, .. } => switch::latches(conducting),
                _ => [0; 3],
            },
            pull_up: if has_supply { PullUp::Weak } else { PullUp::Strong },
            transaction: Transaction::new(),
        };
        running.begin(phase);
        running
    }

    /// Begins the transaction of a phase.
    pub(super) fn begin(&mut self, phase: Phase) {
        self.phase = phase;
        let (command, len, read_len) = phase.exchange();
        let [first, second, third] = self.bytes;
        let is_short = self.device.is_some_and(|device| device.family() == thermometer::DS18S20);
        // A DS18S20 has no configuration.
        let len = if is_short { len.min(2) } else { len };
        let write = [command, first, second, third];
        let after = match phase {
            Phase::Convert | Phase::ConvertAll | Phase::Copy => self.pull_up,
            _ => PullUp::Weak,
        };
        let write = write.get(..=usize::from(len)).unwrap_or_default();
        self.transaction.begin(self.device, write, read_len, after);
    }
}
