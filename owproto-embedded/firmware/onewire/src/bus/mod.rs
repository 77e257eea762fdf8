mod core_bus;
mod device;
mod discovery;
mod job;
mod phases;
pub(crate) mod search;
mod timers;
mod transaction;

use owproto_core::ReturnCode;
use owproto_core::text::RomId;
use owproto_core::time::{Duration, Instant};

use crate::master::Master;
use crate::master::wire::{PullUp, Wire};
use device::{Device, Kept};
use discovery::{Probe, Purpose};
use job::{Job, Phase, Progress, Running, Waiting};
use search::Search;
use timers::{CLAIM, Time, Times, keep};

/// How often the wire is tried (owfs: `ow_read.c`).
const TRIES: u8 = 3;

/// What a step did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[must_use = "`Settled` says that requests can go on"]
pub enum Step {
    /// A piece of work on the wire. There is more.
    Worked,
    /// Something that a request waits for is there, or there is room for one that had to wait: let
    /// [`Tree::serve`](owproto_core::tree::Tree::serve) look at all connections that are at work.
    Settled,
    /// Nothing to do until [`wake_at`](OneWire::wake_at).
    Idle,
}

/// What was counted on the wire. Counters begin again at 0 when they are full.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Searches that came to an end.
    pub searches: u32,
    /// Whatever went wrong and was tried again, or given up.
    pub faults: u32,
    /// Conversions that were started, those of all devices counted once.
    pub conversions: u32,
    /// Devices that the last search found and that have no place in the list.
    pub unlisted: u32,
}

/// The devices of one wire as the [`Bus`](owproto_core::tree::Bus) of an owserver.
///
/// `DEVICES` is how many devices there is place for, 76 bytes each on a Cortex-M; further ones are counted
/// ([`Counters::unlisted`]), and asking for them is answered with [`NO_BUFFERS`](ReturnCode::NO_BUFFERS). `WAITING` is
/// how many requests can wait for the wire at once, 28 bytes each; one for each connection is right, with fewer some
/// wait longer.
///
/// A request never waits inside a call: it says what it needs, and [`step`](Self::step) does that, a reset or a byte or
/// a bit of a search at a time, about a millisecond at most. So the loop of a firmware is
///
/// 1. `step`;
/// 2. look at the network, and serve the connections that have got a request, or all that are at work if it was
///    [`Step::Settled`];
/// 3. if it was [`Step::Idle`] and no request came, sleep until the network or [`wake_at`](Self::wake_at).
///
/// Nothing is woken by wakers.
#[derive(Debug)]
pub struct OneWire<W, const DEVICES: usize, const WAITING: usize> {
    master: Master<W>,
    /// A device keeps its place as long as it is there, so that listings keep their order.
    devices: [Option<Device>; DEVICES],
    waiting: [Option<Waiting>; WAITING],
    /// Where to look first, so that each has its turn.
    turn: usize,
    /// As the driver last said.
    now: Instant,
    work: Work,
    /// Attempts of the work under way.
    tries: u8,
    times: Times,
    /// Whether the pull-up is strong, because the line feeds a device ([`Time::Fed`]).
    is_fed: bool,
    /// What came of the last search; `None` before the first.
    list: Option<Result<(), ReturnCode>>,
    alarms: Alarms,
    probe: Option<Probe>,
    simultaneous: Simultaneous,
    is_settled: bool,
    /// Somebody found no room to wait.
    is_crowded: bool,
    counters: Counters,
}

/// What has the wire.
#[derive(Clone, Debug, Default)]
enum Work {
    #[default]
    Nothing,
    Search(Search, Purpose),
    Job(Running),
}

/// Who is in alarm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Alarms {
    Unknown,
    Wanted,
    Known(Result<(), ReturnCode>),
}

/// A conversion of all thermometers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Simultaneous {
    Nothing,
    Wanted,
    /// They convert.
    Running,
    /// The answer for those who asked.
    Done(Result<(), ReturnCode>),
}

impl<W: Wire, const DEVICES: usize, const WAITING: usize> OneWire<W, DEVICES, WAITING> {
    /// A bus on a wire. The first steps find out which devices there are.
    pub const fn new(wire: W) -> Self {
        Self {
            master: Master::new(wire),
            devices: [const { None }; DEVICES],
            waiting: [None; WAITING],
            turn: 0,
            now: Instant::ZERO,
            work: Work::Nothing,
            tries: 0,
            times: Times::NONE,
            is_fed: false,
            list: None,
            alarms: Alarms::Unknown,
            probe: None,
            simultaneous: Simultaneous::Nothing,
            is_settled: false,
            is_crowded: false,
            counters: Counters { searches: 0, faults: 0, conversions: 0, unlisted: 0 },
        }
    }

