use owproto_embedded::owproto_core::Storage;
use owproto_embedded::owproto_core::message::Entries;
use owproto_embedded::smoltcp::{Client, Event};
use smoltcp::time::{Duration, Instant};

use crate::report;

/// The most devices that are read. On a larger bus the others are counted.
const MAX_DEVICES: usize = 32;

/// The longest path of a device, such as `/28.000028D70100`, with a bus in front.
const MAX_DEVICE_LEN: usize = 24;

const PROPERTY: &[u8] = b"/temperature";

/// The rounds of the client: it lists the bus, reads the temperature of each device, pauses, and starts again.
///
/// Lost requests are sent again, because reading changes nothing. Answers arrive in the order of the requests, so that two
/// counters are enough to know which request an answer belongs to.
pub(crate) struct Rounds {
    devices: Devices,
    phase: Phase,
    /// Devices whose temperature was requested in this round, and those that have answered.
    requested: usize,
    answered: usize,
    /// Devices that have a temperature.
    temperatures: usize,
    number: u32,
    /// Rounds left to make; `None` for no end.
    left: Option<u32>,
    pause: Duration,
    started: Instant,
}

enum Phase {
    /// The listing has to be requested.
    Start,
    Listing,
    Reading,
    Pause {
        until: Instant,
    },
    Done,
}

impl Rounds {
    /// Before the first round. Zeros, so that they need no initial values in the flash.
    pub(crate) const fn new() -> Self {
        Self {
            devices: Devices::new(),
            phase: Phase::Start,
            requested: 0,
            answered: 0,
            temperatures: 0,
            number: 0,
            left: None,
            pause: Duration::ZERO,
            started: Instant::ZERO,
        }
    }

    /// Sets how many rounds to make, without end if `None`, and the pause between two of them.
    pub(crate) fn configure(&mut self, rounds: Option<u32>, pause: Duration) {
        self.left = rounds;
        self.pause = pause;
    }

    /// Whether the last round is over.
    #[cfg(feature = "host")]
    pub(crate) fn are_done(&self) -> bool {
        matches!(self.phase, Phase::Done)
    }

    /// When to continue if nothing arrives from the network.
    pub(crate) fn poll_at(&self) -> Option<Instant> {
        match self.phase {
            Phase::Pause { until } => Some(until),
            _ => None,
        }
    }

    /// Sends the next requests, as many as the connection accepts.
    pub(crate) fn send_requests<T: Storage, R: Storage, const DEPTH: usize>(
        &mut self,
        client: &mut Client<T, R, DEPTH>,
        now: Instant,
    ) {
        if matches!(self.phase, Phase::Pause { until } if now >= until) {
            self.phase = Phase::Start;
        }
        if matches!(self.phase, Phase::Start) && client.room() > 0 && client.dir("/", now).is_ok() {
            self.start(now);
        }
        while matches!(self.phase, Phase::Reading) && client.room() > 0 {
            let Some(device) = self.devices.path(self.requested) else { return };
            let mut path = [0; MAX_DEVICE_LEN + PROPERTY.len()];
            // If the storage is full of other requests, try again next time.
            if client.read(concatenate(device, PROPERTY, &mut path), now).is_err() {
                return;
            }
            self.requested += 1;
        }
    }

    fn start(&mut self, now: Instant) {
        self.devices.clear();
        self.phase = Phase::Listing;
        (self.requested, self.answered, self.temperatures) = (0, 0, 0);
        self.started = now;
    }

    /// Handles an event of the client.
    pub(crate) fn handle(&mut self, event: Event<'_>, now: Instant) {
        match event {
            Event::Entries(_, entries) => self.devices.add(entries),
            Event::Reply(_, reply) => match (&self.phase, reply.into_result()) {
                (Phase::Listing, Ok(_)) => self.read_all(now),
                (Phase::Listing, Err(error)) => {
                    report::no_listing(error);
                    self.end(now);
                }
                (_, result) => {
                    let device = self.devices.path(self.answered).unwrap_or_default();
                    match result {
                        Ok(reply) => {
                            report::temperature(device, reply.data());
                            self.temperatures += 1;
                        }
                        // A switch has no temperature.
                        Err(error) if error.code().is_no_such_path() => {}
                        Err(error) => report::no_temperature(device, error),
                    }
                    self.answered += 1;
                    if self.answered == self.devices.len() {
                        self.end(now);
                    }
                }
            },
            Event::Lost(_) => match self.phase {
                Phase::Listing => self.phase = Phase::Start,
                _ => self.requested = self.answered,
            },
            Event::Disconnected(reason) => report::disconnected(reason),
            Event::Connected => report::connected(),
            Event::Progress => {}
        }
    }

    fn read_all(&mut self, now: Instant) {
        self.phase = Phase::Reading;
        if self.devices.len() == 0 {
            self.end(now);
        }
    }

    fn end(&mut self, now: Instant) {
        self.number = self.number.wrapping_add(1);
        report::round(&report::Round {
            number: self.number,
            devices: self.devices.len(),
            omitted: self.devices.omitted,
            temperatures: self.temperatures,
            time: now - self.started,
        });
        self.left = self.left.map(|left| left.saturating_sub(1));
        self.phase = match self.left {
            Some(0) => Phase::Done,
            _ => Phase::Pause { until: now + self.pause },
        };
    }
}

/// The paths of the devices, as listed.
struct Devices {
    paths: [([u8; MAX_DEVICE_LEN], u8); MAX_DEVICES],
    /// `0 <= len <= MAX_DEVICES`
    len: usize,
    /// Devices that did not fit.
    omitted: usize,
}

impl Devices {
    const fn new() -> Self {
        Self { paths: [([0; MAX_DEVICE_LEN], 0); MAX_DEVICES], len: 0, omitted: 0 }
    }

    fn clear(&mut self) {
        (self.len, self.omitted) = (0, 0);
    }

    const fn len(&self) -> usize {
        self.len
    }

    fn path(&self, number: usize) -> Option<&[u8]> {
        let (path, len) = self.paths.get(..self.len)?.get(number)?;
        path.get(..usize::from(*len))
    }

    fn add(&mut self, entries: Entries<'_>) {
        for entry in entries {
            match self.paths.get_mut(self.len) {
                Some((path, len)) if entry.len() <= path.len() => {
                    path.iter_mut().zip(entry).for_each(|(to, from)| *to = *from);
                    *len = entry.len() as u8;
                    self.len += 1;
                }
                _ => self.omitted += 1,
            }
        }
    }
}

/// Concatenates two parts; cuts them if they are too long.
fn concatenate<'b>(first: &[u8], second: &[u8], buffer: &'b mut [u8]) -> &'b [u8] {
    let len = buffer.len().min(first.len() + second.len());
    buffer.iter_mut().zip(first.iter().chain(second)).for_each(|(to, from)| *to = *from);
    buffer.get(..len).unwrap_or_default()
}
