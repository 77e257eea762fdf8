//! What each fault may give to the caller.

use std::net::SocketAddr;

use owproto_tests::fault_proxy::{Direction, Fault, FaultKind};

use crate::clients::{self, Call, CallResult, ClientKind, ErrorClass, Recovery};
use crate::exchanges::Exchange;
use crate::oracle::{Decoded, decode};
use crate::{KEEPALIVES, LONG};

/// One run: an exchange of one client, with one fault.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) client_kind: ClientKind,
    pub(crate) exchange: &'a Exchange,
    pub(crate) fault: Fault,
}

impl Case<'_> {
    /// ClientKind call or, in the case of many reads, which of them has the byte of the fault.
    pub(crate) fn unit(&self) -> usize {
        self.exchange.unit(self.fault.direction, self.fault.at)
    }

    /// Where the byte is, counted from the beginning of its request or answer.
    pub(crate) fn place(&self) -> usize {
        self.fault.at - self.exchange.start(self.fault.direction, self.unit())
    }

    /// What the `number`th call of the exchange may give.
    pub(crate) fn accepted(&self, server: SocketAddr, number: usize) -> Vec<CallResult> {
        let right = &self.exchange.right[number];
        match right {
            CallResult::Many(values) => self.many(values),
            _ if number != self.unit() => vec![right.clone()],
            _ => self.one(server, &self.exchange.calls[number], right),
        }
    }

    fn one(&self, server: SocketAddr, call: &Call, right: &CallResult) -> Vec<CallResult> {
        let right = || right.clone();
        let fails = CallResult::Fails;
        let (is_new, has_begun) = (self.unit() == 0, self.answer_has_begun());
        match (self.fault.kind, self.client_kind.recovery()) {
            (FaultKind::Pause(pause), _) if pause < LONG => vec![right()],
            (FaultKind::Pause(_) | FaultKind::Stall, _) => vec![fails(ErrorClass::TimedOut)],
            (FaultKind::Cut, _) if has_begun => vec![fails(ErrorClass::Truncated)],
            (FaultKind::Cut, _) if is_new => vec![fails(ErrorClass::Closed)],
            // An idle connection may have been closed at any time: asked again, unless that could do something twice.
            (FaultKind::Cut, Recovery::Std | Recovery::Reconnecting) if !matches!(call, Call::Write(..)) => {
                vec![right()]
            }
            (FaultKind::Cut, _) => vec![fails(ErrorClass::Stale)],
            (FaultKind::Reset, Recovery::Driver | Recovery::Smoltcp) => vec![fails(ErrorClass::Transport)],
            (FaultKind::Reset, recovery) => {
                let (closed, stale, truncated) = match recovery {
                    Recovery::Std => (ErrorClass::Closed, ErrorClass::Stale, ErrorClass::Truncated),
                    _ => (ErrorClass::Transport, ErrorClass::Transport, ErrorClass::Transport),
                };
                // It may overtake what came before it.
                let mut accepted = match (is_new, call) {
                    (true, _) => vec![fails(closed)],
                    (false, Call::Write(..)) => vec![fails(stale)],
                    (false, _) => vec![right()],
                };
                if has_begun {
                    accepted.push(fails(truncated));
                }
                accepted
            }
            (FaultKind::Flip(mask), _) if self.fault.direction == Direction::ToServer => {
                let mut request = self.exchange.requests.clone();
                request[self.fault.at] ^= mask;
                let answer = clients::answer_to(server, &request);
                match decode(call, &answer, self.client_kind.payload_limit()) {
                    Decoded::Answer { given, .. } => vec![given],
                    Decoded::Refused => vec![right()],
                    Decoded::Malformed => vec![fails(ErrorClass::Decode)],
                    // The server does not understand it, or waits for the rest of it.
                    Decoded::Waits => vec![fails(ErrorClass::Closed), fails(ErrorClass::TimedOut)],
                }
            }
            (FaultKind::Flip(_) | FaultKind::Keepalives(_), _) => {
                let answer = self.changed(self.unit());
                vec![match decode(call, &answer, self.client_kind.payload_limit()) {
                    Decoded::Answer { given, .. } => given,
                    Decoded::Refused => right(),
                    Decoded::Malformed => fails(ErrorClass::Decode),
                    Decoded::Waits => fails(ErrorClass::TimedOut),
                }]
            }
        }
    }

    /// How many calls behind the exchange may fail until one works.
    ///
    /// A request that is said to be shorter than it is leaves bytes behind on the server, for which the next request is
    /// taken; nothing in the answer tells. It is over when the server finds a request that is malformed, and closes.
    pub(crate) fn failures_behind(&self) -> usize {
        let Fault { direction, at, kind } = self.fault;
        let is_length = direction == Direction::ToServer && (4..8).contains(&at);
        if is_length && matches!(kind, FaultKind::Flip(_)) { 5 } else { 0 }
    }

    /// The answer of one unit, with the fault in it.
    fn changed(&self, unit: usize) -> Vec<u8> {
        let start = self.exchange.start(Direction::ToClient, unit);
        let mut bytes = self.exchange.answers[start..self.exchange.ends(Direction::ToClient)[unit]].to_vec();
        if unit == self.unit() {
            let at = self.fault.at - start;
            match self.fault.kind {
                FaultKind::Flip(mask) => bytes[at] ^= mask,
                FaultKind::Keepalives(count) => drop(bytes.splice(at..at, KEEPALIVES[..24 * count].to_vec())),
                _ => {}
            }
        }
        bytes
    }

    fn answer_has_begun(&self) -> bool {
        self.fault.direction == Direction::ToClient && self.place() > 0
    }

    fn many(&self, right: &[CallResult]) -> Vec<CallResult> {
        let (unit, recovery) = (self.unit(), self.client_kind.recovery());
        let all = || CallResult::Many(right.to_vec());
        let up_to = |count: usize, why| self.up_to(right, count, why);
        // The first value is waited for by itself, the others are asked for together.
        let first = unit.min(1);
        match self.fault.kind {
            FaultKind::Pause(pause) if pause < LONG => vec![all()],
            FaultKind::Pause(_) | FaultKind::Stall => {
                (0..=unit).map(|count| up_to(count, ErrorClass::TimedOut)).collect()
            }
            // What had worked is asked again.
            FaultKind::Cut | FaultKind::Reset
                if matches!(recovery, Recovery::Std | Recovery::Reconnecting) && unit > 0 =>
            {
                vec![all()]
            }
            FaultKind::Cut => match (self.fault.direction, unit) {
                _ if self.answer_has_begun() => vec![up_to(unit, ErrorClass::Truncated)],
                (_, 0) => vec![up_to(0, ErrorClass::Closed)],
                (Direction::ToClient, _) => vec![up_to(unit, ErrorClass::Stale)],
                // Answers to the requests before it may still be under way.
                (Direction::ToServer, _) => (first..=unit)
                    .flat_map(|count| [up_to(count, ErrorClass::Stale), up_to(count, ErrorClass::Truncated)])
                    .collect(),
            },
            FaultKind::Reset if recovery == Recovery::Std => {
                let begun = self.answer_has_begun().then(|| up_to(0, ErrorClass::Truncated));
                [up_to(0, ErrorClass::Closed)].into_iter().chain(begun).collect()
            }
            FaultKind::Reset => (first..=unit).map(|count| up_to(count, ErrorClass::Transport)).collect(),
            FaultKind::Flip(_) | FaultKind::Keepalives(_) => self.many_changed(right),
        }
    }

    /// So many values, and what comes behind them where the next one fails.
    fn up_to(&self, right: &[CallResult], count: usize, why: ErrorClass) -> CallResult {
        self.then_fails(right, right[..count].to_vec(), why)
    }

    fn then_fails(&self, right: &[CallResult], mut given: Vec<CallResult>, why: ErrorClass) -> CallResult {
        let rest = &right[given.len()..];
        let goes_on = match self.client_kind.recovery() {
            Recovery::Driver => false,
            // None was under way.
            Recovery::Smoltcp => matches!(why, ErrorClass::Ended | ErrorClass::UnexpectedData),
            // Only the first request on a connection is given up.
            Recovery::Std | Recovery::Reconnecting => why != ErrorClass::TimedOut && !given.is_empty(),
        };
        if goes_on {
            given.extend_from_slice(rest);
            return CallResult::Many(given);
        }
        given.push(CallResult::Fails(why));
        if let (Recovery::Std, Some((_, behind))) = (self.client_kind.recovery(), rest.split_first()) {
            match why {
                ErrorClass::TimedOut => {
                    given.extend(behind.iter().map(|_| CallResult::Fails(ErrorClass::NotTried)))
                }
                _ => given.extend_from_slice(behind),
            }
        }
        CallResult::Many(given)
    }

    fn many_changed(&self, right: &[CallResult]) -> Vec<CallResult> {
        let all: Vec<u8> = (0..right.len()).flat_map(|unit| self.changed(unit)).collect();
        let first_end = self.changed(0).len();
        let call = self.exchange.calls[0];
        let mut given = Vec::new();
        let mut at = 0;
        while given.len() < right.len() {
            let there = if given.is_empty() { first_end } else { all.len() };
            let (is_kept, len) = match decode(&call, &all[at..there], self.client_kind.payload_limit()) {
                Decoded::Answer { given: value, is_kept, len } => {
                    given.push(value);
                    (is_kept, len)
                }
                Decoded::Refused | Decoded::Malformed => {
                    return vec![self.then_fails(right, given, ErrorClass::Decode)];
                }
                // All that is waited for until then may come too late as well, where the machine has a lot to do.
                Decoded::Waits => {
                    let early =
                        |count: usize| self.then_fails(right, given[..count].to_vec(), ErrorClass::TimedOut);
                    return (0..=given.len()).map(early).collect();
                }
            };
            at += len;
            let why = match (given.len(), is_kept) {
                (count, _) if count == right.len() => break,
                // It is seen at once where nothing is owed.
                (1, _) if at < first_end => ErrorClass::UnexpectedData,
                (_, true) => continue,
                (1, false) => ErrorClass::Ended,
                (_, false) => ErrorClass::PersistenceWithdrawn,
            };
            return vec![self.then_fails(right, given, why)];
        }
        vec![CallResult::Many(given)]
    }
}
