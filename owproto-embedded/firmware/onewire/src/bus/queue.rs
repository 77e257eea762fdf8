//! Requests that wait for a task.

use core::task::Poll;

use owproto_core::ReturnCode;
use owproto_core::text::RomId;
use owproto_core::tree::Operation;

use super::one_wire_bus::OneWireBus;
use super::task::Task;
use super::waiter::{TaskProgress, Waiter};
use crate::master::wire::Wire;

impl<W: Wire, const DEVICES: usize, const WAITERS: usize> OneWireBus<W, DEVICES, WAITERS> {
    /// Queues a task for an operation, and returns its result once, when it has ended.
    pub(super) fn request_task(
        &mut self,
        operation: Operation,
        device: Option<RomId>,
        task: Task,
    ) -> Poll<Result<(), ReturnCode>> {
        let new = Waiter { operation, device, task, progress: TaskProgress::Queued };
        let mut free = None;
        for slot in &mut self.waiters {
            match slot {
                Some(waiter) if waiter.operation == operation => {
                    if waiter.device != device || waiter.task != task {
                        // An operation waits for one task at a time: the one before is obsolete.
                        *waiter = new;
                    } else if let TaskProgress::Done(result) = waiter.progress {
                        *slot = None;
                        self.notify_rejected();
                        return Poll::Ready(result);
                    }
                    return Poll::Pending;
                }
                Some(_) => {}
                None => free = free.or(Some(slot)),
            }
        }
        match free {
            Some(free) => *free = Some(new),
            None => self.has_rejected = true,
        }
        Poll::Pending
    }

    /// The task that an operation waits for.
    pub(super) fn requested_task(&self, operation: Operation) -> Option<Task> {
        let mut waiters = self.waiters.iter().flatten();
        waiters.find(|waiter| waiter.operation == operation).map(|waiter| waiter.task)
    }

    /// Gives the result of a task to all operations that wait for it.
    pub(super) fn complete(&mut self, device: Option<RomId>, task: Task, result: Result<(), ReturnCode>) {
        for waiter in self.waiters.iter_mut().flatten().filter(|waiter| waiter.waits_for(device, task)) {
            waiter.progress = TaskProgress::Done(result);
            self.is_ready = true;
        }
    }

    /// Lets requests that could not be queued try again.
    pub(super) fn notify_rejected(&mut self) {
        self.is_ready |= core::mem::take(&mut self.has_rejected);
    }
}
