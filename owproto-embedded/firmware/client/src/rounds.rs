use owproto_embedded::owproto_core::Storage;
use owproto_embedded::owproto_core::message::Entries;
use owproto_embedded::smoltcp::{Client, Event};
use smoltcp::time::{Duration, Instant};

use crate::report;

/// Devices that are remembered. A larger bus is said to be one.
const MAX_DEVICES: usize = 32;

/// A device's path by its ROM id, such as `/28.000028D70100`, with a bus in front or not.
const MAX_DEVICE_LEN: usize = 24;

const PROPERTY: &[u8] = b"/temperature";

/// What the client does: lists the bus, asks each device for its temperature, pauses, and begins anew.
///
/// Whatever was lost on the way is asked again: reading changes nothing. Answers come in the order of the requests, so
/// two counters say which request an answer or a loss belongs to.
pub(crate) struct Rounds {
    devices: Devices,
    phase: Phase,
    /// Devices that were asked in this round, and those that have answered.
    asked: usize,
    answered: usize,
    /// Those that have a temperature.
    temperatures: usize,
    number: u32,
    left: Option<u32>,
    pause: Duration,
    began: Instant,
}

enum Phase {
    /// The listing is to be asked for.
    Begin,
    Listing,
    Reading,
    Pause {
        until: Instant,
    },
    Done,
}

impl Rounds {
    /// None yet, and all zero, so that it needs no copy in the flash.
    pub(crate) const fn new() -> Self {
        Self {
            devices: Devices::new(),
            phase: Phase::Begin,
            asked: 0,
            answered: 0,
            temperatures: 0,
            number: 0,
            left: None,
            pause: Duration::ZERO,
            began: Instant::ZERO,
        }
    }

    /// How many rounds there will be, without end if `None`, and how long the pause is between two of them.
    pub(crate) fn configure(&mut self, rounds: Option<u32>, pause: Duration) {
        self.left = rounds;
        self.pause = pause;
    }

    /// Whether the last round is over.
    #[cfg(feature = "host")]
    pub(crate) fn are_done(&self) -> bool {
        matches!(self.phase, Phase::Done)
    }

    /// When to go on, if nothing comes from the network.
    pub(crate) fn poll_at(&self) -> Option<Instant> {
        match self.phase {
            Phase::Pause { until } => Some(until),
            _ => None,
        }
    }

    /// Sends what is to be asked, as much as the connection takes.
    pub(crate) fn ask<T: Storage, R: Storage, const DEPTH: usize>(
        &mut self,
        client: &mut Client<T, R, DEPTH>,
        now: Instant,
    ) {
        if matches!(self.phase, Phase::Pause { until } if now >= until) {
            self.phase = Phase::Begin;
        }
        if matches!(self.phase, Phase::Begin) && client.room() > 0 && client.dir("/", now).is_ok() {
            self.begin(now);
        }
        while matches!(self.phase, Phase::Reading) && client.room() > 0 {
            let Some(device) = self.devices.path(self.asked) else { return };
            let mut path = [0; MAX_DEVICE_LEN + PROPERTY.len()];
            // If its storage is full of other requests, it is asked next time.
            if client.read(join(device, PROPERTY, &mut path), now).is_err() {
                return;
            }
            self.asked += 1;
        }
    }

    fn begin(&mut self, now: Instant) {
        self.devices.clear();
        self.phase = Phase::Listing;
        (self.asked, self.answered, self.temperatures) = (0, 0, 0);
        self.began = now;
    }

    /// Takes what the client has to tell.
    pub(crate) fn take(&mut self, event: Event<'_>, now: Instant) {
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
                        // A switch has none.
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
                Phase::Listing => self.phase = Phase::Begin,
                _ => self.asked = self.answered,
            },
            Event::Disconnected(why) => report::disconnected(why),
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
            left_out: self.devices.left_out,
            temperatures: self.temperatures,
            time: now - self.began,
        });
        self.left = self.left.map(|left| left.saturating_sub(1));
        self.phase = match self.left {
            Some(0) => Phase::Done,
            _ => Phase::Pause { until: now + self.pause },
        };
    }
}

/// Paths of devices, as the server spells them.
struct Devices {
    paths: [([u8; MAX_DEVICE_LEN], u8); MAX_DEVICES],
    /// `0 <= len <= MAX_DEVICES`
    len: usize,
    /// Devices for which there was no room.
    left_out: usize,
}

impl Devices {
    const fn new() -> Self {
        Self { paths: [([0; MAX_DEVICE_LEN], 0); MAX_DEVICES], len: 0, left_out: 0 }
    }

    fn clear(&mut self) {
        (self.len, self.left_out) = (0, 0);
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
                _ => self.left_out += 1,
            }
        }
    }
}

/// The two parts one behind the other, cut if they are too long.
fn join<'b>(first: &[u8], second: &[u8], buffer: &'b mut [u8]) -> &'b [u8] {
    let len = buffer.len().min(first.len() + second.len());
    buffer.iter_mut().zip(first.iter().chain(second)).for_each(|(to, from)| *to = *from);
    buffer.get(..len).unwrap_or_default()
}
