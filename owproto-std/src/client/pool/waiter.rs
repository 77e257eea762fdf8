//! A call that waits for a permit, and the copies of its request and its reply.

use owproto_core::wire::{Flags, HEADER_LEN, Header, MessageType};
use owproto_core::{Reply, Request};

use crate::Error;
use crate::client::connection::Deadline;
use crate::client::sync::{Arc, Mutex, MutexGuard};
use crate::client::transport::{Runtime, Semaphore};

/// The maximum number of bytes of requests in flight before another one is sent. While the server sends a long reply it does
/// not read, so these must fit the buffers of the sockets; otherwise both sides would wait for the other one to read.
pub(crate) const MAX_IN_FLIGHT_LEN: usize = 16 * 1024;

/// A call that waits for a permit.
pub(super) struct Waiter<R: Runtime> {
    /// The position in the queue. An older call has a lower number.
    number: u64,
    deadline: Deadline,
    /// The request, if another call may send it.
    request: Option<OwnedRequest>,
    /// Has a permit when the state has changed.
    wakeups: R::Semaphore,
    state: Mutex<State<R>>,
}

enum State<R: Runtime> {
    /// In the queue, or in a batch.
    Waiting,
    /// It was handed a permit, to send its request and those of these calls.
    Leading(Vec<Arc<Waiter<R>>>),
    /// A batch leader received its reply.
    Answered(OwnedReply),
    /// A batch leader received an error instead of its reply.
    Failed(Box<Error>),
    /// The call has taken the result, or was dropped.
    Done,
}

/// Why a waiting call was woken.
pub(super) enum Wakeup<R: Runtime> {
    /// It was handed a permit, to send its request and those of these calls.
    BatchLeader(Vec<Arc<Waiter<R>>>),
    Answered(OwnedReply),
    Failed(Error),
}

impl<R: Runtime> Waiter<R> {
    pub(super) fn new(number: u64, deadline: Deadline, request: Option<OwnedRequest>) -> Arc<Self> {
        Arc::new(Self {
            number,
            deadline,
            request,
            wakeups: R::Semaphore::default(),
            state: Mutex::new(State::Waiting),
        })
    }

    fn state(&self) -> MutexGuard<'_, State<R>> {
        self.state.lock()
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn deadline(&self) -> Deadline {
        self.deadline
    }

    /// Whether another call may send the request.
    pub(super) fn can_be_batched(&self) -> bool {
        self.request.is_some()
    }

    /// The length of the request that another call may send, in bytes.
    pub(super) fn request_len(&self) -> usize {
        self.request.as_ref().map_or(0, |request| request.payload.len())
    }

    /// The request, if another call may send it.
    pub(super) fn request(&self) -> Option<Request<'_>> {
        self.request.as_ref()?.as_request()
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(*self.state(), State::Waiting)
    }

    /// Waits until [`wake`](Self::wake) is called. `None` if the deadline passes first.
    pub(super) async fn woken(&self) -> Option<Wakeup<R>> {
        self.wakeups.acquire(self.deadline.time_left::<R>()).await;
        let mut state = self.state();
        let (wakeup, next) = match std::mem::replace(&mut *state, State::Done) {
            State::Leading(followers) if !self.deadline.has_passed::<R>() => {
                (Some(Wakeup::BatchLeader(followers)), State::Waiting)
            }
            State::Answered(reply) => (Some(Wakeup::Answered(reply)), State::Done),
            State::Failed(error) => (Some(Wakeup::Failed(*error)), State::Done),
            unchanged => (None, unchanged),
        };
        *state = next;
        wakeup
    }

    /// Lets the call see its new state.
    pub(super) fn wake(&self) {
        self.wakeups.release();
    }

    /// Makes it the leader of a batch, which it sees when it is [woken](Self::wake).
    pub(super) fn lead(&self, followers: Vec<Arc<Self>>) {
        *self.state() = State::Leading(followers);
    }

    /// Gives the call its reply and wakes it.
    pub(super) fn answer(&self, reply: Reply<'_>) {
        self.complete(|| State::Answered(OwnedReply::new(reply)));
    }

    /// Gives the call an error and wakes it.
    pub(super) fn fail(&self, error: Error) {
        self.complete(|| State::Failed(Box::new(error)));
    }

    fn complete(&self, result: impl FnOnce() -> State<R>) {
        let mut state = self.state();
        if let State::Waiting = *state {
            *state = result();
            drop(state);
            self.wake();
        }
    }

    /// Records that the call no longer waits. If it was the leader of a batch, returns its followers, and its permit is to
    /// be released.
    pub(super) fn cancel(&self) -> Option<Vec<Arc<Self>>> {
        match std::mem::replace(&mut *self.state(), State::Done) {
            State::Leading(followers) => Some(followers),
            _ => None,
        }
    }
}

/// A copy of a request that another call may send: its reply is one frame, and sending it twice does no harm. It is a copy
/// since the call may be dropped before its request is sent.
pub(super) struct OwnedRequest {
    message_type: MessageType,
    flags: Flags,
    size: i32,
    offset: i32,
    payload: Box<[u8]>,
}

impl OwnedRequest {
    /// `None` if only the call itself may send the request.
    pub(super) fn new(request: &Request<'_>) -> Option<Self> {
        let header = request.header();
        let message_type = request.message_type();
        let is_small = matches!(
            message_type,
            MessageType::NOP | MessageType::READ | MessageType::PRESENCE | MessageType::GET
        );
        if !is_small || request.encoded_len() > MAX_IN_FLIGHT_LEN || !request.tokens().is_empty() {
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

    fn as_request(&self) -> Option<Request<'_>> {
        let request = Request::raw(self.message_type, &self.payload).ok()?;
        Some(request.with_flags(self.flags).with_raw_size(self.size).with_raw_offset(self.offset))
    }
}

/// A copy of a reply, for a call that did not receive it itself.
pub(crate) struct OwnedReply {
    header: Header,
    payload: Box<[u8]>,
}

impl OwnedReply {
    pub(crate) fn new(reply: Reply<'_>) -> Self {
        Self { header: reply.header(), payload: reply.payload().into() }
    }

    pub(crate) fn as_reply(&self) -> Reply<'_> {
        Reply::new(self.header, &self.payload)
    }
}
