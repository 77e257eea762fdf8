//! The services of the tests.

use std::cell::Cell;
use std::rc::Rc;
use std::task::{Context, Poll};

use owproto_core::server::Connection;
use owproto_core::text::{RomId, Value};
use owproto_core::time::Instant;
use owproto_core::tree::{Access, Bus, Operation};
use owproto_core::{ReturnCode, Storage};
use owproto_embedded::Service;

use crate::wire::Wire;

/// A bus with any number of thermometers, whose values take some time.
#[derive(Clone)]
pub(crate) struct SlowBus {
    wire: Wire,
    devices: usize,
    takes: u64,
    /// The current read, and when its value will be ready.
    current: Option<(Operation, u64)>,
    /// How many reads were cancelled.
    pub(crate) cancelled: Rc<Cell<usize>>,
}

impl SlowBus {
    /// Each value takes this many microseconds, on the clock of a wire.
    pub(crate) fn new(wire: &Wire, devices: usize, takes: u64) -> Self {
        Self { wire: wire.clone(), devices, takes, current: None, cancelled: Rc::default() }
    }

    /// The ROM id of a device.
    pub(crate) fn id(n: usize) -> RomId {
        let [_, _, _, _, a, b, c, d] = (n as u64).to_be_bytes();
        RomId::new(0x28, [d, c, b, a, 0, 0])
    }
}

impl Bus for SlowBus {
    fn device(&mut self, _: u16, n: usize, _: &mut Context<'_>) -> Poll<Result<Option<RomId>, ReturnCode>> {
        Poll::Ready(Ok((n < self.devices).then(|| Self::id(n))))
    }

    fn read<'a>(
        &'a mut self,
        access: &Access<'_>,
        _: &'a mut [u8],
        _: &mut Context<'_>,
    ) -> Poll<Result<Value<'a>, ReturnCode>> {
        let now = access.now.as_micros();
        let until = match self.current {
            Some((operation, until)) if operation == access.operation => until,
            Some((_, until)) => until + self.takes,
            None => now + self.takes,
        };
        if now < until {
            self.current = Some((access.operation, until));
            self.wire.wake_at(until);
            return Poll::Pending;
        }
        self.current = None;
        Poll::Ready(Ok(Value::Float(21.5)))
    }

    fn cancel(&mut self, operation: Operation) {
        if self.current.is_some_and(|(current, _)| current == operation) {
            self.current = None;
            self.cancelled.set(self.cancelled.get() + 1);
        }
    }
}

/// Answers each read with its path, without a tree, and closes the connection after `/close`.
pub(crate) struct Echo;

impl Service for Echo {
    type Job = ();

    fn serve<S: Storage, R: Storage>(
        &mut self,
        connection: &mut Connection<S, R>,
        (): &mut (),
        now: Instant,
        _: &mut Context<'_>,
    ) -> Poll<()> {
        let mut closes = false;
        if let Some((request, mut answer)) = connection.answer(now) {
            let path = request.path().unwrap_or_default();
            closes = path == b"/close";
            // If there is no room, it is called again.
            let _ = answer.value(path, 0);
        }
        if closes && connection.request().is_none() {
            connection.close();
        }
        Poll::Ready(())
    }
}
