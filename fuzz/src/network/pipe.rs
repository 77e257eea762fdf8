//! One direction of a connection: what is under way on it.

use std::collections::VecDeque;

use owproto_core::time::Instant;

/// How a direction ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    /// In order: the reader sees the end of the stream.
    Closed,
    /// The reader sees a failure.
    Broken,
}

#[derive(Default)]
pub(super) struct Pipe {
    /// Pieces and when they arrive, in order.
    segments: VecDeque<(Instant, Vec<u8>)>,
    /// Bytes in them.
    under_way: usize,
    ending: Option<(Instant, Ending)>,
    last_arrival: Instant,
    is_swallowing: bool,
}

impl Pipe {
    /// Takes what the window has room for, to arrive at a moment but not before what was sent earlier; says how much.
    pub(super) fn send(&mut self, bytes: &[u8], window: usize, segment: usize, at: Instant) -> usize {
        let sent = bytes.len().min(window.saturating_sub(self.under_way));
        if self.ending.is_none() && !self.is_swallowing {
            self.last_arrival = self.last_arrival.max(at);
            let pieces = bytes[..sent].chunks(segment);
            self.segments.extend(pieces.map(|piece| (self.last_arrival, piece.to_vec())));
            self.under_way += sent;
        }
        sent
    }

    /// Ends it, behind what is under way or instead of that. The first end counts.
    pub(super) fn cut(&mut self, ending: Ending, keeps_bytes: bool, at: Instant) {
        if self.ending.is_some() {
            return;
        }
        if !keeps_bytes {
            self.segments.clear();
            self.under_way = 0;
        }
        self.last_arrival = self.last_arrival.max(at);
        self.ending = Some((self.last_arrival, ending));
    }

    /// Nothing arrives any more, not even the end.
    pub(super) fn swallow(&mut self) {
        self.is_swallowing = true;
        self.segments.clear();
        self.under_way = 0;
        self.ending = None;
    }

    /// The next piece, if it has arrived.
    pub(super) fn arrived(&mut self, now: Instant) -> Option<Vec<u8>> {
        let (_, bytes) = self.segments.pop_front_if(|(at, _)| *at <= now)?;
        self.under_way -= bytes.len();
        Some(bytes)
    }

    /// How it has ended, once all of it has arrived.
    pub(super) fn has_ended(&self, now: Instant) -> Option<Ending> {
        self.ending.filter(|(at, _)| self.segments.is_empty() && *at <= now).map(|(_, ending)| ending)
    }

    /// When the next piece or the end arrives. An end that has arrived stays, and is not due again.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let ending = self.ending.map(|(at, _)| at).filter(|at| *at > now);
        self.segments.front().map(|(at, _)| *at).or(ending)
    }
}
