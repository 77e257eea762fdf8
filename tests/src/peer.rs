//! A TCP peer that does what a script says, for tests of clients.
//!
//! It knows bytes and lengths, nothing of the protocol's meaning, so it can misbehave in any way. Everything it
//! waits for has a deadline: a broken client makes a test fail, not hang.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::SockRef;

/// How long one step of a script may take.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// How long a read blocks before it looks whether the peer is being dropped.
const TICK: Duration = Duration::from_millis(5);

/// Bytes of a header.
const HEADER_LEN: usize = 24;

/// What the peer does on one connection, step by step.
///
/// A script that has come to its end closes the connection, as [`close`](Self::close) does.
///
/// ```
/// use std::io::{Read, Write};
/// use owproto_tests::peer::{Peer, Script};
///
/// let peer = Peer::start([Script::new().read_request().send(b"half a rep").close()]);
/// let mut client = std::net::TcpStream::connect(peer.address())?;
/// client.write_all(&[0; 24])?;
/// let mut answer = Vec::new();
/// client.read_to_end(&mut answer)?;
/// assert_eq!(answer, b"half a rep");
/// assert_eq!(peer.finish()[0].requests, [[0; 24]]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Script {
    steps: Vec<Step>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Step {
    Expect(Vec<u8>),
    Read(usize),
    ReadRequest,
    ReadToEnd,
    Send(Vec<u8>),
    Pause(Duration),
    Serve(Vec<u8>),
    FinishSending,
    Stall,
    Close,
    Reset,
}

impl Script {
    /// A script without steps: the connection is accepted and closed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads exactly these bytes; others are a failure.
    #[must_use]
    pub fn expect(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.step(Step::Expect(bytes.into()))
    }

    /// Reads that many bytes, whatever they are.
    #[must_use]
    pub fn read(self, count: usize) -> Self {
        self.step(Step::Read(count))
    }

    /// Reads one request: a header, and as many bytes as it announces, tokens included.
    #[must_use]
    pub fn read_request(self) -> Self {
        self.step(Step::ReadRequest)
    }

    /// Reads until the client closes.
    #[must_use]
    pub fn read_to_end(self) -> Self {
        self.step(Step::ReadToEnd)
    }

    /// Sends these bytes at once.
    #[must_use]
    pub fn send(self, bytes: impl AsRef<[u8]>) -> Self {
        self.step(Step::Send(bytes.as_ref().to_vec()))
    }

    /// Sends each piece by a write of its own, with a pause between two of them. Without a pause the receiver may
    /// still find several pieces together.
    #[must_use]
    pub fn send_pieces<P: AsRef<[u8]>>(
        mut self,
        pieces: impl IntoIterator<Item = P>,
        pause: Duration,
    ) -> Self {
        for (number, piece) in pieces.into_iter().enumerate() {
            if number > 0 {
                self = self.pause(pause);
            }
            self = self.send(piece);
        }
        self
    }

    /// Does nothing for a while.
    #[must_use]
    pub fn pause(self, duration: Duration) -> Self {
        self.step(Step::Pause(duration))
    }

    /// Reads requests and answers each with the same bytes, until the client closes between two requests.
    #[must_use]
    pub fn serve(self, reply: impl AsRef<[u8]>) -> Self {
        self.step(Step::Serve(reply.as_ref().to_vec()))
    }

    /// Sends FIN and goes on reading, if the script does.
    #[must_use]
    pub fn finish_sending(self) -> Self {
        self.step(Step::FinishSending)
    }

    /// Keeps the connection open without reading or sending until the peer is finished or dropped.
    #[must_use]
    pub fn stall(self) -> Self {
        self.step(Step::Stall)
    }

    /// Closes the connection with FIN. What has arrived is read first, since a close with unread bytes resets;
    /// bytes that arrive later are answered by a reset, as those of any program.
    #[must_use]
    pub fn close(self) -> Self {
        self.step(Step::Close)
    }

    /// Closes the connection with RST.
    #[must_use]
    pub fn reset(self) -> Self {
        self.step(Step::Reset)
    }

    fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }
}

/// What happened on one connection.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Record {
    /// All bytes that were read.
    pub received: Vec<u8>,
    /// Those that were read by [`Script::read_request`] and [`Script::serve`], request by request.
    pub requests: Vec<Vec<u8>>,
    /// Why the script could not be followed.
    pub failure: Option<String>,
}

/// A listening socket on the loopback interface, with a script for each connection in the order they are made.
///
/// Connections are served at the same time. After the last script's connection nothing listens any more.
/// [`finish`](Self::finish) waits for the scripts to end and checks them. Dropping a peer ends everything at
/// once, and panics if a script had failed by then.
#[derive(Debug)]
pub struct Peer {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stage: Stage,
    /// Where the connection comes from that is none of the client's.
    wake: Option<SocketAddr>,
    records: Vec<Record>,
}

/// How much longer the peer goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Stage {
    #[default]
    Running,
    /// Scripts are followed to their ends, stalls end, and no connection is waited for.
    Finishing,
    /// Everything ends.
    Stopping,
}

impl Peer {
    /// Listens on a free port and follows one script for each connection.
    ///
    /// # Panics
    ///
    /// If no port is free.
    #[must_use]
    pub fn start(scripts: impl IntoIterator<Item = Script>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let shared = Arc::new(Shared::default());
        let scripts: VecDeque<Script> = scripts.into_iter().collect();
        shared.lock().records = vec![Record::default(); scripts.len()];
        let acceptor = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || accept_all(&listener, scripts, &shared))
        };
        Self { address, shared, acceptor: Some(acceptor) }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What has happened so far, a record for each script.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.shared.lock().records.clone()
    }

    /// Waits until that many requests have been read, over all connections.
    ///
    /// # Panics
    ///
    /// If they have not after [`DEADLINE`].
    pub fn wait_for_requests(&self, count: usize) {
        let requests =
            |state: &State| state.records.iter().map(|record| record.requests.len()).sum::<usize>();
        let state = self.shared.lock();
        let (state, timeout) = self
            .shared
            .changed
            .wait_timeout_while(state, DEADLINE, |state| requests(state) < count)
            .unwrap_or_else(PoisonError::into_inner);
        assert!(
            !timeout.timed_out(),
            "{} instead of {count} requests: {:?}",
            requests(&state),
            state.records
        );
    }

    /// Waits until all scripts have come to their ends, and gives the records.
    ///
    /// # Panics
    ///
    /// If a script could not be followed, or a connection was not made.
    #[must_use = "the records tell what the client did; drop the peer to end it at once"]
    pub fn finish(self) -> Vec<Record> {
        let records = self.finish_anyhow();
        for (number, record) in records.iter().enumerate() {
            if let Some(failure) = &record.failure {
                panic!("connection {number} of the peer: {failure}");
            }
        }
        records
    }

    /// Like [`finish`](Self::finish), with failures left to the caller.
    #[must_use]
    pub fn finish_anyhow(mut self) -> Vec<Record> {
        self.end(Stage::Finishing);
        std::mem::take(&mut self.shared.lock().records)
    }

    fn end(&mut self, stage: Stage) {
        let Some(acceptor) = self.acceptor.take() else { return };
        {
            // The acceptor may wait for a connection: this one wakes it up, and is told from those of the client
            // by its address. An error says that nothing listens any more.
            let mut state = self.shared.lock();
            let wake =
                TcpStream::connect_timeout(&self.address, DEADLINE).and_then(|stream| stream.local_addr());
            state.wake = wake.ok();
            state.stage = stage;
        }
        self.shared.changed.notify_all();
        if acceptor.join().is_err() && !thread::panicking() {
            panic!("a thread of the peer panicked");
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let failure = self.shared.lock().records.iter().find_map(|record| record.failure.clone());
        self.end(Stage::Stopping);
        if let Some(failure) = failure
            && !thread::panicking()
        {
            panic!("the peer's script could not be followed: {failure}");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stage(&self) -> Stage {
        self.lock().stage
    }

    fn record(&self, number: usize, change: impl FnOnce(&mut Record)) {
        if let Some(record) = self.lock().records.get_mut(number) {
            change(record);
        }
        self.changed.notify_all();
    }

    /// Waits until `duration` is over or the peer is at `stage` or beyond.
    fn pause(&self, duration: Duration, stage: &[Stage]) {
        let state = self.lock();
        let ends = self.changed.wait_timeout_while(state, duration, |state| !stage.contains(&state.stage));
        drop(ends);
    }
}

fn accept_all(listener: &TcpListener, scripts: VecDeque<Script>, shared: &Shared) {
    thread::scope(|scope| {
        let mut awaited = true;
        for (number, script) in scripts.into_iter().enumerate() {
            if awaited {
                let accepted = listener.accept();
                let state = shared.lock();
                awaited = state.stage != Stage::Stopping
                    && accepted.as_ref().map_or(true, |(_, client)| Some(*client) != state.wake);
                drop(state);
                if awaited {
                    scope.spawn(move || {
                        let failure = match accepted {
                            Ok((stream, _)) => Connection { stream, shared, number }.follow(&script).err(),
                            Err(error) => Some(error.to_string()),
                        };
                        shared.record(number, |record| record.failure = failure);
                    });
                    continue;
                }
            }
            shared.record(number, |record| record.failure = Some("the connection was never made".to_owned()));
        }
    });
}

struct Connection<'a> {
    stream: TcpStream,
    shared: &'a Shared,
    number: usize,
}

impl Connection<'_> {
    fn follow(&mut self, script: &Script) -> Result<(), String> {
        let prepared = self.stream.set_nodelay(true).and_then(|()| self.stream.set_read_timeout(Some(TICK)));
        prepared
            .and_then(|()| self.stream.set_write_timeout(Some(TICK)))
            .map_err(|error| error.to_string())?;
        for (number, step) in script.steps.iter().enumerate() {
            match self.perform(step) {
                Ok(Next::Step) => {}
                Ok(Next::End) => return Ok(()),
                Err(Trouble::Stopped) => return Ok(()),
                Err(Trouble::Failure(failure)) => return Err(format!("step {number}: {failure}")),
            }
        }
        self.take_what_is_there();
        Ok(())
    }

    fn perform(&mut self, step: &Step) -> Result<Next, Trouble> {
        match step {
            Step::Expect(expected) => {
                let received = self.read(expected.len())?;
                if received != *expected {
                    return Err(Trouble::Failure(format!(
                        "expected {expected:02x?}, received {received:02x?}"
                    )));
                }
            }
            Step::Read(count) => drop(self.read(*count)?),
            Step::ReadRequest => self.read_request()?,
            Step::ReadToEnd => while self.read_some(usize::MAX)?.is_some() {},
            Step::Send(bytes) => self.send(bytes)?,
            Step::Pause(duration) => self.shared.pause(*duration, &[Stage::Stopping]),
            Step::Serve(reply) => {
                while let Some(first) = self.read_some(1)? {
                    self.read_request_after(first)?;
                    self.send(reply)?;
                }
            }
            Step::FinishSending => {
                self.stream.shutdown(Shutdown::Write).map_err(|error| Trouble::Failure(error.to_string()))?;
            }
            Step::Stall => self.shared.pause(Duration::MAX, &[Stage::Finishing, Stage::Stopping]),
            Step::Close => {
                self.take_what_is_there();
                return Ok(Next::End);
            }
            Step::Reset => {
                let linger = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
                linger.map_err(|error| Trouble::Failure(error.to_string()))?;
                return Ok(Next::End);
            }
        }
        Ok(Next::Step)
    }

    fn read_request(&mut self) -> Result<(), Trouble> {
        self.read_request_after(Vec::new())
    }

    fn read_request_after(&mut self, first: Vec<u8>) -> Result<(), Trouble> {
        let mut request = first;
        request.extend(self.read(HEADER_LEN - request.len())?);
        let word =
            |at: usize| u32::from_be_bytes([request[at], request[at + 1], request[at + 2], request[at + 3]]);
        let payload = word(4).cast_signed().max(0) as usize;
        let tokens = if word(0) & 0x1_0000 == 0 { 0 } else { (word(0) & 0xffff) as usize };
        request.extend(self.read(payload + tokens * 16)?);
        self.shared.record(self.number, |record| record.requests.push(request));
        Ok(())
    }

    fn read(&mut self, count: usize) -> Result<Vec<u8>, Trouble> {
        let mut bytes = Vec::new();
        while bytes.len() < count {
            let missing = count - bytes.len();
            match self.read_some(missing)? {
                Some(some) => bytes.extend(some),
                None => {
                    let failure = format!("the client closed, {missing} of {count} bytes are missing");
                    return Err(Trouble::Failure(failure));
                }
            }
        }
        Ok(bytes)
    }

    /// Reads at least one and at most `limit` bytes; `None` at the end of the stream.
    fn read_some(&mut self, limit: usize) -> Result<Option<Vec<u8>>, Trouble> {
        let deadline = Instant::now() + DEADLINE;
        let mut buffer = [0; 4096];
        let limit = limit.min(buffer.len());
        loop {
            match self.stream.read(&mut buffer[..limit]) {
                Ok(0) => return Ok(None),
                Ok(count) => {
                    self.shared
                        .record(self.number, |record| record.received.extend_from_slice(&buffer[..count]));
                    return Ok(Some(buffer[..count].to_vec()));
                }
                Err(error) => self.go_on(&error, deadline, "nothing to read")?,
            }
        }
    }

    fn send(&mut self, mut bytes: &[u8]) -> Result<(), Trouble> {
        let deadline = Instant::now() + DEADLINE;
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) => self.go_on(&error, deadline, "the client does not read")?,
            }
        }
        Ok(())
    }

    /// Tells whether to try again after `error`.
    fn go_on(&self, error: &io::Error, deadline: Instant, what: &str) -> Result<(), Trouble> {
        if self.shared.stage() == Stage::Stopping {
            return Err(Trouble::Stopped);
        }
        match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut if Instant::now() < deadline => Ok(()),
            ErrorKind::Interrupted => Ok(()),
            ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                Err(Trouble::Failure(format!("{what} for {DEADLINE:?}")))
            }
            _ => Err(Trouble::Failure(error.to_string())),
        }
    }

    /// Reads what has arrived, without waiting for more.
    fn take_what_is_there(&mut self) {
        if self.stream.set_nonblocking(true).is_err() {
            return;
        }
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.stream.read(&mut buffer) {
            self.shared.record(self.number, |record| record.received.extend_from_slice(&buffer[..count]));
        }
    }
}

