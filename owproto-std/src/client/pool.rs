//! Places for persistent connections, and the calls that wait for one.
//!
//! A call that finds no place joins the queue. A place that becomes free goes to the front of it: to one call alone, or,
//! where those in front only ask small questions, to several at once. Of these the one that may wait longest leads: it has
//! the place and asks for all of them (see `batch.rs`). So there are two kinds of waiters, those in the queue and those
//! in the hands of a leader, and each of them may go at any time.

use std::collections::BTreeMap;
use std::sync::Arc;

use owproto_core::time::{Duration, Instant};
use owproto_core::wire::{Flags, HEADER_LEN, Header, MessageType};
use owproto_core::{Reply, Request};
use parking_lot::{Mutex, MutexGuard};

use super::deadline::Deadline;
use super::session::{DEPTH, Session};
use crate::Error;
use crate::runtime::{Gate, Runtime};

/// How many bytes of requests may be in flight before another one. A server that sends long answers does not read
/// meanwhile, and these have to fit the buffers of the sockets, lest both sides wait for the other one to read.
pub(super) const IN_FLIGHT_LEN: usize = 16 * 1024;

/// How long a server that keeps no more connections is not asked to keep another one.
pub(super) const REFUSED_FOR: Duration = Duration::from_millis(10_000);

/// Persistent connections and the places for them, under one lock.
pub(super) struct Pool<R: Runtime> {
    pub(super) idle: Vec<Session<R>>,
    /// As many places as there may be.
    most: usize,
    /// As many as there are: less, where the server refuses to keep more connections. At least one.
    places: usize,
    /// Places that nobody has. None while calls wait.
    free: usize,
    /// Places that somebody has without a connection that the server has promised to keep.
    bare: usize,
    /// When it last refused while it kept others.
    refused_at: Option<Instant>,
    /// Whether it keeps none at all.
    refuses_all: bool,
    /// Those who wait, by their age.
    queue: BTreeMap<u64, Arc<Waiter<R>>>,
}

impl<R: Runtime> Pool<R> {
    pub(super) fn new(most: usize) -> Self {
        Self {
            idle: Vec::new(),
            most,
            places: most,
            free: most,
            bare: 0,
            refused_at: None,
            refuses_all: false,
            queue: BTreeMap::new(),
        }
    }

    /// A place, and a connection that is idle if there is one.
    #[inline]
    pub(super) fn enter(&mut self) -> Option<(Held, Option<Session<R>>)> {
        self.free = self.free.checked_sub(1)?;
        let idle = self.idle.pop();
        let is_bare = idle.is_none();
        self.bare += usize::from(is_bare);
        Some((Held { is_bare }, idle))
    }

    /// A connection that is idle, if there is one, for a place that has none any more.
    pub(super) fn take_idle(&mut self, held: &mut Held) -> Option<Session<R>> {
        let idle = self.idle.pop();
        self.lost(held, idle.is_none());
        idle
    }

    /// Notes whether a place is without a connection.
    pub(super) fn lost(&mut self, held: &mut Held, is_bare: bool) {
        self.bare = self.bare + usize::from(is_bare) - usize::from(held.is_bare);
        held.is_bare = is_bare;
    }

    /// A connection that was idle in its place is idle without one.
    pub(super) fn settle(&mut self, session: Session<R>) -> Option<Arc<Waiter<R>>> {
        self.idle.push(session);
        self.leave(Held::KEPT)
    }

    /// A place becomes free. Gives who is to be [woken](Waiter::wake) once the lock is released.
    #[inline]
    #[must_use]
    pub(super) fn leave(&mut self, held: Held) -> Option<Arc<Waiter<R>>> {
        self.bare -= usize::from(held.is_bare);
        self.free += 1;
        if self.queue.is_empty() { None } else { self.hand_on() }
    }

    /// How many connections there are that a server has promised to keep: idle ones, and those of places.
    fn kept(&self) -> usize {
        self.idle.len() + self.places - self.free - self.bare
    }

    /// A connection was kept, and is idle now, unless there are enough without it. Its place, if it has one, becomes free;
    /// listings have connections without.
    #[must_use]
    pub(super) fn keep(
        &mut self,
        session: Session<R>,
        held: Option<Held>,
    ) -> (Option<Session<R>>, Option<Arc<Waiter<R>>>) {
        let woken = held.and_then(|mut held| {
            if held.is_bare {
                self.lost(&mut held, false);
                self.refuses_all = false;
            }
            self.leave(held)
        });
        if self.kept() < self.most {
            self.idle.push(session);
            (None, woken)
        } else {
            (Some(session), woken)
        }
    }

