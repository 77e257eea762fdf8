use owproto_core::ReturnCode;
use owproto_core::text::RomId;
use owproto_core::time::Instant;

use super::device::{self, Device};
use super::state::{Activity, Alarms, Probe, SimultaneousConversion};
use super::timers::Timers;
use super::waiter::Waiter;
use crate::master::Master;
use crate::master::wire::Wire;

/// What a step did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "after `Ready`, requests can continue"]
pub enum Step {
    /// It worked on the wire, and there is more to do.
    Worked,
    /// A result is ready, or a request that was rejected can be queued now: call
    /// [`Tree::serve`](owproto_core::tree::Tree::serve) for all connections with an unfinished request.
    Ready,
    /// There is nothing to do until [`wake_at`](OneWireBus::wake_at).
    Idle,
}

/// Numbers of events on the wire. A full counter continues at 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Completed searches.
    pub searches: u32,
    /// Faults, whether the bus tried again or gave up.
    pub faults: u32,
    /// Conversions that were started. A simultaneous conversion counts once.
    pub conversions: u32,
    /// Devices found by the last search for which the list has no room.
    pub unlisted: u32,
}

/// The devices of one wire, as the [`Bus`](owproto_core::tree::Bus) of an owserver.
///
/// `DEVICES` is the most devices in the list; each takes 76 bytes on a Cortex-M. Further devices are counted
/// ([`Counters::unlisted`]), and requests for them are answered with [`NO_BUFFERS`](ReturnCode::NO_BUFFERS). `WAITERS` is
/// the most requests that wait for the wire; each takes 28 bytes. One for each connection is right; with fewer, some
/// requests wait longer.
///
/// A request never blocks: it queues a task, and [`step`](Self::step) works on it, by a reset, a byte, or a bit of a
/// search per call, which takes about a millisecond at most. The loop of a firmware is
///
/// 1. call `step`;
/// 2. poll the network, and serve the connections that received a request; after [`Step::Ready`], serve all connections
///    with an unfinished request;
/// 3. after [`Step::Idle`], if no request arrived, sleep until the network or [`wake_at`](Self::wake_at).
///
/// The bus uses no wakers.
#[derive(Debug)]
pub struct OneWireBus<W, const DEVICES: usize, const WAITERS: usize> {
    pub(super) master: Master<W>,
    /// A device keeps its index as long as it is present, so that listings keep their order.
    pub(super) devices: [Option<Device>; DEVICES],
    pub(super) waiters: [Option<Waiter>; WAITERS],
    /// The waiter to look at first, for a round robin.
    pub(super) next_waiter: usize,
    /// The current time, from the last call that had it.
    pub(super) now: Instant,
    pub(super) activity: Activity,
    /// Failed attempts of the current activity.
    pub(super) attempts: u8,
    pub(super) timers: Timers,
    /// The pull-up is strong, because the line powers a device
    /// ([`Timer::PowerDelivery`](super::timers::Timer::PowerDelivery)).
    pub(super) is_powering: bool,
    /// The result of the last search for all devices; `None` before the first.
    pub(super) list_result: Option<Result<(), ReturnCode>>,
    pub(super) alarms: Alarms,
    pub(super) probe: Option<Probe>,
    pub(super) simultaneous: SimultaneousConversion,
    /// The next step returns [`Step::Ready`].
    pub(super) is_ready: bool,
    /// A request could not be queued.
    pub(super) has_rejected: bool,
    pub(super) counters: Counters,
}

impl<W: Wire, const DEVICES: usize, const WAITERS: usize> OneWireBus<W, DEVICES, WAITERS> {
    /// A bus on a wire. The first steps search for its devices.
    pub const fn new(wire: W) -> Self {
        Self {
            master: Master::new(wire),
            devices: [const { None }; DEVICES],
            waiters: [None; WAITERS],
            next_waiter: 0,
            now: Instant::ZERO,
            activity: Activity::Idle,
            attempts: 0,
            timers: Timers::EXPIRED,
            is_powering: false,
            list_result: None,
            alarms: Alarms::Unknown,
            probe: None,
            simultaneous: SimultaneousConversion::Idle,
            is_ready: false,
            has_rejected: false,
            counters: Counters { searches: 0, faults: 0, conversions: 0, unlisted: 0 },
        }
    }

    /// The wire.
    pub const fn wire(&self) -> &W {
        self.master.wire()
    }

    /// The wire, mutably.
    pub const fn wire_mut(&mut self) -> &mut W {
        self.master.wire_mut()
    }

    /// The counters.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// The devices in the list, in the order of listings.
    pub fn devices(&self) -> impl Iterator<Item = RomId> {
        self.devices.iter().flatten().map(|device| device.id)
    }

    pub(super) fn find_device(&self, id: RomId) -> Option<&Device> {
        device::find(&self.devices, id)
    }

    pub(super) fn find_device_mut(&mut self, id: RomId) -> Option<&mut Device> {
        device::find_mut(&mut self.devices, id)
    }
}