enum Next {
    Step,
    End,
}

enum Trouble {
    /// The peer is being dropped.
    Stopped,
    Failure(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors;

    fn connect(peer: &Peer) -> TcpStream {
        let stream = TcpStream::connect(peer.address()).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    fn read_to_end(stream: &mut TcpStream) -> Vec<u8> {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn reads_requests_and_sends_replies() {
        let vector = vectors::named("loop_second_token");
        let nop = [0; 24];
        let peer = Peer::start([Script::new()
            .read_request()
            .send(b"one")
            .read_request()
            .send(b"two")
            .expect(b"abc")]);
        let mut client = connect(&peer);
        client.write_all(&vector.request).unwrap();
        peer.wait_for_requests(1);
        client.write_all(&nop).unwrap();
        client.write_all(b"abc").unwrap();
        assert_eq!(read_to_end(&mut client), b"onetwo");
        let records = peer.finish();
        assert_eq!(records[0].requests, [vector.request.clone(), nop.to_vec()]);
        assert_eq!(records[0].received, [&vector.request[..], &nop, b"abc"].concat());
    }

    #[test]
    fn pieces_arrive_apart() {
        let peer = Peer::start([Script::new().send_pieces([b"ab", b"cd"], Duration::from_millis(50))]);
        let mut client = connect(&peer);
        let mut buffer = [0; 8];
        assert_eq!(client.read(&mut buffer).unwrap(), 2);
        assert_eq!(client.read(&mut buffer).unwrap(), 2);
        assert_eq!(client.read(&mut buffer).unwrap(), 0);
        let _ = peer.finish();
    }

    #[test]
    fn close_is_fin_even_with_unread_bytes() {
        let peer = Peer::start([Script::new().read(1).pause(Duration::from_millis(20)).close()]);
        let mut client = connect(&peer);
        client.write_all(b"abc").unwrap();
        assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
        assert_eq!(peer.finish()[0].received, b"abc");
    }

    #[test]
    fn reset_is_a_reset() {
        let peer = Peer::start([Script::new().read_request().reset()]);
        let mut client = connect(&peer);
        client.write_all(&[0; 24]).unwrap();
        assert_eq!(client.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::ConnectionReset);
        let _ = peer.finish();
    }

    #[test]
    fn finished_sending_still_reads() {
        let peer = Peer::start([Script::new().finish_sending().read_to_end()]);
        let mut client = connect(&peer);
        assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
        client.write_all(b"late").unwrap();
        drop(client);
        assert_eq!(peer.finish()[0].received, b"late");
    }

    #[test]
    fn connections_are_served_in_order_and_at_the_same_time() {
        let peer = Peer::start([Script::new().send(b"first").stall(), Script::new().send(b"second")]);
        let mut first = connect(&peer);
        let mut buffer = [0; 5];
        first.read_exact(&mut buffer).unwrap();
        assert_eq!(&buffer, b"first");
        let mut second = connect(&peer);
        assert_eq!(read_to_end(&mut second), b"second");
        assert_eq!(peer.finish().len(), 2);
    }

    #[test]
    fn serve_answers_until_the_client_closes() {
        let peer = Peer::start([Script::new().serve(b"pong")]);
        let mut client = connect(&peer);
        for _ in 0..3 {
            client.write_all(&[0; 24]).unwrap();
            let mut buffer = [0; 4];
            client.read_exact(&mut buffer).unwrap();
            assert_eq!(&buffer, b"pong");
        }
        drop(client);
        assert_eq!(peer.finish()[0].requests.len(), 3);
    }

    #[test]
    fn stall_ends_when_the_peer_is_dropped() {
        let peer = Peer::start([Script::new().stall(), Script::new()]);
        let mut client = connect(&peer);
        client.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        assert!(client.read(&mut [0; 8]).is_err(), "nothing comes while it stalls");
        drop(peer);
        client.set_read_timeout(Some(DEADLINE)).unwrap();
        assert_eq!(client.read(&mut [0; 8]).unwrap(), 0);
    }

    #[test]
    fn drop_interrupts_a_peer_that_waits_for_bytes_or_for_room() {
        let start = Instant::now();
        let endless = vec![0; 64 << 20];
        let peer = Peer::start([Script::new().read_request(), Script::new().send(endless)]);
        let _clients = [connect(&peer), connect(&peer)];
        drop(peer);
        assert!(start.elapsed() < DEADLINE);
    }

    #[test]
    fn nothing_listens_after_the_last_connection() {
        let peer = Peer::start([Script::new()]);
        drop(read_to_end(&mut connect(&peer)));
        let address = peer.address();
        let _ = peer.finish();
        assert!(TcpStream::connect(address).is_err());
    }

    #[test]
    #[should_panic(expected = "expected [61], received [62]")]
    fn other_bytes_than_expected_are_a_failure() {
        let peer = Peer::start([Script::new().expect(b"a")]);
        connect(&peer).write_all(b"b").unwrap();
        let _ = peer.finish();
    }

    #[test]
    #[should_panic(expected = "20 of 24 bytes are missing")]
    fn half_a_request_is_a_failure() {
        let peer = Peer::start([Script::new().read_request()]);
        connect(&peer).write_all(b"half").unwrap();
        let _ = peer.finish();
    }

    #[test]
    #[should_panic(expected = "the connection was never made")]
    fn a_connection_that_is_not_made_is_a_failure() {
        let _ = Peer::start([Script::new()]).finish();
    }
}