    /// A place becomes free whose connection the server did not keep, though it was asked to: all that it keeps at once
    /// are taken. Who waits does so for one of those that are kept, if there are any, rather than have connections made
    /// for one call each.
    pub(super) fn refused(&mut self, held: Held, now: Instant) -> Woken<R> {
        if !held.is_bare {
            // It was kept before, and ends for another reason.
            return self.leave(held).into_iter().collect();
        }
        let kept = self.kept();
        let spare = self.free.saturating_sub(self.idle.len());
        self.refuses_all = kept == 0;
        let mut woken = Vec::new();
        if kept == 0 {
            self.free += self.most - self.places;
            self.places = self.most;
        } else if self.places - spare > 1 {
            self.refused_at = Some(now);
            self.bare -= 1;
            self.free -= spare;
            self.places -= spare + 1;
            return woken;
        }
        woken.extend(self.leave(held));
        self.hand_on_all(&mut woken);
        woken
    }

    /// Lets a call wait, unless there is a place.
    pub(super) fn queue_up(&mut self, waiter: &Arc<Waiter<R>>, now: Instant) -> Option<Held> {
        let may_try = self.refused_at.is_none_or(|at| now.saturating_since(at) >= REFUSED_FOR);
        if self.free == 0 && self.places < self.most && may_try {
            self.places += 1;
            self.free += 1;
        }
        if self.free > 0 {
            self.free -= 1;
            self.bare += 1;
            return Some(Held::BARE);
        }
        self.queue.insert(waiter.age, Arc::clone(waiter));
        None
    }

    /// Those of them that wait still wait further, at their age.
    pub(super) fn queue_again(&mut self, waiters: impl Iterator<Item = Arc<Waiter<R>>>) -> Woken<R> {
        for waiter in waiters {
            if waiter.is_waiting() {
                self.queue.insert(waiter.age, waiter);
            }
        }
        let mut woken = Vec::new();
        self.hand_on_all(&mut woken);
        woken
    }

    fn hand_on_all(&mut self, woken: &mut Woken<R>) {
        while self.free > 0 && !self.queue.is_empty() {
            woken.extend(self.hand_on());
        }
    }

    /// Gives a free place to those in front of the queue: to one, or to its share of those who can be asked for together.
    /// The others come to be asked for by others, or later; so nobody is overtaken, and calls spread over the places.
    #[cold]
    fn hand_on(&mut self) -> Option<Arc<Waiter<R>>> {
        let share = if self.refuses_all { 1 } else { self.queue.len().div_ceil(self.places).min(DEPTH) };
        let (_, first) = self.queue.pop_first()?;
        self.free -= 1;
        self.bare += 1;
        let mut batch = vec![first];
        let mut len = batch.iter().map(|first| first.asked_len()).sum::<usize>();
        while batch.len() < share && batch.iter().all(|first| first.asked.is_some()) {
            let Some(next) = self.queue.first_entry() else { break };
            len += next.get().asked_len();
            if next.get().asked.is_none() || len > IN_FLIGHT_LEN {
                break;
            }
            batch.push(next.remove());
        }
        // Whose time ends first is asked for first, and who leads is still there when the last answer comes.
        batch.sort_unstable_by_key(|waiter| (waiter.deadline.order(), waiter.age));
        let leader = batch.pop()?;
        *leader.state() = State::Leads(batch);
        Some(leader)
    }

    /// A call does not wait any more. If it was to lead, those that it was to ask for and its place are left.
    pub(super) fn forget(&mut self, waiter: &Arc<Waiter<R>>) -> Woken<R> {
        self.queue.remove(&waiter.age);
        match std::mem::replace(&mut *waiter.state(), State::Gone) {
            State::Leads(others) => {
                let mut woken = self.queue_again(others.into_iter());
                woken.extend(self.leave(Held::BARE));
                woken
            }
            _ => Vec::new(),
        }
    }

    #[cfg(test)]
    pub(super) fn places(&self) -> usize {
        self.places
    }

    /// Whether all places are free and nobody waits.
    #[cfg(test)]
    pub(super) fn is_at_rest(&self) -> bool {
        self.free == self.places && self.bare == 0 && self.queue.is_empty()
    }
}

/// Whom to wake.
pub(super) type Woken<R> = Vec<Arc<Waiter<R>>>;

/// A place that somebody has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    is_bare: bool,
}

impl Held {
    /// One whose connection the server has promised to keep.
    pub(super) const KEPT: Self = Self { is_bare: false };

    /// One that was [handed on](Turn::Leads).
    pub(super) const BARE: Self = Self { is_bare: true };
}

