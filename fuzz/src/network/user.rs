//! The user of the client: makes requests, and knows their right answers.

use std::collections::VecDeque;

use owproto_core::client::{Event, Lost, RequestId, Resend};
use owproto_core::time::{Duration, Instant};
use owproto_core::wire::Flags;
use owproto_core::{Reply, Request};

use super::{Client, bus};

/// A request and its meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Question {
    Nothing,
    Temperature(usize),
    /// With the number of the request as its value.
    Write(usize),
    Presence(usize),
    /// By DIR, DIRALL or DIRALLSLASH.
    Listing(u8),
    /// A READ of a path that does not exist.
    Nowhere,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Answered,
    /// It may have been carried out.
    Unknown,
    /// It was lost too often.
    GivenUp,
}

struct Wanted {
    question: Question,
    is_persistent: bool,
    losses: usize,
    deadline: Option<Instant>,
    outcome: Option<Outcome>,
}

pub(super) struct User {
    devices: usize,
    wanted: Vec<Wanted>,
    /// The numbers of requests to be made, in order.
    queue: VecDeque<usize>,
    in_flight: VecDeque<(RequestId, usize)>,
    /// Entries of the listing that is being received.
    entries: Vec<Vec<u8>>,
    /// Lost requests that may be resent.
    again: Vec<usize>,
}

/// The most losses of a request before it is given up.
const MAX_LOSSES: usize = 4;

impl User {
    pub(super) fn new(devices: usize) -> Self {
        Self {
            devices,
            wanted: Vec::new(),
            queue: VecDeque::new(),
            in_flight: VecDeque::new(),
            entries: Vec::new(),
            again: Vec::new(),
        }
    }

    /// Adds a request: the lowest three bits are its kind; if the next bit is 0, it asks for persistence; the rest is a number.
    pub(super) fn want(&mut self, what: u8) {
        let number = usize::from(what >> 4);
        let question = match what & 7 {
            0 => Question::Nothing,
            1 | 2 if self.devices > 0 => Question::Temperature(number % self.devices),
            3 if self.devices > 0 => Question::Write(self.wanted.len()),
            4 if self.devices > 0 => Question::Presence(number % self.devices),
            5 | 6 => Question::Listing(what >> 4),
            _ => Question::Nowhere,
        };
        self.queue.push_back(self.wanted.len());
        self.wanted.push(Wanted {
            question,
            is_persistent: what & 8 == 0,
            losses: 0,
            deadline: None,
            outcome: None,
        });
    }

    /// Makes as many requests as the connection accepts. Returns whether any was made.
    pub(super) fn make_requests(&mut self, client: &mut Client, total: Duration, now: Instant) -> bool {
        let before = self.queue.len();
        while client.room() > 0
            && let Some(&number) = self.queue.front()
        {
            let wanted = &mut self.wanted[number];
            let (path, data) = wanted.question.path(self.devices);
            let request = match wanted.question {
                Question::Nothing => Ok(Request::nop()),
                Question::Write(_) => Request::write(&path, &data),
                Question::Presence(_) => Request::presence(&path),
                Question::Listing(by) if by % 3 == 0 => Request::dir(&path),
                Question::Listing(by) if by % 3 == 1 => Request::dirall(&path),
                Question::Listing(_) => Request::dirallslash(&path),
                Question::Temperature(_) | Question::Nowhere => Request::read(&path),
            };
            let flags = if wanted.is_persistent { Flags::PERSISTENCE } else { Flags::NONE };
            let request = request.unwrap().with_flags(flags);
            // There may be no room after the requests that wait to be sent.
            let Ok(id) = client.request_within(&request, total, now) else { break };
            wanted.deadline = (!total.is_zero()).then(|| now + total);
            self.in_flight.push_back((id, number));
            self.queue.pop_front();
        }
        self.queue.len() < before
    }

