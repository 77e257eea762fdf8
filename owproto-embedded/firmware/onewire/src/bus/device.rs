use owproto_core::text::RomId;

use super::timers::lifetime;
use crate::devices::switch::PioState;
use crate::devices::thermometer::{Resolution, Scratchpad, Trim};

/// A device of the list, with its cached values.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) id: RomId,
    /// The current search has found it.
    pub(super) was_found: bool,
    pub(super) is_in_alarm: bool,
    /// It converts at this resolution, or has done so and the result is to be read.
    pub(super) converting: Option<Resolution>,
    /// Failed attempts before this conversion.
    pub(super) attempts: u8,
    /// Microseconds for which it cannot be addressed.
    pub(super) busy_micros: u32,
    pub(super) scratchpad: Scratchpad,
    /// Alarm limits and configuration, as in the EEPROM.
    pub(super) settings: [u8; 3],
    /// In sixteenths of a degree, by resolution.
    temperatures: [i16; 4],
    pub(super) has_supply: bool,
    pub(super) trim: Trim,
    pub(super) pio: PioState,
    /// Microseconds for which cached values are valid, by [`CacheEntry`].
    valid_micros: [u32; CacheEntry::COUNT],
}

/// A cached value of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum CacheEntry {
    // Temperatures, by resolution.
    Nine,
    Ten,
    Eleven,
    Twelve,
    Scratchpad,
    Settings,
    Power,
    Trim,
    Pio,
}

impl CacheEntry {
    const COUNT: usize = 9;

    pub(super) const fn temperature(resolution: Resolution) -> Self {
        match resolution {
            Resolution::Nine => Self::Nine,
            Resolution::Ten => Self::Ten,
            Resolution::Eleven => Self::Eleven,
            Resolution::Twelve => Self::Twelve,
        }
    }

    const fn index(self) -> usize {
        self as usize
    }
}

// Not inlined, and not generic over the number of devices: these have many callers, and flash is scarce.

/// The device with this ROM id.
#[inline(never)]
pub(super) fn find(devices: &[Option<Device>], id: RomId) -> Option<&Device> {
    devices.iter().flatten().find(|device| device.id == id)
}

/// The device with this ROM id, mutably.
#[inline(never)]
pub(super) fn find_mut(devices: &mut [Option<Device>], id: RomId) -> Option<&mut Device> {
    devices.iter_mut().flatten().find(|device| device.id == id)
}

impl Device {
    pub(super) fn new(id: RomId) -> Self {
        Self {
            id,
            was_found: true,
            is_in_alarm: false,
            converting: None,
            attempts: 0,
            busy_micros: 0,
            scratchpad: Scratchpad::default(),
            settings: [0; 3],
            temperatures: [0; 4],
            has_supply: false,
            trim: Trim::default(),
            pio: PioState::default(),
            valid_micros: [0; CacheEntry::COUNT],
        }
    }

    /// Whether it can be addressed, and has no result to be read.
    pub(super) fn is_free(&self) -> bool {
        self.converting.is_none() && self.busy_micros == 0
    }

    /// Whether a value is cached and valid.
    pub(super) fn has(&self, entry: CacheEntry) -> bool {
        self.valid_micros.get(entry.index()).is_some_and(|left| *left > 0)
    }

    /// Makes a cached value valid, because it has just been read.
    pub(super) fn keep(&mut self, entry: CacheEntry) {
        if let Some(left) = self.valid_micros.get_mut(entry.index()) {
            *left = if entry == CacheEntry::Settings { lifetime::STABLE } else { lifetime::VOLATILE };
        }
    }

    pub(super) fn invalidate(&mut self, entry: CacheEntry) {
        if let Some(left) = self.valid_micros.get_mut(entry.index()) {
            *left = 0;
        }
    }

    pub(super) fn invalidate_all(&mut self) {
        self.valid_micros = [0; CacheEntry::COUNT];
    }

    /// Invalidates temperatures and scratchpad, because a conversion changes them.
    pub(super) fn invalidate_temperatures(&mut self) {
        for left in self.valid_micros.iter_mut().take(CacheEntry::Settings.index()) {
            *left = 0;
        }
    }

    pub(super) fn keep_scratchpad(&mut self, scratchpad: Scratchpad) {
        self.scratchpad = scratchpad;
        self.keep(CacheEntry::Scratchpad);
    }

    pub(super) fn keep_temperature(&mut self, resolution: Resolution, temperature: i16) {
        let entry = CacheEntry::temperature(resolution);
        if let Some(cached) = self.temperatures.get_mut(entry.index()) {
            *cached = temperature;
        }
        self.keep(entry);
    }

    /// The cached temperature in sixteenths of a degree.
    pub(super) fn temperature(&self, resolution: Resolution) -> i16 {
        self.temperatures.get(CacheEntry::temperature(resolution).index()).copied().unwrap_or_default()
    }

    pub(super) fn count_down(&mut self, passed: u32) {
        self.busy_micros = self.busy_micros.saturating_sub(passed);
        for left in &mut self.valid_micros {
            *left = left.saturating_sub(passed);
        }
    }
}
