//! A script that is followed on one connection.

use std::collections::VecDeque;
use std::io;

use owproto_core::wire::HEADER_LEN;

use super::script::{Script, Step};
use crate::frames::{frame_len, request_text};

/// One connection of a peer, without I/O. Times are microseconds on the carrier's clock.
///
/// A carrier gives it the bytes that the client has sent with [`receive`](Self::receive), and sends what
/// [`take`](Self::take) or [`read`](Self::read) gives, not before [`next_time`](Self::next_time). The script is followed
/// as far as the bytes allow: a pause delays what is sent after it, not what is read.
#[derive(Debug)]
pub struct ScriptRun {
    steps: VecDeque<Step>,
    /// The number of the current step.
    number: usize,
    /// The time at which the current step begins.
    at: u64,
    /// What the client has sent and no step has read.
    inbox: Vec<u8>,
    client_has_closed: bool,
    /// What is to be sent, with its times, which never fall.
    outbox: VecDeque<(u64, Output)>,
    /// The most bytes that wait in the inbox, and in the outbox before the script waits.
    window: usize,
    keeps_record: bool,
    record: Record,
}

/// What a peer sends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Output {
    /// Bytes.
    Bytes(Vec<u8>),
    /// FIN, after which the peer may still read.
    Finish,
    /// FIN, after which it does not.
    Close,
    /// RST.
    Reset,
}

/// What happened on one connection.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Record {
    /// All bytes that arrived.
    pub received: Vec<u8>,
    /// The requests that the steps of the script have read.
    pub requests: Vec<Vec<u8>>,
    /// Why the script could not be followed.
    pub failure: Option<String>,
}

impl ScriptRun {
    /// A connection that is made now.
    #[must_use]
    pub fn new(script: &Script, now: u64) -> Self {
        Self {
            steps: script.steps.iter().cloned().chain([Step::Close]).collect(),
            number: 0,
            at: now,
            inbox: Vec::new(),
            client_has_closed: false,
            outbox: VecDeque::new(),
            window: usize::MAX,
            keeps_record: true,
            record: Record::default(),
        }
    }

    /// Limits the bytes on their way in each direction. A peer that has no room to send does not read either.
    #[must_use]
    pub fn with_window(mut self, bytes: usize) -> Self {
        self.window = bytes;
        self
    }

    /// Records nothing but a failure, for connections with very many requests.
    #[must_use]
    pub fn without_record(mut self) -> Self {
        self.keeps_record = false;
        self
    }

    /// Bytes from the client have arrived.
    pub fn receive(&mut self, bytes: &[u8], now: u64) {
        if self.keeps_record {
            self.record.received.extend_from_slice(bytes);
        }
        self.inbox.extend_from_slice(bytes);
        self.advance(now);
    }

    /// The client has closed its side.
    pub fn receive_end(&mut self, now: u64) {
        self.client_has_closed = true;
        self.advance(now);
    }

    /// How many bytes the client can send now.
    ///
    /// # Errors
    ///
    /// If the client has been reset.
    pub fn room(&mut self, now: u64) -> io::Result<usize> {
        if self.is_due(now) && matches!(self.outbox.front(), Some((_, Output::Reset))) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(match self.steps.front() {
            Some(Step::ZeroWindow) => 0,
            _ => self.window.saturating_sub(self.inbox.len()),
        })
    }

