//! One direction of a connection: the bytes on their way.

use std::collections::VecDeque;

use owproto_core::time::Instant;

/// How a direction ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    /// In order: the reader gets the end of the stream.
    Closed,
    /// The reader gets an error.
    Broken,
}

#[derive(Default)]
pub(super) struct Pipe {
    /// Segments, and when they arrive, in order.
    segments: VecDeque<(Instant, Vec<u8>)>,
    /// Bytes in them.
    on_their_way: usize,
    ending: Option<(Instant, Ending)>,
    last_arrival: Instant,
    is_swallowing: bool,
}

impl Pipe {
    /// Sends as much as the window has room for, and returns how much. It arrives at this time, or after earlier segments.
    pub(super) fn send(&mut self, bytes: &[u8], window: usize, segment: usize, at: Instant) -> usize {
        let sent = bytes.len().min(window.saturating_sub(self.on_their_way));
        if self.ending.is_none() && !self.is_swallowing {
            self.last_arrival = self.last_arrival.max(at);
            let pieces = bytes[..sent].chunks(segment);
            self.segments.extend(pieces.map(|piece| (self.last_arrival, piece.to_vec())));
            self.on_their_way += sent;
        }
        sent
    }

    /// Ends the direction, after the bytes on their way or instead of them. Only the first end counts.
    pub(super) fn cut(&mut self, ending: Ending, keeps_bytes: bool, at: Instant) {
        if self.ending.is_some() {
            return;
        }
        if !keeps_bytes {
            self.segments.clear();
            self.on_their_way = 0;
        }
        self.last_arrival = self.last_arrival.max(at);
        self.ending = Some((self.last_arrival, ending));
    }

    /// From now on nothing arrives, not even the end.
    pub(super) fn swallow(&mut self) {
        self.is_swallowing = true;
        self.segments.clear();
        self.on_their_way = 0;
        self.ending = None;
    }

    /// The next segment, if it has arrived.
    pub(super) fn arrived(&mut self, now: Instant) -> Option<Vec<u8>> {
        let (_, bytes) = self.segments.pop_front_if(|(at, _)| *at <= now)?;
        self.on_their_way -= bytes.len();
        Some(bytes)
    }

    /// How the direction has ended, once all segments have arrived.
    pub(super) fn has_ended(&self, now: Instant) -> Option<Ending> {
        self.ending.filter(|(at, _)| self.segments.is_empty() && *at <= now).map(|(_, ending)| ending)
    }

    /// When the next segment or the end arrives; `None` after the end has arrived.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let ending = self.ending.map(|(at, _)| at).filter(|at| *at > now);
        self.segments.front().map(|(at, _)| *at).or(ending)
    }
}
