//! What each fault may give to the caller.

use std::net::SocketAddr;

use owproto_tests::proxy::{Direction, Fault, Kind};

use crate::callers::{self, Call, Given, Sort, Which, Why};
use crate::exchanges::Exchange;
use crate::oracle::{Said, said};
use crate::{KEEPALIVES, LONG};

/// One run: an exchange of one client, with one fault.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) which: Which,
    pub(crate) exchange: &'a Exchange,
    pub(crate) fault: Fault,
}

impl Case<'_> {
    /// Which call or, in the case of many reads, which of them has the byte of the fault.
    pub(crate) fn unit(&self) -> usize {
        self.exchange.unit(self.fault.direction, self.fault.at)
    }

    /// Where the byte is, counted from the beginning of its request or answer.
    pub(crate) fn place(&self) -> usize {
        self.fault.at - self.exchange.start(self.fault.direction, self.unit())
    }

    /// What the `number`th call of the exchange may give.
    pub(crate) fn accepted(&self, server: SocketAddr, number: usize) -> Vec<Given> {
        let right = &self.exchange.right[number];
        match right {
            Given::Many(values) => self.many(values),
            _ if number != self.unit() => vec![right.clone()],
            _ => self.one(server, &self.exchange.calls[number], right),
        }
    }

    fn one(&self, server: SocketAddr, call: &Call, right: &Given) -> Vec<Given> {
        let right = || right.clone();
        let fails = Given::Fails;
        let (is_new, has_begun) = (self.unit() == 0, self.answer_has_begun());
        match (self.fault.kind, self.which.sort()) {
            (Kind::Pause(pause), _) if pause < LONG => vec![right()],
            (Kind::Pause(_) | Kind::Stall, _) => vec![fails(Why::TimedOut)],
            (Kind::Cut, _) if has_begun => vec![fails(Why::Truncated)],
            (Kind::Cut, _) if is_new => vec![fails(Why::Closed)],
            // An idle connection may have been closed at any time: asked again, unless that could do something twice.
            (Kind::Cut, Sort::Std | Sort::Reconnecting) if !matches!(call, Call::Write(..)) => vec![right()],
            (Kind::Cut, _) => vec![fails(Why::Stale)],
            (Kind::Reset, Sort::Driver | Sort::Smoltcp) => vec![fails(Why::Transport)],
            (Kind::Reset, sort) => {
                let (closed, stale, truncated) = match sort {
                    Sort::Std => (Why::Closed, Why::Stale, Why::Truncated),
                    _ => (Why::Transport, Why::Transport, Why::Transport),
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
            (Kind::Flip(mask), _) if self.fault.direction == Direction::ToServer => {
                let mut request = self.exchange.requests.clone();
                request[self.fault.at] ^= mask;
                let answer = callers::answer_to(server, &request);
                match said(call, &answer, self.which.payload_limit()) {
                    Said::Answer { given, .. } => vec![given],
                    Said::Refused => vec![right()],
                    Said::Malformed => vec![fails(Why::Decode)],
                    // The server does not understand it, or waits for the rest of it.
                    Said::Waits => vec![fails(Why::Closed), fails(Why::TimedOut)],
                }
            }
            (Kind::Flip(_) | Kind::Keepalives(_), _) => {
                let answer = self.changed(self.unit());
                vec![match said(call, &answer, self.which.payload_limit()) {
                    Said::Answer { given, .. } => given,
                    Said::Refused => right(),
                    Said::Malformed => fails(Why::Decode),
                    Said::Waits => fails(Why::TimedOut),
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
        if is_length && matches!(kind, Kind::Flip(_)) { 5 } else { 0 }
    }

    /// The answer of one unit, with the fault in it.
    fn changed(&self, unit: usize) -> Vec<u8> {
        let start = self.exchange.start(Direction::ToClient, unit);
        let mut bytes = self.exchange.answers[start..self.exchange.ends(Direction::ToClient)[unit]].to_vec();
        if unit == self.unit() {
            let at = self.fault.at - start;
            match self.fault.kind {
                Kind::Flip(mask) => bytes[at] ^= mask,
                Kind::Keepalives(count) => drop(bytes.splice(at..at, KEEPALIVES[..24 * count].to_vec())),
                _ => {}
            }
        }
        bytes
    }

    fn answer_has_begun(&self) -> bool {
        self.fault.direction == Direction::ToClient && self.place() > 0
    }

    fn many(&self, right: &[Given]) -> Vec<Given> {
        let (unit, sort) = (self.unit(), self.which.sort());
        let all = || Given::Many(right.to_vec());
        let up_to = |count: usize, why| self.up_to(right, count, why);
        // The first value is waited for by itself, the others are asked for together.
        let first = unit.min(1);
        match self.fault.kind {
            Kind::Pause(pause) if pause < LONG => vec![all()],
            Kind::Pause(_) | Kind::Stall => (0..=unit).map(|count| up_to(count, Why::TimedOut)).collect(),
            // What had worked is asked again.
            Kind::Cut | Kind::Reset if matches!(sort, Sort::Std | Sort::Reconnecting) && unit > 0 => {
                vec![all()]
            }
            Kind::Cut => match (self.fault.direction, unit) {
                _ if self.answer_has_begun() => vec![up_to(unit, Why::Truncated)],
                (_, 0) => vec![up_to(0, Why::Closed)],
                (Direction::ToClient, _) => vec![up_to(unit, Why::Stale)],
                // Answers to the requests before it may still be under way.
                (Direction::ToServer, _) => (first..=unit)
                    .flat_map(|count| [up_to(count, Why::Stale), up_to(count, Why::Truncated)])
                    .collect(),
            },
            Kind::Reset if sort == Sort::Std => {
                let begun = self.answer_has_begun().then(|| up_to(0, Why::Truncated));
                [up_to(0, Why::Closed)].into_iter().chain(begun).collect()
            }
            Kind::Reset => (first..=unit).map(|count| up_to(count, Why::Transport)).collect(),
            Kind::Flip(_) | Kind::Keepalives(_) => self.many_changed(right),
        }
    }

    /// So many values, and what comes behind them where the next one fails.
    fn up_to(&self, right: &[Given], count: usize, why: Why) -> Given {
        self.then_fails(right, right[..count].to_vec(), why)
    }

    fn then_fails(&self, right: &[Given], mut given: Vec<Given>, why: Why) -> Given {
        let rest = &right[given.len()..];
        let goes_on = match self.which.sort() {
            Sort::Driver => false,
            // None was under way.
            Sort::Smoltcp => matches!(why, Why::Ended | Why::UnexpectedData),
            // Only the first request on a connection is given up.
            Sort::Std | Sort::Reconnecting => why != Why::TimedOut && !given.is_empty(),
        };
        if goes_on {
            given.extend_from_slice(rest);
            return Given::Many(given);
        }
        given.push(Given::Fails(why));
        if let (Sort::Std, Some((_, behind))) = (self.which.sort(), rest.split_first()) {
            match why {
                Why::TimedOut => given.extend(behind.iter().map(|_| Given::Fails(Why::NotTried))),
                _ => given.extend_from_slice(behind),
            }
        }
        Given::Many(given)
    }

    fn many_changed(&self, right: &[Given]) -> Vec<Given> {
        let all: Vec<u8> = (0..right.len()).flat_map(|unit| self.changed(unit)).collect();
        let first_end = self.changed(0).len();
        let call = self.exchange.calls[0];
        let mut given = Vec::new();
        let mut at = 0;
        while given.len() < right.len() {
            let there = if given.is_empty() { first_end } else { all.len() };
            let (is_kept, len) = match said(&call, &all[at..there], self.which.payload_limit()) {
                Said::Answer { given: value, is_kept, len } => {
                    given.push(value);
                    (is_kept, len)
                }
                Said::Refused | Said::Malformed => return vec![self.then_fails(right, given, Why::Decode)],
                // All that is waited for until then may come too late as well, where the machine has a lot to do.
                Said::Waits => {
                    let early = |count: usize| self.then_fails(right, given[..count].to_vec(), Why::TimedOut);
                    return (0..=given.len()).map(early).collect();
                }
            };
            at += len;
            let why = match (given.len(), is_kept) {
                (count, _) if count == right.len() => break,
                // It is seen at once where nothing is owed.
                (1, _) if at < first_end => Why::UnexpectedData,
                (_, true) => continue,
                (1, false) => Why::Ended,
                (_, false) => Why::PersistenceWithdrawn,
            };
            return vec![self.then_fails(right, given, why)];
        }
        vec![Given::Many(given)]
    }
}
