//! Scripts on TCP sockets, in real time.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use socket2::SockRef;

use super::{Opening, Output, Record, Script, ScriptRun};

/// How long one step of a script may take.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// A listening socket on the loopback interface that follows a script on each connection. Connections are served
/// concurrently.
///
/// Each step has a deadline: a broken client makes a test fail, not hang.
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
///
/// Dropping a peer ends everything immediately, and panics if a script had failed by then.
#[derive(Debug)]
pub struct Peer {
    address: SocketAddr,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

/// The scripts of the connections.
enum Scripts {
    /// One for each connection, in the order in which they are made. After the last one the peer no longer listens.
    Each(VecDeque<Script>),
    /// The same for all connections, which have neither records nor deadlines.
    Same(Script),
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    stage: Stage,
    /// The client's end of the connection that wakes the acceptor.
    wake: Option<SocketAddr>,
    connections: usize,
    streams: Vec<Weak<TcpStream>>,
    records: Vec<Record>,
}

/// Whether the peer is ending.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Stage {
    #[default]
    Running,
    /// Scripts are followed to their ends, but stalls end, and the peer waits for no more connections.
    Finishing,
    /// Everything ends.
    Stopping,
}

impl Peer {
    /// Listens on a free port of 127.0.0.1 and follows one script for each connection, in the order in which they are
    /// made. After the last one the peer no longer listens.
    ///
    /// # Panics
    ///
    /// If no port is free, or a script does not accept its connection immediately.
    #[must_use]
    pub fn start(scripts: impl IntoIterator<Item = Script>) -> Self {
        Self::listen(Ipv4Addr::LOCALHOST.into(), Scripts::Each(scripts.into_iter().collect()))
            .expect("a port is free")
    }

    /// Listens on a free port of 127.0.0.1 and answers each request of any number of connections with what `answer` makes
    /// of it. Nothing is recorded but the number of connections, and a connection may be idle for any time.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use owproto_tests::peer::Peer;
    ///
    /// let peer = Peer::serve(|request| request[24..].to_vec());
    /// let mut client = std::net::TcpStream::connect(peer.address())?;
    /// let mut answer = [0; 4];
    /// for text in [b"this", b"that"] {
    ///     client.write_all(&[&[0, 0, 0, 0, 0, 0, 0, 4][..], &[0; 16], text].concat())?;
    ///     client.read_exact(&mut answer)?;
    ///     assert_eq!(answer, *text);
    /// }
    /// assert_eq!(peer.connections(), 1);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If no port is free.
    #[must_use]
    pub fn serve(answer: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::serve_on(Ipv4Addr::LOCALHOST.into(), answer).expect("a port is free")
    }

    /// As [`serve`](Self::serve), on another address.
    ///
    /// # Errors
    ///
    /// If this machine does not have the address.
    pub fn serve_on(
        ip: IpAddr,
        answer: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Self::listen(ip, Scripts::Same(Script::new().serve(answer)))
    }

