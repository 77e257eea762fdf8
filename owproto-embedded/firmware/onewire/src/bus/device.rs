use owproto_core::text::RomId;

use super::timers::keep;
use crate::devices::switch::PioState;
use crate::devices::thermometer::{Resolution, Scratchpad, Trim};

/// A device of the list, and what is remembered of it.
#[derive(Clone, Debug)]
pub(super) struct Device {
    pub(super) id: RomId,
    /// Whether the search under way has found it.
    pub(super) is_seen: bool,
    pub(super) is_in_alarm: bool,
    /// What it converts for, until the result was read.
    pub(super) converting: Option<Resolution>,
    /// How often that went wrong before.
    pub(super) tries: u8,
    /// Microseconds that it is not to be spoken to.
    pub(super) busy: u32,
    pub(super) scratchpad: Scratchpad,
    /// The alarm limits and the configuration as they are in the EEPROM.
    pub(super) settings: [u8; 3],
    /// In sixteenths of a degree, by resolution.
    temperatures: [i16; 4],
    pub(super) has_supply: bool,
    pub(super) trim: Trim,
    pub(super) pio: PioState,
    /// Microseconds that these can be used, by [`Kept`].
    pub(super) left: [u32; Kept::COUNT],
}

/// What is remembered of a device.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kept {
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

impl Kept {
    const COUNT: usize = 9;

    pub(super) const fn temperature(resolution: Resolution) -> Self {
        match resolution {
            Resolution::Nine => Self::Nine,
            Resolution::Ten => Self::Ten,
            Resolution::Eleven => Self::Eleven,
            Resolution::Twelve => Self::Twelve,
        }
    }

    const fn place(self) -> usize {
        self as usize
    }
}

// What is needed in many places is here once, for any number of devices.

/// The device with an address.
#[inline(never)]
pub(super) fn find(devices: &[Option<Device>], id: RomId) -> Option<&Device> {
    devices.iter().flatten().find(|device| device.id == id)
}

/// The same, to be changed.
#[inline(never)]
pub(super) fn find_mut(devices: &mut [Option<Device>], id: RomId) -> Option<&mut Device> {
    devices.iter_mut().flatten().find(|device| device.id == id)
}

impl Device {
    pub(super) fn new(id: RomId) -> Self {
        Self {
            id,
            is_seen: true,
            is_in_alarm: false,
            converting: None,
            tries: 0,
            busy: 0,
            scratchpad: Scratchpad::default(),
            settings: [0; 3],
            temperatures: [0; 4],
            has_supply: false,
            trim: Trim::default(),
            pio: PioState::default(),
            left: [0; Kept::COUNT],
        }
    }

    /// Whether it can be spoken to.
    pub(super) fn is_free(&self) -> bool {
        self.converting.is_none() && self.busy == 0
    }

    /// Whether something is remembered that is still good.
    pub(super) fn has(&self, kept: Kept) -> bool {
        self.left.get(kept.place()).is_some_and(|left| *left > 0)
    }

    /// Remembers from now on what was read.
    pub(super) fn keep(&mut self, kept: Kept) {
        if let Some(left) = self.left.get_mut(kept.place()) {
            *left = if kept == Kept::Settings { keep::STABLE } else { keep::VOLATILE };
        }
    }

    pub(super) fn forget(&mut self, kept: Kept) {
        if let Some(left) = self.left.get_mut(kept.place()) {
            *left = 0;
        }
    }

    pub(super) fn forget_all(&mut self) {
        self.left = [0; Kept::COUNT];
    }

    /// A conversion makes what was read before old.
    pub(super) fn forget_temperatures(&mut self) {
        for left in self.left.iter_mut().take(Kept::Settings.place()) {
            *left = 0;
        }
    }

    pub(super) fn keep_scratchpad(&mut self, scratchpad: Scratchpad) {
        self.scratchpad = scratchpad;
        self.keep(Kept::Scratchpad);
    }

    pub(super) fn keep_temperature(&mut self, resolution: Resolution, temperature: i16) {
        let kept = Kept::temperature(resolution);
        if let Some(place) = self.temperatures.get_mut(kept.place()) {
            *place = temperature;
        }
        self.keep(kept);
    }

    /// In sixteenths of a degree.
    pub(super) fn temperature(&self, resolution: Resolution) -> i16 {
        self.temperatures.get(Kept::temperature(resolution).place()).copied().unwrap_or_default()
    }
}