/// A call that waits for a place.
pub(super) struct Waiter<R: Runtime> {
    /// The place in the queue: the lower, the older.
    age: u64,
    deadline: Deadline,
    /// What it asks, if others may ask it instead.
    asked: Option<Asked>,
    gate: R::Gate,
    state: Mutex<State<R>>,
}

/// What came of waiting.
enum State<R: Runtime> {
    /// Nothing so far.
    Waits,
    /// A place, to ask for these others too.
    Leads(Vec<Arc<Waiter<R>>>),
    Answered(Answer),
    Failed(Box<Error>),
    /// Nobody waits any more.
    Gone,
}

/// As a [`State`], to the one whose turn it is.
pub(super) enum Turn<R: Runtime> {
    Leads(Vec<Arc<Waiter<R>>>),
    Answered(Answer),
    Failed(Error),
}

impl<R: Runtime> Waiter<R> {
    pub(super) fn new(age: u64, deadline: Deadline, request: Option<&Request<'_>>) -> Arc<Self> {
        Arc::new(Self {
            age,
            deadline,
            asked: request.and_then(Asked::new),
            gate: R::Gate::default(),
            state: Mutex::new(State::Waits),
        })
    }

    fn state(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock()
    }

    fn asked_len(&self) -> usize {
        self.asked.as_ref().map_or(0, |asked| asked.payload.len())
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(*self.state(), State::Waits)
    }

    /// What it asks.
    pub(super) fn request(&self) -> Option<Request<'_>> {
        self.asked.as_ref()?.request()
    }

    /// Waits for a turn. `None` if the time is over before.
    pub(super) async fn turn(&self) -> Option<Turn<R>> {
        self.gate.enter(self.deadline.wait::<R>()).await;
        let mut state = self.state();
        let (turn, next) = match std::mem::replace(&mut *state, State::Gone) {
            State::Leads(others) if !self.deadline.is_over::<R>() => {
                (Some(Turn::Leads(others)), State::Waits)
            }
            State::Answered(answer) => (Some(Turn::Answered(answer)), State::Gone),
            State::Failed(error) => (Some(Turn::Failed(*error)), State::Gone),
            other => (None, other),
        };
        *state = next;
        turn
    }

    /// Lets the call see what its turn is.
    pub(super) fn wake(&self) {
        self.gate.leave();
    }

    pub(super) fn answer(&self, reply: Reply<'_>) {
        self.end(|| State::Answered(Answer::new(reply)));
    }

    pub(super) fn fail(&self, error: Error) {
        self.end(|| State::Failed(Box::new(error)));
    }

    fn end(&self, end: impl FnOnce() -> State<R>) {
        let mut state = self.state();
        if let State::Waits = *state {
            *state = end();
            drop(state);
            self.wake();
        }
    }
}

pub(super) fn wake<R: Runtime>(woken: impl IntoIterator<Item = Arc<Waiter<R>>>) {
    woken.into_iter().for_each(|waiter| waiter.wake());
}

/// A question whose answer is a single reply, and which does no harm when it is asked twice. It is kept by itself, since
/// the call may be gone before its question is asked.
struct Asked {
    message_type: MessageType,
    flags: Flags,
    size: i32,
    offset: i32,
    payload: Box<[u8]>,
}

impl Asked {
    fn new(request: &Request<'_>) -> Option<Self> {
        let header = request.header();
        let message_type = request.message_type();
        let is_small = matches!(
            message_type,
            MessageType::NOP | MessageType::READ | MessageType::PRESENCE | MessageType::GET
        );
        if !is_small || request.encoded_len() > IN_FLIGHT_LEN || !request.tokens().is_empty() {
            return None;
        }
        let mut head = [0; HEADER_LEN];
        let [_, path, terminator, ..] = request.parts(&mut head);
        Some(Self {
            message_type,
            flags: header.flags,
            size: header.size,
            offset: header.offset,
            payload: [path, terminator].concat().into(),
        })
    }

    fn request(&self) -> Option<Request<'_>> {
        let request = Request::raw(self.message_type, &self.payload).ok()?;
        Some(request.with_flags(self.flags).with_raw_size(self.size).with_raw_offset(self.offset))
    }
}

/// A reply that is kept for the call that it belongs to.
pub(super) struct Answer {
    header: Header,
    payload: Box<[u8]>,
}

impl Answer {
    pub(super) fn new(reply: Reply<'_>) -> Self {
        Self { header: reply.header(), payload: reply.payload().into() }
    }

    pub(super) fn reply(&self) -> Reply<'_> {
        Reply::new(self.header, &self.payload)
    }
}
