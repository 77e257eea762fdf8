use std::collections::HashMap;
use std::time::Duration;

use owproto_core::ReturnCode;
use owproto_core::text::RomId;
use owproto_core::tree::{Family, families};

use super::faults::{Alarm, Occurrence, Presence};
use super::generate::{self, mix};
use super::stored::Stored;

/// A value's place in a device: the name of the property, and the number of the element.
pub(super) type Key = (&'static str, u32);

/// Everything that a simulated device keeps. Its values are in [`values`](super::values).
pub(super) struct DeviceState {
    pub(super) id: RomId,
    pub(super) bus: u16,
    pub(super) family: &'static Family,
    /// The number from which its values follow.
    pub(super) key: u64,
    /// The date at the start of the simulator, in seconds since 1970.
    pub(super) start_date: i64,
    pub(super) latency: Duration,
    pub(super) errors: Occurrence,
    pub(super) error_code: ReturnCode,
    pub(super) power_on: Occurrence,
    pub(super) presence: Presence,
    pub(super) alarm: Alarm,
    /// The number of requests so far.
    pub(super) requests: u64,
    /// Values written by clients.
    pub(super) written: HashMap<Key, Stored>,
    /// Values set by the test.
    pub(super) fixed: HashMap<Key, Stored>,
    pub(super) memory: Vec<u8>,
    /// Seconds by which its clock was set forward.
    pub(super) clock_offset: i64,
    /// When its latches were last cleared.
    pub(super) latches_cleared: Duration,
}

impl DeviceState {
    pub(super) fn new(id: RomId, bus: u16, seed: u64, start_date: i64) -> Self {
        let family = families::family(families::ALL, id.family());
        let key = id.to_bytes().iter().fold(seed, |key, byte| mix(key, (*byte).into()));
        Self {
            id,
            bus,
            family,
            key,
            start_date,
            latency: Duration::ZERO,
            errors: Occurrence::Never,
            error_code: ReturnCode::IO,
            power_on: Occurrence::Never,
            presence: Presence::Present,
            alarm: Alarm::ByValue,
            requests: 0,
            written: HashMap::new(),
            fixed: HashMap::new(),
            memory: generate::bytes(mix(key, 23), memory_len(family)),
            clock_offset: 0,
            latches_cleared: Duration::ZERO,
        }
    }

    /// Whether it answers every request immediately and without a fault.
    pub(super) fn is_faultless(&self) -> bool {
        self.latency.is_zero()
            && self.errors == Occurrence::Never
            && self.power_on == Occurrence::Never
            && self.presence == Presence::Present
    }
}

/// Bytes of memory of a family: the property `memory`, or all pages.
fn memory_len(family: &Family) -> usize {
    let whole = family.property(b"memory").map_or(0, |memory| memory.len);
    let pages =
        family.property(b"pages/page").map_or(0, |page| page.len * page.elements().unwrap_or_default());
    whole.max(pages) as usize
}