    /// Checks that an event is for the oldest request, and that a reply is its right answer.
    pub(super) fn take(&mut self, event: Event<'_>, now: Instant) {
        let &(oldest, number) = self.in_flight.front().expect("no request is in flight");
        let wanted = &mut self.wanted[number];
        assert!(wanted.deadline.is_none_or(|deadline| now < deadline), "an event after the deadline");
        match event {
            Event::NeedMore(_) | Event::Keepalive => {}
            Event::Entries(id, entries) => {
                assert!(id == oldest && matches!(wanted.question, Question::Listing(_)));
                self.entries.extend(entries.map(<[u8]>::to_vec));
            }
            Event::Reply(id, reply) => {
                assert_eq!(id, oldest);
                wanted.question.check(&reply, &std::mem::take(&mut self.entries), self.devices);
                wanted.outcome = Some(Outcome::Answered);
                self.in_flight.pop_front();
            }
        }
    }

    /// A request has been lost.
    pub(super) fn lose(&mut self, lost: Lost) {
        self.entries.clear();
        let (id, number) = self.in_flight.pop_front().expect("no request is in flight");
        assert_eq!(lost.id, id);
        let wanted = &mut self.wanted[number];
        wanted.losses += 1;
        match lost.resend {
            Resend::Safe => self.again.push(number),
            Resend::MayHappenTwice => {
                assert!(matches!(wanted.question, Question::Write(_)));
                wanted.outcome = Some(Outcome::Unknown);
            }
        }
    }

    /// Queues the lost requests again, first in the queue, unless they were lost too often.
    pub(super) fn requeue(&mut self, is_calm: bool) {
        assert!(self.in_flight.is_empty(), "requests in flight were not reported as lost");
        for number in self.again.drain(..).rev() {
            let wanted = &mut self.wanted[number];
            if wanted.losses > MAX_LOSSES {
                assert!(!is_calm, "{:?} was lost too often", wanted.question);
                wanted.outcome = Some(Outcome::GivenUp);
            } else {
                self.queue.push_front(number);
            }
        }
    }

    pub(super) fn is_done(&self) -> bool {
        self.wanted.iter().all(|wanted| wanted.outcome.is_some())
    }

    /// Checks that no write was carried out twice, that answered ones were carried out, and that those given up were not:
    /// each loss of them was reported as safe to resend.
    pub(super) fn check_writes(&self, written: &[u32]) {
        let count =
            |number: usize| written.iter().filter(|&&done| usize::try_from(done) == Ok(number)).count();
        for (number, wanted) in self.wanted.iter().enumerate() {
            let done = count(number);
            match (wanted.question, wanted.outcome) {
                (Question::Write(_), Some(Outcome::Answered)) => assert_eq!(done, 1, "{number}"),
                (Question::Write(_), Some(Outcome::Unknown)) => {
                    assert!(done <= 1, "write {number} was carried out {done} times")
                }
                _ => assert_eq!(done, 0, "write {number} was carried out"),
            }
        }
    }
}

impl Question {
    /// The path, and data to be written.
    fn path(self, devices: usize) -> (String, String) {
        match self {
            Self::Nothing | Self::Listing(_) => ("/".into(), String::new()),
            Self::Temperature(n) => (format!("/{}/temperature", bus::id(n)), String::new()),
            Self::Write(n) => (format!("/{}/templow", bus::id(n % devices)), n.to_string()),
            Self::Presence(n) => (format!("/{}", bus::id(n)), String::new()),
            Self::Nowhere => ("/nowhere".into(), String::new()),
        }
    }

    fn check(self, reply: &Reply<'_>, entries: &[Vec<u8>], devices: usize) {
        let ret = reply.ret();
        let text = || str::from_utf8(reply.data()).unwrap().trim();
        match self {
            Self::Nothing => assert!(ret == 0 && reply.payload().is_empty()),
            Self::Temperature(n) => assert_eq!(text().parse(), Ok(bus::celsius(bus::id(n)))),
            Self::Write(n) => {
                assert_eq!((ret, usize::try_from(reply.size())), (0, Ok(n.to_string().len())));
            }
            Self::Presence(n) => assert_eq!(reply.payload(), bus::id(n).to_bytes()),
            Self::Listing(by) => {
                assert_eq!(ret, 0);
                let slash = if by % 3 == 2 { "/" } else { "" };
                let expected = (0..devices).map(|n| format!("/{}{slash}", bus::id(n)).into_bytes());
                assert!(expected.eq(entries.iter().cloned()), "{entries:?}");
            }
            Self::Nowhere => assert_eq!(ret, -1),
        }
    }
}
