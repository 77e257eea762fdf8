use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use owproto_core::tree::Operation;

/// The moment to which all values of one request belong.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// The time since the start of the simulator.
    pub(super) at: Duration,
    /// Whether temperatures are those before a first conversion.
    pub(super) is_power_on: bool,
}

/// The outcome of one request to a device, determined when the request starts.
#[derive(Clone, Copy)]
pub(super) struct Outcome {
    /// When the device is ready.
    pub(super) ready_at: Duration,
    pub(super) moment: Moment,
    pub(super) fails: bool,
}

/// The outcomes of recent requests. The tree repeats an operation when its answer did not fit, and gets the same outcome
/// again.
#[derive(Default)]
pub(super) struct Operations {
    outcomes: HashMap<Operation, Outcome>,
    /// The keys of `outcomes`, oldest first.
    order: VecDeque<Operation>,
    cancelled: u64,
}

/// From this number of outcomes on, the oldest is forgotten.
const CAPACITY: usize = 1024;

impl Operations {
    pub(super) fn get(&self, operation: Operation) -> Option<Outcome> {
        self.outcomes.get(&operation).copied()
    }

    /// Stores an outcome, and forgets the oldest one unless its device is still at work.
    pub(super) fn insert(&mut self, operation: Operation, outcome: Outcome, now: Duration) {
        self.outcomes.insert(operation, outcome);
        self.order.push_back(operation);
        if self.order.len() > CAPACITY
            && let Some(oldest) = self.order.pop_front()
        {
            match self.outcomes.get(&oldest) {
                Some(outcome) if outcome.ready_at > now => self.order.push_back(oldest),
                _ => drop(self.outcomes.remove(&oldest)),
            }
        }
    }

    /// Forgets an operation, and counts it as cancelled if its device was still at work.
    pub(super) fn cancel(&mut self, operation: Operation, now: Duration) {
        if let Some(outcome) = self.outcomes.remove(&operation)
            && outcome.ready_at > now
        {
            self.cancelled += 1;
        }
    }

    /// The number of operations that were cancelled while their device was at work.
    pub(super) fn cancelled(&self) -> u64 {
        self.cancelled
    }
}
