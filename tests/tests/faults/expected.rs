//! The results that the caller may get for each fault.

use std::net::SocketAddr;

use owproto_tests::fault_proxy::{Direction, Fault, FaultKind};

use crate::clients::{self, Call, CallResult, ClientKind, ErrorClass, Recovery};
use crate::exchanges::Exchange;
use crate::oracle::{Decoded, decode};
use crate::{KEEPALIVES, LONG};

/// A case: an exchange of one client, with one fault.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) client_kind: ClientKind,
    pub(crate) exchange: &'a Exchange,
    pub(crate) fault: Fault,
}

impl Case<'_> {
    /// The number of the call, or of the read in `read_many`, with the byte of the fault.
    pub(crate) fn unit(&self) -> usize {
        self.exchange.unit(self.fault.direction, self.fault.at)
    }

    /// The place of the byte in its request or reply.
    pub(crate) fn place(&self) -> usize {
        self.fault.at - self.exchange.start(self.fault.direction, self.unit())
    }

    /// The results that the call with this number may have.
    pub(crate) fn accepted(&self, server: SocketAddr, number: usize) -> Vec<CallResult> {
        let right = &self.exchange.right[number];
        match right {
            CallResult::Many(values) => self.accepted_many(values),
            _ if number != self.unit() => vec![right.clone()],
            _ => self.accepted_one(server, &self.exchange.calls[number], right),
        }
    }

    fn accepted_one(&self, server: SocketAddr, call: &Call, right: &CallResult) -> Vec<CallResult> {
        let right = || right.clone();
        let fails = CallResult::Fails;
        let (is_new, has_begun) = (self.unit() == 0, self.answer_has_begun());
        match (self.fault.kind, self.client_kind.recovery()) {
            (FaultKind::Pause(pause), _) if pause < LONG => vec![right()],
            (FaultKind::Pause(_) | FaultKind::Stall, _) => vec![fails(ErrorClass::TimedOut)],
            (FaultKind::Cut, _) if has_begun => vec![fails(ErrorClass::Truncated)],
            (FaultKind::Cut, _) if is_new => vec![fails(ErrorClass::Closed)],
            // The server may have closed an idle connection: the request is sent again, if that is safe.
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
                // A reset may overtake the bytes before it.
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
                let answer = clients::server_answer(server, &request);
                match decode(call, &answer, self.client_kind.payload_limit()) {
                    Decoded::Answer { result, .. } => vec![result],
                    Decoded::Refused => vec![right()],
                    Decoded::Malformed => vec![fails(ErrorClass::Decode)],
                    // The request is malformed, or the server waits for the rest of it.
                    Decoded::Incomplete => vec![fails(ErrorClass::Closed), fails(ErrorClass::TimedOut)],
                }
            }
            (FaultKind::Flip(_) | FaultKind::Keepalives(_), _) => {
                let answer = self.changed(self.unit());
                vec![match decode(call, &answer, self.client_kind.payload_limit()) {
                    Decoded::Answer { result, .. } => result,
                    Decoded::Refused => right(),
                    Decoded::Malformed => fails(ErrorClass::Decode),
                    Decoded::Incomplete => fails(ErrorClass::TimedOut),
                }]
            }
        }
    }

    /// How many calls after the exchange may fail until one works.
    ///
    /// If a request announces fewer bytes than it has, the rest stays on the server as the beginning of the next request.
    /// The reply does not show it. It ends when the server finds a malformed request, and closes.
    pub(crate) fn later_failures(&self) -> usize {
        let Fault { direction, at, kind } = self.fault;
        let is_length = direction == Direction::ToServer && (4..8).contains(&at);
        if is_length && matches!(kind, FaultKind::Flip(_)) { 5 } else { 0 }
    }

    /// The reply of one unit, with the fault in it.
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

    fn accepted_many(&self, right: &[CallResult]) -> Vec<CallResult> {
        let (unit, recovery) = (self.unit(), self.client_kind.recovery());
        let all = || CallResult::Many(right.to_vec());
        let up_to = |count: usize, error| self.up_to(right, count, error);
        // The first request is sent alone, the others are pipelined.
        let first = unit.min(1);
        match self.fault.kind {
            FaultKind::Pause(pause) if pause < LONG => vec![all()],
            FaultKind::Pause(_) | FaultKind::Stall => {
                (0..=unit).map(|count| up_to(count, ErrorClass::TimedOut)).collect()
            }
            // A request on a connection that had worked is sent again.
            FaultKind::Cut | FaultKind::Reset
                if matches!(recovery, Recovery::Std | Recovery::Reconnecting) && unit > 0 =>
            {
                vec![all()]
            }
            FaultKind::Cut => match (self.fault.direction, unit) {
                _ if self.answer_has_begun() => vec![up_to(unit, ErrorClass::Truncated)],
                (_, 0) => vec![up_to(0, ErrorClass::Closed)],
                (Direction::ToClient, _) => vec![up_to(unit, ErrorClass::Stale)],
                // Replies to earlier requests may still arrive.
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

    /// This number of values, and the results after them if the next one fails.
    fn up_to(&self, right: &[CallResult], count: usize, error: ErrorClass) -> CallResult {
        self.then_fails(right, right[..count].to_vec(), error)
    }

    fn then_fails(
        &self,
        right: &[CallResult],
        mut results: Vec<CallResult>,
        error: ErrorClass,
    ) -> CallResult {
        let rest = &right[results.len()..];
        let goes_on = match self.client_kind.recovery() {
            Recovery::Driver => false,
            // No other request was in flight.
            Recovery::Smoltcp => matches!(error, ErrorClass::Ended | ErrorClass::UnexpectedData),
            // Only the first request on a connection is not sent again.
            Recovery::Std | Recovery::Reconnecting => error != ErrorClass::TimedOut && !results.is_empty(),
        };
        if goes_on {
            results.extend_from_slice(rest);
            return CallResult::Many(results);
        }
        results.push(CallResult::Fails(error));
        if let (Recovery::Std, Some((_, later))) = (self.client_kind.recovery(), rest.split_first()) {
            match error {
                ErrorClass::TimedOut => {
                    results.extend(later.iter().map(|_| CallResult::Fails(ErrorClass::NotTried)))
                }
                _ => results.extend_from_slice(later),
            }
        }
        CallResult::Many(results)
    }

    fn many_changed(&self, right: &[CallResult]) -> Vec<CallResult> {
        let all: Vec<u8> = (0..right.len()).flat_map(|unit| self.changed(unit)).collect();
        let first_end = self.changed(0).len();
        let call = self.exchange.calls[0];
        let mut results = Vec::new();
        let mut at = 0;
        while results.len() < right.len() {
            let end = if results.is_empty() { first_end } else { all.len() };
            let (is_kept, len) = match decode(&call, &all[at..end], self.client_kind.payload_limit()) {
                Decoded::Answer { result: value, is_kept, len } => {
                    results.push(value);
                    (is_kept, len)
                }
                Decoded::Refused | Decoded::Malformed => {
                    return vec![self.then_fails(right, results, ErrorClass::Decode)];
                }
                // On a busy machine, the values before it may arrive too late as well.
                Decoded::Incomplete => {
                    let early = |count: usize| {
                        self.then_fails(right, results[..count].to_vec(), ErrorClass::TimedOut)
                    };
                    return (0..=results.len()).map(early).collect();
                }
            };
            at += len;
            let error = match (results.len(), is_kept) {
                (count, _) if count == right.len() => break,
                // Bytes that follow the only expected reply are noticed immediately.
                (1, _) if at < first_end => ErrorClass::UnexpectedData,
                (_, true) => continue,
                (1, false) => ErrorClass::Ended,
                (_, false) => ErrorClass::PersistenceWithdrawn,
            };
            return vec![self.then_fails(right, results, error)];
        }
        vec![CallResult::Many(results)]
    }
}
