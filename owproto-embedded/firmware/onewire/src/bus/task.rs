use owproto_core::text::RomId;

use super::device::{CacheEntry, Device};
use super::transaction::Transaction;
use crate::devices::switch;
use crate::devices::thermometer::{self, Resolution};
use crate::master::wire::PullUp;

/// Something to do on the wire, for one request or for several.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Task {
    /// Updates the list of devices.
    Search,
    /// Checks whether a device is present.
    Verify,
    /// Lets all thermometers convert.
    ConvertAll,
    /// Lets a thermometer convert, and reads the result.
    Temperature(Resolution),
    Scratchpad,
    /// Reads alarm limits and resolution, as in the EEPROM.
    Settings,
    Power,
    Trim,
    Pio,
    /// Writes one of the settings to scratchpad and EEPROM.
    WriteSetting(Setting, u8),
    /// Switches the channels in `mask`.
    WritePio {
        mask: u8,
        conducting: u8,
    },
}

impl Task {
    /// Whether its result answers all requests that wait for the same task, also those that came later.
    pub(super) const fn is_shared(self) -> bool {
        !matches!(self, Self::Search | Self::WriteSetting(..) | Self::WritePio { .. })
    }

    /// The phase to start with, if the supply of the device is known or not.
    pub(super) const fn first_phase(self, is_power_known: bool) -> Phase {
        match self {
            Self::ConvertAll => Phase::ReadPowerOfAll,
            Self::Temperature(_) if is_power_known => Phase::CheckResolution,
            Self::WriteSetting(..) if is_power_known => Phase::Recall,
            Self::Power | Self::Temperature(_) | Self::WriteSetting(..) => Phase::ReadPower,
            Self::Settings => Phase::Recall,
            Self::Trim => Phase::ReadTrimLow,
            Self::WritePio { mask: 3, .. } => Phase::WritePio,
            Self::Pio | Self::WritePio { .. } => Phase::ReadPio,
            Self::Scratchpad | Self::Search | Self::Verify => Phase::ReadScratchpad,
        }
    }

    /// The cached value that it reads.
    pub(super) const fn cache_entry(self) -> Option<CacheEntry> {
        Some(match self {
            Self::Temperature(resolution) => CacheEntry::temperature(resolution),
            Self::Scratchpad => CacheEntry::Scratchpad,
            Self::Settings => CacheEntry::Settings,
            Self::Power => CacheEntry::Power,
            Self::Trim => CacheEntry::Trim,
            Self::Pio => CacheEntry::Pio,
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
    /// The settings with this one replaced.
    pub(super) const fn replace(self, [high, low, configuration]: [u8; 3], value: u8) -> [u8; 3] {
        match self {
            Self::High => [value, low, configuration],
            Self::Low => [high, value, configuration],
            Self::Configuration => [high, low, value],
        }
    }
}

/// A part of a task: one transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Phase {
    ReadPower,
    /// Checks whether the device has the wanted resolution.
    CheckResolution,
    SetResolution,
    Convert,
    ReadResult,
    /// Recalls the settings from the EEPROM.
    Recall,
    ReadScratchpad,
    WriteScratchpad,
    /// Checks whether the device has accepted what was written.
    VerifyScratchpad,
    CopyScratchpad,
    ReadTrimLow,
    ReadTrimHigh,
    ReadPio,
    WritePio,
    ReadPowerOfAll,
    ConvertAll,
}

impl Phase {
    /// The command, how many of [`RunningTask::bytes`] follow it, and how many bytes are read then.
    const fn exchange(self) -> (u8, u8, u8) {
        let [trim_low, trim_high] = thermometer::READ_TRIM;
        match self {
            Self::ReadPower | Self::ReadPowerOfAll => (thermometer::READ_POWER_SUPPLY, 0, 1),
            Self::CheckResolution | Self::ReadResult | Self::ReadScratchpad | Self::VerifyScratchpad => {
                (thermometer::READ_SCRATCHPAD, 0, 9)
            }
            Self::SetResolution | Self::WriteScratchpad => (thermometer::WRITE_SCRATCHPAD, 3, 0),
            Self::Convert | Self::ConvertAll => (thermometer::CONVERT, 0, 0),
            Self::Recall => (thermometer::RECALL, 0, 0),
            Self::CopyScratchpad => (thermometer::COPY_SCRATCHPAD, 0, 0),
            Self::ReadTrimLow => (trim_low, 0, 1),
            Self::ReadTrimHigh => (trim_high, 0, 1),
            Self::ReadPio => (switch::PIO_ACCESS_READ, 0, 1),
            Self::WritePio => (switch::PIO_ACCESS_WRITE, 2, 1),
        }
    }
}

/// The task that uses the wire.
#[derive(Clone, Debug)]
pub(super) struct RunningTask {
    pub(super) device: Option<RomId>,
    pub(super) task: Task,
    pub(super) phase: Phase,
    /// Bytes to write: settings of a thermometer, or latches of a switch.
    pub(super) bytes: [u8; 3],
    /// The pull-up while the device converts or copies.
    pub(super) pull_up: PullUp,
    pub(super) transaction: Transaction,
}

impl RunningTask {
    /// A task, starting with this phase.
    pub(super) fn new(device: Option<&Device>, task: Task, phase: Phase) -> Self {
        let has_supply = device.is_none_or(|device| device.has_supply);
        let mut running = Self {
            device: device.map(|device| device.id),
            task,
            phase,
            bytes: match task {
                Task::WritePio { conducting, .. } => switch::latches(conducting),
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
        // A DS18S20 has no configuration.
        let has_two_settings = self.device.is_some_and(|device| device.family() == thermometer::DS18S20);
        let len = if has_two_settings { len.min(2) } else { len };
        let write = [command, first, second, third];
        let after = match phase {
            Phase::Convert | Phase::ConvertAll | Phase::CopyScratchpad => self.pull_up,
            _ => PullUp::Weak,
        };
        let write = write.get(..=usize::from(len)).unwrap_or_default();
        self.transaction.begin(self.device, write, read_len, after);
    }
}
