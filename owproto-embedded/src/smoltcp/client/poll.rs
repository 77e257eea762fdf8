use owproto_core::Storage;
use owproto_core::client::{self, Lost, Resend, Step};
use owproto_core::time::{Duration, Instant};
use owproto_core::wire::MessageType;
use smoltcp::iface::{Context, Interface, SocketSet};
use smoltcp::socket::tcp;

use super::state::{DirallSupport, State};
use super::{Client, DisconnectReason, Event};
use crate::smoltcp::time::{from_smoltcp, to_smoltcp};

/// How long the server may take to close its side after the client has closed its own, if the socket is needed again.
const LINGER: Duration = Duration::from_secs(1);

/// The first of the ports for clients (RFC 6335).
pub(super) const FIRST_EPHEMERAL_PORT: u16 = 49152;

impl<S: Storage, R: Storage, const DEPTH: usize> Client<S, R, DEPTH> {
    /// When to call [`poll`](Self::poll) again if nothing arrives from the network; `None` means not before the next
    /// request. If the time is in the past, call it without delay.
    #[must_use]
    pub fn poll_at(&self) -> Option<smoltcp::time::Instant> {
        let timeout = self.connection.poll_timeout().map(|(at, _)| at);
        let has_to_send = self.connection.step() == Step::Write;
        let at = match self.state {
            State::BackingOff { until } => Some(until),
            _ if self.connection.step() == Step::Close => Some(Instant::ZERO),
            State::Idle if has_to_send => Some(Instant::ZERO),
            State::Open if has_to_send && !self.is_blocked => Some(Instant::ZERO),
            State::Closing { until } if has_to_send => Some(timeout.map_or(until, |at| at.min(until))),
            State::Idle | State::Connecting | State::Open | State::Closing { .. } => timeout,
        };
        at.map(to_smoltcp)
    }

