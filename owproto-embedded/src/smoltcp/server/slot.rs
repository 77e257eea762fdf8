use core::task::{Context, Waker};

use owproto_core::Storage;
use owproto_core::server::{Connection, Event, Persistence, Step, Timeout};
use owproto_core::time::{Duration, Instant};
use smoltcp::iface::SocketHandle;
use smoltcp::socket::tcp;
use smoltcp::wire::IpListenEndpoint;

use crate::{Service, tcp_timeouts};

/// How many steps a connection makes before the others have their turn.
const STEPS_PER_TURN: u32 = 16;

/// How long a client may take to close its side after the server has closed its own.
const LINGER: Duration = Duration::from_secs(1);

/// A socket and the connection that it serves.
#[derive(Debug)]
pub(super) struct Slot<S, R, J> {
    pub(super) handle: SocketHandle,
    pub(super) connection: Connection<S, R>,
    pub(super) job: J,
    pub(super) state: State,
    /// The connection is kept between requests, or will be after the current answer.
    pub(super) is_persistent: bool,
    pub(super) waits_for: WaitsFor,
}

// README.md states what a slot takes besides the buffers.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Slot<[u8; 0], [u8; 0], owproto_core::tree::Job>>() <= 304);

/// The state of a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Listening,
    Open,
    /// Open, and idle for longer than the low idle timeout, until the next request.
    Idle {
        since: Instant,
    },
    /// Waits for the client to close its side, at most until this time.
    Closing {
        until: Instant,
    },
}

/// Why a connection does not continue.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WaitsFor {
    /// The network, or a timeout.
    Client,
    Bus,
    /// The other connections, which run first.
    Turn,
}

impl<S: Storage, R: Storage, J> Slot<S, R, J> {
    /// Runs the slot until it waits for something, and moves it from one client to the next.
    pub(super) fn run(
        &mut self,
        now: Instant,
        port: u16,
        may_persist: bool,
        socket: &mut tcp::Socket<'_>,
        service: &mut impl Service<Job = J>,
    ) {
        if let State::Closing { until } = self.state {
            // Discard what the client still sends, to reach the end of its stream.
            while socket.can_recv() && socket.recv(|bytes| (bytes.len(), ())).is_ok() {}
            let is_over = match socket.state() {
                // A reset that was not sent yet has to be sent first.
                tcp::State::Closed => socket.remote_endpoint().is_none() || now >= until,
                tcp::State::TimeWait => true,
                tcp::State::FinWait2 => now >= until,
                // The client has not acknowledged everything. TCP's user timeout ends this.
                _ => false,
            };
            if !is_over {
                return;
            }
            self.state = State::Listening;
        }
        if self.state == State::Listening {
            match socket.state() {
                tcp::State::Listen | tcp::State::SynReceived => return,
                tcp::State::Established | tcp::State::CloseWait => {
                    self.connection.reset(now);
                    self.state = State::Open;
                }
                _ => return listen(port, socket),
            }
        }
        self.serve(now, may_persist, socket, service);
        if let Some(end) = self.connection.end()
            && self.connection.step() == Step::Close
        {
            service.cancel(&mut self.job);
            self.is_persistent = false;
            if end.is_unread() {
                socket.abort();
            } else {
                socket.close();
            }
            self.state = State::Closing { until: now.saturating_add(LINGER) };
        }
    }

    /// Serves the connection until it has to wait for something, or its turn is over.
    fn serve(
        &mut self,
        now: Instant,
        may_persist: bool,
        socket: &mut tcp::Socket<'_>,
        service: &mut impl Service<Job = J>,
    ) {
        for _ in 0..STEPS_PER_TURN {
            let connection = &mut self.connection;
            if !socket.may_send() {
                connection.handle_transport_error();
            } else if !socket.may_recv() && !connection.is_half_closed() {
                connection.handle_eof();
            }
            let step = connection.step();
            // A request that is already there counts, even after its deadline.
            if (step != Step::Read || !socket.can_recv())
                && connection.handle_timeout(now) == Some(Timeout::IdleLow)
            {
                self.state = State::Idle { since: now };
            }
            match connection.step() {
                Step::Close => return,
                Step::Write => {
                    let sent = socket.send_slice(connection.poll_transmit()).unwrap_or(0);
                    if sent == 0 {
                        return;
                    }
                    connection.handle_transmitted(sent, now);
                }
                Step::Answer if self.waits_for == WaitsFor::Bus => return,
                Step::Answer => {
                    let mut context = Context::from_waker(Waker::noop());
                    if service.serve(connection, &mut self.job, now, &mut context).is_pending() {
                        self.waits_for = WaitsFor::Bus;
                    } else if connection.poll_transmit().is_empty()
                        && let Some((_, mut answer)) = connection.answer(now)
                    {
                        // A defect of the service: it waits for room, although the buffer is empty.
                        answer.abort();
                    }
                }
                Step::Read => {
                    if !socket.can_recv() && !connection.is_half_closed() {
                        return;
                    }
                    self.receive(now, may_persist, socket);
                }
            }
        }
        self.waits_for = WaitsFor::Turn;
    }

    /// Handles received bytes, up to the end of a request.
    fn receive(&mut self, now: Instant, may_persist: bool, socket: &mut tcp::Socket<'_>) {
        let connection = &mut self.connection;
        self.state = State::Open;
        let event = socket.recv(|bytes| {
            let len = bytes.len();
            let mut rest: &[u8] = bytes;
            let event = connection.handle_input(&mut rest, now);
            (len.saturating_sub(rest.len()), event)
        });
        // The end of the stream, with no bytes left.
        let event = event.unwrap_or_else(|_| connection.handle_input(&mut &[][..], now));
        if event == Event::Request && connection.requests_persistence() {
            self.is_persistent |= may_persist;
            let persistence = if self.is_persistent { Persistence::Grant } else { Persistence::Refuse };
            connection.set_persistence(persistence);
        }
    }
}

/// Makes a free socket listen.
fn listen(port: u16, socket: &mut tcp::Socket<'_>) {
    socket.abort();
    // Send answers without delay, and do not let a client that sends a request in two segments wait for the
    // acknowledgement of the first.
    socket.set_nagle_enabled(false);
    socket.set_ack_delay(None);
    if socket.timeout().is_none() {
        socket.set_timeout(Some(smoltcp::time::Duration::from_secs(tcp_timeouts::USER_TIMEOUT_SECONDS)));
    }
    if socket.keep_alive().is_none() {
        socket.set_keep_alive(Some(smoltcp::time::Duration::from_secs(
            tcp_timeouts::KEEPALIVE_INTERVAL_SECONDS,
        )));
    }
    // This cannot fail: the port is not 0, and the socket is closed.
    let _ = socket.listen(IpListenEndpoint { addr: None, port });
}
