//! Receiving requests and answering them.

use std::mem::{self, MaybeUninit};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::tokio::io::{AsyncRead, ReadBuf};
use owproto_core::ReturnCode;
use owproto_core::server::{DEFAULT_TRANSMIT_LIMIT, Event, Persistence};
use owproto_core::time::Instant;
use owproto_core::tree::{Aliases, Bus};
use tracing::{debug, info, trace};

use super::{ANSWER_CAPACITY, BATCH_LEN, Driver, READ_LEN};
use crate::server::shutdown::Phase;
use crate::server::statistics::count;

impl<B: Bus, A: Aliases> Driver<B, A> {
    /// Whether an answer is complete, more requests have arrived, and their answers may be added to the same write.
    pub(super) fn may_gather(&self) -> bool {
        !self.pending.is_empty()
            && self.connection.end().is_none()
            && self.connection.request().is_none()
            && self.connection.poll_transmit().len() < BATCH_LEN
    }

    /// Reads from the socket, and takes what was received.
    pub(super) fn poll_input(
        &mut self,
        is_bus_busy: &mut bool,
        just_now: &mut Option<Instant>,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        let mut space = [const { MaybeUninit::uninit() }; READ_LEN];
        let mut buffer = ReadBuf::uninit(&mut space[..self.readable_len()]);
        match ready!(Pin::new(&mut self.stream).poll_read(context, &mut buffer)) {
            Ok(()) if buffer.filled().is_empty() => self.connection.handle_eof(),
            Ok(()) => {
                let mut input = buffer.filled();
                let now = self.now(just_now);
                *is_bus_busy = self.take_input(&mut input, now, context).is_pending();
                if !input.is_empty() {
                    self.pending = input.to_vec();
                }
            }
            Err(error) => self.fail(&error),
        }
        Poll::Ready(())
    }

    /// Takes input that was stored.
    pub(super) fn take_pending(&mut self, now: Instant, context: &mut Context<'_>) -> Poll<()> {
        let mut pending = mem::take(&mut self.pending);
        let mut input = pending.as_slice();
        let result = self.take_input(&mut input, now, context);
        let taken = pending.len() - input.len();
        pending.drain(..taken);
        self.pending = pending;
        result
    }

    /// Takes requests and answers them, until the input is used up or an answer has to wait. Pending if it waits for the
    /// bus.
    fn take_input(&mut self, input: &mut &[u8], now: Instant, context: &mut Context<'_>) -> Poll<()> {
        loop {
            match self.connection.handle_input(input, now) {
                Event::Request => {}
                Event::NeedMore(_) | Event::Busy => return Poll::Ready(()),
                Event::Ended => {
                    *input = &[];
                    return Poll::Ready(());
                }
            }
            count(&self.control().counters.requests);
            self.log_request();
            self.decide_persistence();
            ready!(self.answer(now, context));
            let is_answered = self.connection.request().is_none() && self.connection.end().is_none();
            if !is_answered || input.is_empty() || self.connection.poll_transmit().len() >= BATCH_LEN {
                return Poll::Ready(());
            }
        }
    }

    fn log_request(&self) {
        let Some(request) = self.connection.request() else { return };
        trace!(peer = %self.peer, header = ?request.header, "request");
        if request.is_cut() {
            count(&self.control().counters.memory_refused);
            let limit = self.control().settings.memory_limit;
            info!(peer = %self.peer, payload = request.header.payload, limit, "request refused: out of shared memory");
        }
    }

    /// Decides whether the connection stays open after the answer, if the client requests it.
    fn decide_persistence(&mut self) {
        if !self.connection.requests_persistence() || self.control().shutdown.phase() != Phase::Running {
            return;
        }
        if !self.is_persistent {
            self.is_persistent = self.control().admission.admit_persistent();
            let persistence = if self.is_persistent { Persistence::Grant } else { Persistence::Refuse };
            self.connection.set_persistence(persistence);
        }
        if !self.is_persistent {
            count(&self.control().counters.persistence_refused);
            let limit = self.control().settings.persistent.high;
            debug!(peer = %self.peer, limit, "persistence refused: too many connections are persistent");
        }
    }

    /// Continues the answer to the current request, as far as memory allows. Pending if the bus is not ready.
    pub(super) fn answer(&mut self, now: Instant, context: &mut Context<'_>) -> Poll<()> {
        ready!(self.call_tree(now, context));
        // The answer is longer than the memory that each answer may use.
        if self.connection.request().is_some()
            && self.answer_share.is_empty()
            && self.answer_share.resize(ANSWER_CAPACITY)
        {
            self.connection.set_transmit_limit(DEFAULT_TRANSMIT_LIMIT);
            ready!(self.call_tree(now, context));
        }
        Poll::Ready(())
    }

    fn call_tree(&mut self, now: Instant, context: &mut Context<'_>) -> Poll<()> {
        if let Some((request, mut answer)) = self.connection.answer(now)
            && request.is_cut()
        {
            // If there is no room for it, the next call tries again.
            let _ = answer.error(ReturnCode::OUT_OF_MEMORY);
            return Poll::Ready(());
        }
        self.shared.tree().serve(&mut self.connection, &mut self.job, now, context)
    }
}