    /// The wire.
    pub const fn wire(&self) -> &W {
        self.master.wire()
    }

    /// The wire, to be changed.
    pub const fn wire_mut(&mut self) -> &mut W {
        self.master.wire_mut()
    }

    /// What was counted.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        self.counters
    }

    /// The devices that are known, in the order of listings.
    pub fn devices(&self) -> impl Iterator<Item = RomId> {
        self.devices.iter().flatten().map(|device| device.id)
    }

    /// Does the next piece of work on the wire: about 1 ms at most.
    // Not taken into its caller, and neither is `wake_at`: flash is dear, and there are no registers for both.
    #[inline(never)]
    pub fn step(&mut self, now: Instant) -> Step {
        self.pass(now);
        if matches!(self.work, Work::Nothing) {
            self.start();
        }
        let worked = match &mut self.work {
            Work::Nothing => Step::Idle,
            Work::Search(search, purpose) => {
                let (found, purpose) = (search.step(&mut self.master), *purpose);
                self.take_found(found, purpose);
                Step::Worked
            }
            Work::Job(running) => {
                match running.transaction.step(&mut self.master) {
                    Ok(false) => {}
                    result => self.end_transaction(result.map(drop)),
                }
                Step::Worked
            }
        };
        if core::mem::take(&mut self.is_settled) { Step::Settled } else { worked }
    }

    /// When [`step`](Self::step) has something to do, if no request comes before: now, if it is not later than the last
    /// step.
    #[must_use]
    #[inline(never)]
    pub fn wake_at(&self) -> Instant {
        if self.is_settled || !matches!(self.work, Work::Nothing) {
            return self.now;
        }
        let is_at_once = match self.simultaneous {
            Simultaneous::Wanted => self.is_all_free(),
            _ => false,
        };
        let is_probe_open = self.probe.as_ref().is_some_and(|probe| probe.outcome.is_none());
        let mut left = if is_at_once || is_probe_open || self.alarms == Alarms::Wanted {
            0
        } else {
            // What is over has to be forgotten: not all that asks for it says what time it is.
            self.times.first()
        };
        for device in self.devices.iter().flatten() {
            // Of those that a conversion of all waits for, the free ones are no reason to look.
            let is_awaited = self.simultaneous == Simultaneous::Wanted && device.busy > 0;
            if device.converting.is_some() || is_awaited {
                left = left.min(device.busy);
            }
        }
        for waiting in self.waiting.iter().flatten().filter(|waiting| waiting.progress == Progress::Queued) {
            if is_held_back(waiting.job, self.simultaneous) {
                continue;
            }
            left = left.min(match waiting.device.and_then(|id| self.listed(id)) {
                Some(device) if waiting.job != Job::Verify => device.busy,
                _ => 0,
            });
        }
        // While the line feeds a device, nothing else can be done.
        let left = left.max(self.times.left(Time::Fed));
        self.now.saturating_add(Duration::from_micros(left.into()))
    }

    /// Lets time pass, and forgets what is over.
    #[inline(never)]
    fn pass(&mut self, now: Instant) {
        let passed = u32::try_from(now.saturating_since(self.now).as_micros()).unwrap_or(u32::MAX);
        if passed == 0 {
            return;
        }
        self.now = now;
        timers::run_down(&mut self.times, &mut self.devices, passed);
        if self.times.is_over(Time::Simultaneous) {
            match self.simultaneous {
                Simultaneous::Running => self.end_simultaneous(Ok(())),
                Simultaneous::Done(_) => self.simultaneous = Simultaneous::Nothing,
                _ => {}
            }
        }
        if self.times.is_over(Time::Probe) && self.probe.as_ref().is_some_and(|probe| probe.outcome.is_some())
        {
            self.probe = None;
            // If nobody has come for the answer, somebody may have waited for the place.
            self.make_room();
        }
        if self.times.is_over(Time::Alarms) && matches!(self.alarms, Alarms::Known(_)) {
            self.alarms = Alarms::Unknown;
        }
    }

    /// Begins what is to be done next, if the wire is free.
    fn start(&mut self) {
        if !self.times.is_over(Time::Fed) {
            return;
        }
        if core::mem::take(&mut self.is_fed) {
            // If the pin fails here, it fails again in what comes next.
            let _ = self.master.pull_up(PullUp::Weak);
        }
        self.tries = 0;
        self.choose();
    }

    /// Chooses what to do, now that the wire is free.
    fn choose(&mut self) {
        let done = |device: &&mut Device| device.converting.is_some() && device.busy == 0;
        if let Some(device) = self.devices.iter_mut().flatten().find(done)
            && let Some(resolution) = device.converting.take()
        {
            self.tries = device.tries;
            let job = Job::Temperature(resolution);
            self.work = Work::Job(Running::new(Some(device), job, Phase::Result));
            return;
        }
        let is_asked_for =
            |waiting: &&mut Waiting| waiting.job == Job::Search && waiting.progress == Progress::Queued;
        let mut is_search = self.times.is_over(Time::List);
        for waiting in self.waiting.iter_mut().flatten().filter(is_asked_for) {
            waiting.progress = Progress::Begun;
            is_search = true;
        }
        if is_search {
            return self.begin_search(Purpose::List);
        }
        if self.alarms == Alarms::Wanted {
            return self.begin_search(Purpose::Alarms);
        }
        if let Some(Probe { device, outcome: None, .. }) = self.probe {
            return self.begin_search(Purpose::Probe(device));
        }
        if self.simultaneous == Simultaneous::Wanted && self.is_all_free() {
            self.work = Work::Job(Running::new(None, Job::ConvertAll, Phase::PowerOfAll));
            return;
        }
        for n in 0..WAITING {
            let place = self.turn.wrapping_add(n).checked_rem(WAITING).unwrap_or_default();
            let Some(waiting) = self.waiting.get_mut(place).and_then(Option::as_mut) else { continue };
            let Waiting { device: Some(id), job, progress: Progress::Queued, .. } = *waiting else {
                continue;
            };
            if job == Job::Verify {
                waiting.progress = Progress::Begun;
                self.turn = place.wrapping_add(1);
                return self.begin_search(Purpose::Verify(id));
            }
            if is_held_back(job, self.simultaneous) {
                continue;
            }
            let Some(device) = device::find(&self.devices, id) else {
                waiting.progress = Progress::Done(Err(ReturnCode::NO_SUCH_ENTITY));
                self.is_settled = true;
                continue;
            };
            if !device.is_free() {
                continue;
            }
            waiting.progress = Progress::Begun;
            self.turn = place.wrapping_add(1);
            let phase = job.first_phase(device.has(Kept::Power));
            self.work = Work::Job(Running::new(Some(device), job, phase));
            return;
        }
    }

    fn listed(&self, id: RomId) -> Option<&Device> {
        device::find(&self.devices, id)
    }

    fn listed_mut(&mut self, id: RomId) -> Option<&mut Device> {
        device::find_mut(&mut self.devices, id)
    }

    fn is_all_free(&self) -> bool {
        self.devices.iter().flatten().all(Device::is_free)
    }

    /// A job has come to its end: those who wait for it can go on.
    fn settle(&mut self, device: Option<RomId>, job: Job, result: Result<(), ReturnCode>) {
        for waiting in self.waiting.iter_mut().flatten().filter(|waiting| waiting.is_for(device, job)) {
            waiting.progress = Progress::Done(result);
            self.is_settled = true;
        }
    }

    /// Somebody who found no room may try again.
    fn make_room(&mut self) {
        self.is_settled |= core::mem::take(&mut self.is_crowded);
    }

    /// The conversion of all is over.
    fn end_simultaneous(&mut self, result: Result<(), ReturnCode>) {
        self.simultaneous = Simultaneous::Done(result);
        self.times.set(Time::Simultaneous, CLAIM);
        self.is_settled = true;
        if result.is_ok() {
            self.times.set(Time::Converted, keep::VOLATILE);
            for device in self.devices.iter_mut().flatten() {
                device.forget_temperatures();
            }
        }
    }
}

/// Whether a job has to wait until all have converted. Else there might never be a moment when none converts.
fn is_held_back(job: Job, simultaneous: Simultaneous) -> bool {
    matches!(job, Job::Temperature(_)) && simultaneous == Simultaneous::Wanted
}
