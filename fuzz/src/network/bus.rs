//! A bus of slow thermometers that remember what was written.

use std::collections::BTreeMap;
use std::task::{Context, Poll};

use owproto_core::ReturnCode;
use owproto_core::text::{RomId, Value};
use owproto_core::time::{Duration, Instant};
use owproto_core::tree::{Access, Bus, Operation};

pub(super) struct Devices {
    count: usize,
    /// How long the next operations take.
    pub(super) takes: Duration,
    done_at: BTreeMap<Operation, Instant>,
    /// What was written, in order.
    pub(super) written: Vec<u32>,
}

/// The address of a device.
pub(super) fn id(n: usize) -> RomId {
    RomId::new(0x28, [u8::try_from(n).unwrap(), 0, 0, 0, 0, 0])
}

/// Its temperature.
pub(super) fn celsius(device: RomId) -> f64 {
    f64::from(device.id()[0]) + 0.5
}

impl Devices {
    pub(super) fn new(count: usize) -> Self {
        Self { count, takes: Duration::ZERO, done_at: BTreeMap::new(), written: Vec::new() }
    }

    /// When the next device is done.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        self.done_at.values().copied().filter(|at| *at > now).min()
    }

    fn is_done(&mut self, access: &Access<'_>) -> bool {
        let done_at = access.now + self.takes;
        *self.done_at.entry(access.operation).or_insert(done_at) <= access.now
    }
}

impl Bus for Devices {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok((n < self.count).then(|| id(n))))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        match self.is_done(access) {
            true => Poll::Ready(Ok(Value::Float(celsius(access.device)))),
            false => Poll::Pending,
        }
    }

    fn write(
        &mut self,
        access: &Access<'_>,
        value: Value<'_>,
        _: &mut Context<'_>,
    ) -> Poll<Result<(), ReturnCode>> {
        if !self.is_done(access) {
            return Poll::Pending;
        }
        let Some(number) = value.as_f64() else { panic!("{value:?} was written") };
        self.written.push(number as u32);
        Poll::Ready(Ok(()))
    }

    fn cancel(&mut self, operation: Operation) {
        self.done_at.remove(&operation);
    }
}