    /// Whether the script waits for the client to send something or to close.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        let reads = matches!(
            self.steps.front(),
            Some(Step::Expect(_) | Step::ExpectRequest(_) | Step::Read(_) | Step::ReadRequest)
                | Some(Step::ReadToEnd | Step::Respond { .. } | Step::Serve(_))
        );
        reads && !self.client_has_closed
    }

    /// When the next output is to be sent; `None` if there is none until the client does something.
    pub fn next_time(&mut self, now: u64) -> Option<u64> {
        self.advance(now);
        self.outbox.front().map(|(at, _)| *at)
    }

    /// Whether something can be sent now.
    pub fn is_due(&mut self, now: u64) -> bool {
        self.next_time(now).is_some_and(|at| at <= now)
    }

    /// The next output, if it is time to send it: at most `most` bytes.
    pub fn take(&mut self, most: usize, now: u64) -> Option<Output> {
        if !self.is_due(now) {
            return None;
        }
        match self.outbox.front_mut() {
            Some((_, Output::Bytes(bytes))) if bytes.len() > most => {
                Some(Output::Bytes(bytes.drain(..most).collect()))
            }
            _ => self.outbox.pop_front().map(|(_, output)| output),
        }
    }

    /// Reads what has arrived at the client, as a socket does: bytes of one piece, or 0 at the end of the stream; `None`
    /// if nothing has arrived. The end, or the reset, is seen by each read after it too.
    ///
    /// # Errors
    ///
    /// If the peer has reset the connection.
    pub fn read(&mut self, buffer: &mut [u8], now: u64) -> Option<io::Result<usize>> {
        if !self.is_due(now) {
            return None;
        }
        let (_, output) = self.outbox.front_mut()?;
        let bytes = match output {
            Output::Bytes(bytes) => bytes,
            Output::Finish | Output::Close => return Some(Ok(0)),
            Output::Reset => return Some(Err(io::ErrorKind::ConnectionReset.into())),
        };
        let count = bytes.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(bytes.drain(..count)) {
            *to = from;
        }
        if bytes.is_empty() {
            self.outbox.pop_front();
        }
        Some(Ok(count))
    }

    /// Sends something that is not in the script, after what was to be sent already.
    pub fn send_unscripted(&mut self, output: Output, now: u64) {
        self.at = self.at.max(now);
        self.outbox.push_back((self.at, output));
    }

    /// What happened so far.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Why the script could not be followed.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.record.failure.as_deref()
    }

    /// The number of the current step, for messages.
    #[must_use]
    pub fn step_number(&self) -> usize {
        self.number
    }

    /// Whether all steps are done, but for one that stalls.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        matches!(self.steps.front(), None | Some(Step::Stall | Step::ZeroWindow))
    }

    /// Follows the script as far as it goes.
    fn advance(&mut self, now: u64) {
        while self.unsent() < self.window
            && let Some(step) = self.steps.pop_front()
        {
            match self.perform(step, now) {
                Ok(Next::Step) => self.number += 1,
                Ok(Next::Repeat(step)) => self.steps.push_front(step),
                Ok(Next::Wait(step)) => return self.steps.push_front(step),
                Err(failure) => {
                    self.record.failure = Some(format!("step {}: {failure}", self.number));
                    self.end(Output::Close);
                }
            }
        }
    }

    /// Does one step, if it can be done now.
    fn perform(&mut self, step: Step, now: u64) -> Result<Next, String> {
        match &step {
            Step::Expect(expected) => {
                let Some(received) = self.read_bytes(expected.len(), now)? else {
                    return Ok(Next::Wait(step));
                };
                if received != *expected {
                    return Err(format!("expected {expected:02x?}, received {received:02x?}"));
                }
            }
            Step::ExpectRequest(expected) => {
                let Some(request) = self.read_request(now)? else { return Ok(Next::Wait(step)) };
                let received = request_text(&request);
                if received != *expected {
                    return Err(format!("expected the request {expected:?}, received {received:?}"));
                }
            }
            Step::Read(count) => {
                if self.read_bytes(*count, now)?.is_none() {
                    return Ok(Next::Wait(step));
                }
            }
            Step::ReadRequest => {
                if self.read_request(now)?.is_none() {
                    return Ok(Next::Wait(step));
                }
            }
            Step::ReadToEnd => {
                self.inbox.clear();
                if !self.client_has_closed {
                    return Ok(Next::Wait(step));
                }
                self.at = self.at.max(now);
            }
            Step::Send(bytes) => self.send(bytes.clone()),
            Step::Pause(micros) => self.at += micros,
            Step::Respond { count: 0, .. } => {}
            Step::Respond { count, delay, answer } => {
                let Some(request) = self.read_request(now)? else { return Ok(Next::Wait(step)) };
                self.at += delay;
                self.send((answer.0)(&request));
                let (count, delay, answer) = (count - 1, *delay, answer.clone());
                return Ok(Next::Repeat(Step::Respond { count, delay, answer }));
            }
            Step::Serve(answer) => {
                if !self.inbox.is_empty() || !self.client_has_closed {
                    let Some(request) = self.read_request(now)? else { return Ok(Next::Wait(step)) };
                    self.send((answer.0)(&request));
                    return Ok(Next::Repeat(step));
                }
                self.at = self.at.max(now);
            }
            Step::FinishSending => self.outbox.push_back((self.at, Output::Finish)),
            Step::Stall | Step::ZeroWindow => return Ok(Next::Wait(step)),
            Step::Close => self.end(Output::Close),
            Step::Reset => self.end(Output::Reset),
        }
        Ok(Next::Step)
    }

    fn send(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.outbox.push_back((self.at, Output::Bytes(bytes)));
        }
    }

    fn end(&mut self, output: Output) {
        self.steps.clear();
        self.outbox.push_back((self.at, output));
    }

    /// How many bytes are still to be sent.
    #[must_use]
    pub fn unsent(&self) -> usize {
        let len = |output: &Output| if let Output::Bytes(bytes) = output { bytes.len() } else { 0 };
        self.outbox.iter().map(|(_, output)| len(output)).sum()
    }

    fn read_request(&mut self, now: u64) -> Result<Option<Vec<u8>>, String> {
        let len = frame_len(&self.inbox).unwrap_or(HEADER_LEN);
        let request = self.read_bytes(len, now)?;
        if self.keeps_record
            && let Some(request) = &request
        {
            self.record.requests.push(request.clone());
        }
        Ok(request)
    }

    fn read_bytes(&mut self, count: usize, now: u64) -> Result<Option<Vec<u8>>, String> {
        let missing = count.saturating_sub(self.inbox.len());
        if missing == 0 {
            self.at = self.at.max(now);
            return Ok(Some(self.inbox.drain(..count).collect()));
        }
        if self.client_has_closed {
            return Err(format!("the client closed, {missing} of {count} bytes are missing"));
        }
        Ok(None)
    }
}

