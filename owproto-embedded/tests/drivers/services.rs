//! What the servers of the tests serve.

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

/// A bus with as many thermometers as wanted, which takes its time for each value.
#[derive(Clone)]
pub(crate) struct SlowBus {
    wire: Wire,
    devices: usize,
    takes: u64,
    /// The read that is under way, and when its value will be there.
    under_way: Option<(Operation, u64)>,
    /// How many reads were given up.
    pub(crate) cancelled: Rc<Cell<usize>>,
}

impl SlowBus {
    /// Values take so many microseconds, on the clock of a wire.
    pub(crate) fn new(wire: &Wire, devices: usize, takes: u64) -> Self {
        Self { wire: wire.clone(), devices, takes, under_way: None, cancelled: Rc::default() }
    }

    /// The address of a device.
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
        let until = match self.under_way {
            Some((operation, until)) if operation == access.operation => until,
            Some((_, until)) => until + self.takes,
            None => now + self.takes,
        };
        if now < until {
            self.under_way = Some((access.operation, until));
            self.wire.wake_at(until);
            return Poll::Pending;
        }
        self.under_way = None;
        Poll::Ready(Ok(Value::Float(21.5)))
    }

    fn cancel(&mut self, operation: Operation) {
        if self.under_way.is_some_and(|(under_way, _)| under_way == operation) {
            self.under_way = None;
            self.cancelled.set(self.cancelled.get() + 1);
        }
    }
}

/// No tree: says each path back, and closes the connection when it is told to.
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
            // Without room it is asked again.
            let _ = answer.value(path, 0);
        }
        if closes && connection.request().is_none() {
            connection.close();
        }
        Poll::Ready(())
    }
}