    fn listen(ip: IpAddr, scripts: Scripts) -> io::Result<Self> {
        let listener = TcpListener::bind((ip, 0))?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        if let Scripts::Each(scripts) = &scripts {
            let accepts = |script: &Script| script.opening() == Opening::Accept;
            assert!(scripts.iter().all(accepts), "a TCP peer accepts each connection immediately");
            shared.lock().records = vec![Record::default(); scripts.len()];
        }
        let acceptor = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || accept_all(listener, scripts, &shared))
        };
        Ok(Self { address, shared, acceptor: Some(acceptor) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections were made so far.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.lock().connections
    }

    /// What has happened so far, a record for each script.
    #[must_use]
    pub fn records(&self) -> Vec<Record> {
        self.shared.lock().records.clone()
    }

    /// Waits until this number of requests has been read, over all connections.
    ///
    /// # Panics
    ///
    /// If they have not been read after [`DEADLINE`].
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

    /// Waits until all scripts have come to their ends, and returns the records.
    ///
    /// # Panics
    ///
    /// If a script could not be followed, or a connection was not made.
    #[must_use = "the records show what the client did; drop the peer to end it immediately"]
    pub fn finish(self) -> Vec<Record> {
        let records = self.finish_with_failures();
        for (number, record) in records.iter().enumerate() {
            if let Some(failure) = &record.failure {
                panic!("connection {number} of the peer: {failure}");
            }
        }
        records
    }

    /// Like [`finish`](Self::finish), but leaves failures in the records.
    #[must_use]
    pub fn finish_with_failures(mut self) -> Vec<Record> {
        self.end(Stage::Finishing);
        std::mem::take(&mut self.shared.lock().records)
    }

    fn end(&mut self, stage: Stage) {
        let Some(acceptor) = self.acceptor.take() else { return };
        let streams: Vec<_> = {
            // The acceptor may wait for a connection: this one wakes it. Its address distinguishes it from the client's
            // connections. On an error the peer no longer listens.
            let mut state = self.shared.lock();
            let wake =
                TcpStream::connect_timeout(&self.address, DEADLINE).and_then(|stream| stream.local_addr());
            state.wake = wake.ok();
            state.stage = stage;
            state.streams.iter().filter_map(Weak::upgrade).collect()
        };
        self.shared.changed.notify_all();
        if stage == Stage::Stopping {
            // This ends reads and writes that block.
            streams.iter().for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
        }
        drop(streams);
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

    fn is_stopping(&self) -> bool {
        self.lock().stage == Stage::Stopping
    }

    /// Waits until `duration` is over or the peer is at one of these stages.
    fn pause(&self, duration: Duration, stages: &[Stage]) {
        let state = self.lock();
        let ends = self.changed.wait_timeout_while(state, duration, |state| !stages.contains(&state.stage));
        drop(ends);
    }

    fn update_record(&self, number: usize, update: impl FnOnce(&mut Record)) {
        if let Some(record) = self.lock().records.get_mut(number) {
            update(record);
        }
        self.changed.notify_all();
    }
}

fn accept_all(listener: TcpListener, mut scripts: Scripts, shared: &Arc<Shared>) {
    let mut followed = Vec::new();
    for number in 0.. {
        let (run, limit) = match &mut scripts {
            Scripts::Each(scripts) => match scripts.pop_front() {
                Some(script) => (ScriptRun::new(&script, 0), Some(DEADLINE)),
                None => break,
            },
            Scripts::Same(script) => (ScriptRun::new(script, 0).without_record(), None),
        };
        let accepted = listener.accept();
        let mut state = shared.lock();
        let stream = match accepted {
            Ok((stream, client)) if state.stage != Stage::Stopping && Some(client) != state.wake => {
                Arc::new(stream)
            }
            _ => {
                for record in state.records.iter_mut().skip(number) {
                    record.failure = Some("the connection was never made".to_owned());
                }
                break;
            }
        };
        state.connections += 1;
        state.streams.retain(|stream| stream.strong_count() > 0);
        state.streams.push(Arc::downgrade(&stream));
        drop(state);
        let shared = Arc::clone(shared);
        let thread = thread::spawn(move || {
            let connection =
                Connection { stream, run, shared, number, start: Instant::now(), limit, read_timeout: None };
            connection.follow();
        });
        // The threads of the others are not joined: if a test has failed, an answer may wait without end.
        if let Scripts::Each(_) = scripts {
            followed.push(thread);
        }
    }
    drop(listener);
    followed.into_iter().for_each(|thread| thread.join().expect("following a script does not panic"));
}

/// A connection and the script that is followed on it.
struct Connection {
    stream: Arc<TcpStream>,
    run: ScriptRun,
    shared: Arc<Shared>,
    number: usize,
    /// The beginning of the script's time.
    start: Instant,
    /// How long the client may leave the script waiting.
    limit: Option<Duration>,
    read_timeout: Option<Duration>,
}

impl Connection {
    /// Follows the script to its end, or until the peer stops.
    fn follow(mut self) {
        // While it stops, errors come from sockets that it has shut down itself.
        if let Err(failure) = self.follow_script()
            && !self.shared.is_stopping()
        {
            self.shared.update_record(self.number, |record| record.failure = Some(failure));
        }
    }

    fn follow_script(&mut self) -> Result<(), String> {
        let prepared = self.stream.set_nodelay(true).and_then(|()| self.stream.set_write_timeout(self.limit));
        prepared.map_err(|error| error.to_string())?;
        loop {
            while let Some(output) = self.run.take(usize::MAX, self.now()) {
                if self.send(output).map_err(|error| self.describe(&error))? {
                    return self.run.failure().map_or(Ok(()), |failure| Err(failure.to_owned()));
                }
            }
            let now = self.now();
            let pause = self.run.next_time(now).map(|at| Duration::from_micros(at.saturating_sub(now)));
            if self.shared.is_stopping() {
                return Ok(());
            } else if self.run.wants_input() {
                self.receive(pause)?;
            } else if let Some(pause) = pause {
                self.shared.pause(pause, &[Stage::Stopping]);
            } else {
                self.shared.pause(Duration::MAX, &[Stage::Finishing, Stage::Stopping]);
                return Ok(());
            }
        }
    }

    fn now(&self) -> u64 {
        self.start.elapsed().as_micros() as u64
    }

    /// Sends something; whether that was the end.
    fn send(&mut self, output: Output) -> io::Result<bool> {
        match output {
            Output::Bytes(bytes) => self.stream.as_ref().write_all(&bytes)?,
            Output::Finish => self.stream.shutdown(Shutdown::Write)?,
            Output::Close => {
                self.receive_arrived();
                return Ok(true);
            }
            Output::Reset => {
                SockRef::from(&*self.stream).set_linger(Some(Duration::ZERO))?;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Waits for the client, but no longer than `pause`.
    fn receive(&mut self, pause: Option<Duration>) -> Result<(), String> {
        let timeout = pause.or(self.limit).map(|timeout| timeout.max(Duration::from_micros(1)));
        if timeout != self.read_timeout {
            self.stream.set_read_timeout(timeout).map_err(|error| error.to_string())?;
            self.read_timeout = timeout;
        }
        let mut buffer = [0; 4096];
        match self.stream.as_ref().read(&mut buffer) {
            Ok(0) => self.run.receive_end(self.now()),
            Ok(count) => self.take_in(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if is_timeout(&error) && pause.is_some() => {}
            Err(error) => return Err(self.describe(&error)),
        }
        Ok(())
    }

    /// Reads what has arrived, without waiting for more.
    fn receive_arrived(&mut self) {
        if self.stream.set_nonblocking(true).is_err() {
            return;
        }
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = self.stream.as_ref().read(&mut buffer) {
            self.take_in(&buffer[..count]);
        }
    }

    /// Gives bytes to the script, and records them and the requests that it has read.
    fn take_in(&mut self, bytes: &[u8]) {
        let known = self.run.record().requests.len();
        self.run.receive(bytes, self.now());
        let requests = &self.run.record().requests[known..];
        if self.limit.is_some() {
            self.shared.update_record(self.number, |record| {
                record.received.extend_from_slice(bytes);
                record.requests.extend_from_slice(requests);
            });
        }
    }

    fn describe(&self, error: &io::Error) -> String {
        let step = self.run.step_number();
        match (is_timeout(error), self.run.wants_input()) {
            (true, true) => format!("step {step}: nothing arrived for {DEADLINE:?}"),
            (true, false) => format!("step {step}: the client did not read for {DEADLINE:?}"),
            (false, _) => format!("step {step}: {error}"),
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
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
        let peer = Peer::start([Script::new().send_pieces([b"ab", b"cd"], 50)]);
        let mut client = connect(&peer);
        let mut buffer = [0; 8];
        assert_eq!(client.read(&mut buffer).unwrap(), 2);
        assert_eq!(client.read(&mut buffer).unwrap(), 2);
        assert_eq!(client.read(&mut buffer).unwrap(), 0);
        let _ = peer.finish();
    }

    #[test]
    fn close_is_fin_even_with_unread_bytes() {
        let peer = Peer::start([Script::new().read(1).pause_ms(20).close()]);
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
        let peer = Peer::start([Script::new().serve(|_| b"pong".to_vec())]);
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