    /// Transfers bytes and returns the next event, or `None` if there is nothing more to do now.
    ///
    /// # Panics
    /// If the client's handle does not belong to a TCP socket of `sockets`.
    pub fn poll<'e>(
        &'e mut self,
        now: smoltcp::time::Instant,
        interface: &mut Interface,
        sockets: &'e mut SocketSet<'_>,
    ) -> Option<Event<'e>> {
        let now = from_smoltcp(now);
        let socket = sockets.get_mut::<tcp::Socket<'_>>(self.handle);
        let event = self.advance(now, interface.context(), socket);
        if event.is_some() || self.state != State::Open || !(self.has_more || socket.can_recv()) {
            return event;
        }
        let Self { connection, failures, capabilities, dirall_support, has_more, .. } = self;
        let queued = socket.recv_queue();
        let mut taken = 0;
        let event = if queued > 0 {
            let received = socket.recv(|bytes| {
                let len = bytes.len();
                let mut rest: &[u8] = bytes;
                let event = connection.handle_input(&mut rest, now);
                taken = len.saturating_sub(rest.len());
                (taken, event)
            });
            received.ok()?
        } else {
            connection.handle_input(&mut &[][..], now)
        };
        // The receive buffer is a ring: more bytes may follow at its start.
        *has_more = taken < queued || !matches!(event, Ok(client::Event::NeedMore(_)));
        Some(match event {
            Ok(client::Event::NeedMore(_)) if !*has_more => return None,
            // The next call returns the failure.
            Ok(client::Event::NeedMore(_) | client::Event::Keepalive) | Err(_) => Event::Progress,
            Ok(client::Event::Entries(id, entries)) => Event::Entries(id, entries),
            Ok(client::Event::Reply(id, reply)) => {
                *failures = 0;
                if *dirall_support == DirallSupport::Probing(id) {
                    *dirall_support = DirallSupport::Known;
                    if let Err(error) = reply.into_result()
                        && capabilities.learn(MessageType::DIRALL, error)
                    {
                        return Some(Event::Lost(Lost::new(id, Resend::Safe)));
                    }
                }
                Event::Reply(id, reply)
            }
        })
    }

    /// Everything but handling input: connects, sends, and checks timeouts.
    fn advance(
        &mut self,
        now: Instant,
        context: &mut Context,
        socket: &mut tcp::Socket<'_>,
    ) -> Option<Event<'static>> {
        if let State::BackingOff { until } = self.state {
            if now < until {
                return None;
            }
            self.state = State::Idle;
        }
        match self.state {
            State::Open => self.transfer(now, socket),
            State::Connecting => match socket.state() {
                tcp::State::SynSent | tcp::State::SynReceived => {}
                tcp::State::Closed => self.transport_failed(DisconnectReason::Refused),
                _ => {
                    self.state = State::Open;
                    return Some(Event::Connected);
                }
            },
            State::Idle | State::Closing { .. } if self.connection.step() == Step::Write => {
                let is_free = match self.state {
                    State::Closing { until } => now >= until || !socket.is_open(),
                    _ => true,
                };
                if is_free {
                    self.connect(context, socket);
                }
            }
            State::Idle | State::Closing { .. } | State::BackingOff { .. } => {}
        }
        // An answer that is already there counts, even after its deadline.
        if self.state != State::Open || !(self.has_more || socket.can_recv()) {
            let _ = self.connection.handle_timeout(now);
        }
        if self.connection.step() == Step::Close { Some(self.end(now, socket)) } else { None }
    }

    fn connect(&mut self, context: &mut Context, socket: &mut tcp::Socket<'_>) {
        // The socket may still be closing the previous connection.
        socket.abort();
        socket.set_nagle_enabled(false);
        socket.set_ack_delay(None);
        self.port = self.port.wrapping_add(1) % (u16::MAX - FIRST_EPHEMERAL_PORT + 1);
        match socket.connect(context, self.server, FIRST_EPHEMERAL_PORT + self.port) {
            Ok(()) => self.state = State::Connecting,
            Err(_) => self.transport_failed(DisconnectReason::Unaddressable),
        }
    }

    /// Sends waiting requests, and checks whether the peer has closed the connection.
    fn transfer(&mut self, now: Instant, socket: &mut tcp::Socket<'_>) {
        let waiting = self.connection.poll_transmit();
        let sent = socket.send_slice(waiting).unwrap_or(0);
        self.is_blocked = sent < waiting.len();
        self.connection.handle_transmitted(sent, now);
        if !socket.may_recv() && !self.has_more {
            if socket.state() == tcp::State::Closed && self.connection.in_flight() > 0 {
                self.transport_failed(DisconnectReason::Reset);
            } else {
                // If requests are in flight, the connection fails, which is reported later.
                let _ = self.connection.handle_eof();
            }
        }
    }

    fn transport_failed(&mut self, reason: DisconnectReason) {
        self.disconnect_reason = Some(reason);
        self.connection.handle_transport_error();
    }

    /// Reports the requests that were lost with the connection, one per call, and then the end of the connection.
    fn end(&mut self, now: Instant, socket: &mut tcp::Socket<'_>) -> Event<'static> {
        let mut reason = DisconnectReason::Orderly;
        let mut is_orderly = true;
        if let Some(error) = self.connection.error() {
            if let Some(lost) = self.connection.poll_lost() {
                return Event::Lost(lost);
            }
            reason = self.disconnect_reason.take().unwrap_or(DisconnectReason::Failed(error));
            is_orderly = error.is_stale() || reason == DisconnectReason::Orderly;
            // If the server has closed its side, or is about to, close ours. Otherwise reset the connection.
            if !error.is_stale() && socket.state() != tcp::State::CloseWait {
                socket.abort();
            }
        }
        socket.close();
        self.state = if is_orderly {
            State::Closing { until: now.saturating_add(LINGER) }
        } else {
            self.failures = self.failures.saturating_add(1);
            State::BackingOff { until: now.saturating_add(self.backoff.delay_after(self.failures)) }
        };
        self.connection.reset();
        self.has_more = false;
        self.dirall_support = DirallSupport::Unknown;
        Event::Disconnected(reason)
    }
}