/// What follows a step.
enum Next {
    /// The next step.
    Step,
    /// The same again, as it is here.
    Repeat(Step),
    /// The same again, once the client has sent more or time has passed.
    Wait(Step),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(run: &mut ScriptRun, now: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while let Some(Output::Bytes(some)) = run.take(usize::MAX, now) {
            bytes.extend(some);
        }
        bytes
    }

    #[test]
    fn pauses_delay_what_is_sent_after_them() {
        let mut run = ScriptRun::new(&Script::new().send(b"a").pause_ms(5).send(b"b"), 1000);
        assert_eq!(run.next_time(1000), Some(1000));
        assert_eq!(read_all(&mut run, 5999), b"a");
        assert_eq!(run.next_time(5999), Some(6000));
        assert!(!run.is_due(5999));
        assert_eq!(run.take(1, 6000), Some(Output::Bytes(b"b".to_vec())));
        assert_eq!(run.take(1, 6000), Some(Output::Close));
        assert_eq!(run.take(1, 6000), None);
    }

    #[test]
    fn answers_are_timed_from_their_requests_or_from_the_answer_before() {
        let echo = |request: &[u8]| request[..2].to_vec();
        let mut run = ScriptRun::new(&Script::new().respond(3, 10, echo).stall(), 0);
        run.receive(&[0; 48], 1000);
        run.receive(&[0; 24], 90_000);
        let times: Vec<u64> = run.outbox.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [11_000, 21_000, 100_000]);
        assert!(run.is_at_end() && run.record().requests.len() == 3);
    }

    #[test]
    fn reads_give_one_piece_at_a_time_and_then_the_end_again_and_again() {
        let mut run = ScriptRun::new(&Script::new().send(b"abc").send(b"d").finish_sending().stall(), 0);
        let mut buffer = [0; 2];
        let mut counts = Vec::new();
        for _ in 0..5 {
            counts.push(run.read(&mut buffer, 0).unwrap().unwrap());
        }
        assert_eq!(counts, [2, 1, 1, 0, 0]);
    }

    #[test]
    fn a_reset_ends_reads_and_writes() {
        let mut run = ScriptRun::new(&Script::new().reset(), 0);
        for _ in 0..2 {
            let error = run.read(&mut [0; 1], 0).unwrap().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
            assert_eq!(run.room(0).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
        }
    }

    #[test]
    fn a_window_limits_both_directions() {
        let script = Script::new().read(4).send(b"12345").read(1).send(b"6");
        let mut run = ScriptRun::new(&script, 0).with_window(4);
        assert_eq!(run.room(0).unwrap(), 4);
        run.receive(b"abcd", 0);
        // The answer fills the window, so the fifth byte is not read.
        run.receive(b"e", 0);
        assert_eq!(run.room(0).unwrap(), 3);
        assert_eq!(run.take(3, 0), Some(Output::Bytes(b"123".to_vec())));
        assert_eq!(run.room(0).unwrap(), 4);
        assert_eq!(ScriptRun::new(&Script::new().zero_window(), 0).room(0).unwrap(), 0);
    }

    #[test]
    fn another_request_than_the_expected_one_is_a_failure() {
        let mut run = ScriptRun::new(&Script::new().expect_request("NOP+").stall(), 0);
        let mut nop = [0; 24];
        nop[11] = 1;
        run.receive(&nop, 0);
        let failure = "step 0: expected the request \"NOP+\", received \"NOP\"";
        assert_eq!(run.failure(), Some(failure));
        assert_eq!(run.take(1, 0), Some(Output::Close));
    }

    #[test]
    fn what_is_not_in_the_script_is_sent_after_what_is() {
        let mut run = ScriptRun::new(&Script::new().send(b"a").pause_ms(1).send(b"b").stall(), 0);
        run.is_due(0);
        run.send_unscripted(Output::Bytes(b"c".to_vec()), 0);
        assert_eq!(read_all(&mut run, 0), b"a");
        assert_eq!(read_all(&mut run, 1000), b"bc");
    }
}
