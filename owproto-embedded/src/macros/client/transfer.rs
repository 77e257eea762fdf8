//! How a call of `Client` moves bytes between its connection and the transport.

use owproto_core::Reply;
use owproto_core::message::Entries;

/// A part of an answer.
pub(crate) enum Part<'a> {
    Entries(Entries<'a>),
    Reply(Reply<'a>),
}

/// The private methods below the calls.
macro_rules! client_transfer {
    ($wait:ident, [$($asynchronous:ident)?]) => {
        impl<T, C, S, R, B, const DEPTH: usize> Client<T, C, S, R, B, DEPTH>
        where
            T: Transport,
            C: FnMut() -> ::owproto_core::time::Instant,
            S: ::owproto_core::Storage,
            R: ::owproto_core::Storage,
            B: AsMut<[u8]>,
        {
            /// Makes sure that a call starts on an open connection without unread input.
            $($asynchronous)? fn prepare(&mut self) -> Result<(), $crate::Error<T::Error>> {
                if !self.is_open() {
                    return Err($crate::Error::Ended);
                }
                if self.receive.as_mut().is_empty() {
                    let error = ::owproto_core::RequestError::BufferTooSmall { needed: 1, available: 0 };
                    return Err($crate::Error::Request(error));
                }
                match self.transport.has_input() {
                    Ok(false) => Ok(()),
                    // The end of the stream, or unexpected bytes.
                    Ok(true) => {
                        let received = $wait!(self.transfer())?;
                        self.handle_received(received, &mut |_| ())
                    }
                    Err(error) => Err(self.transport_failed(error)),
                }
            }

            /// One step of a call: sends, or receives and passes on what was received.
            $($asynchronous)? fn step(
                &mut self,
                on_part: &mut impl FnMut($crate::macros::client::transfer::Part<'_>),
            ) -> Result<(), $crate::Error<T::Error>> {
                let received = $wait!(self.transfer())?;
                self.handle_received(received, on_part)
            }

            /// Sends, flushes or receives, as the connection requires. Returns the number of received bytes.
            $($asynchronous)? fn transfer(&mut self) -> Result<usize, $crate::Error<T::Error>> {
                use ::owproto_core::client::Step;
                let deadline = self.connection.poll_timeout().map(|(at, _)| at);
                let Self { transport, clock, connection, receive, .. } = self;
                let result = match connection.step() {
                    Step::Write => match $wait!(transport.send(connection.poll_transmit(), deadline, clock)) {
                        Ok(Some(0)) => {
                            let error = connection.handle_transport_error();
                            return Err(self.connection_failed(error));
                        }
                        Ok(Some(n)) => {
                            connection.handle_transmitted(n, clock());
                            self.is_unflushed = true;
                            Ok(0)
                        }
                        Ok(None) => Ok(0),
                        Err(error) => Err(error),
                    },
                    Step::Read if self.is_unflushed => match $wait!(transport.flush(deadline, clock)) {
                        Ok(done) => {
                            self.is_unflushed = done.is_none();
                            Ok(0)
                        }
                        Err(error) => Err(error),
                    },
                    Step::Read | Step::Idle => {
                        match $wait!(transport.receive(receive.as_mut(), deadline, clock)) {
                            Ok(Some(0)) => {
                                return match connection.handle_eof() {
                                    Ok(()) => Err($crate::Error::Ended),
                                    Err(error) => Err(self.connection_failed(error)),
                                };
                            }
                            Ok(received) => Ok(received.unwrap_or_default()),
                            Err(error) => Err(error),
                        }
                    }
                    Step::Close => return Err($crate::Error::Ended),
                };
                result.map_err(|error| self.transport_failed(error))
            }

            /// Passes `received` bytes of the receive buffer to the connection; with none, lets its timeouts expire.
            /// `on_part` is not generic: each type of closure would add a copy of the decoder.
            fn handle_received(
                &mut self,
                received: usize,
                on_part: &mut dyn FnMut($crate::macros::client::transfer::Part<'_>),
            ) -> Result<(), $crate::Error<T::Error>> {
                use ::owproto_core::client::Event;
                let now = (self.clock)();
                let mut input = self.receive.as_mut().get(..received).unwrap_or_default();
                let mut result = if input.is_empty() { self.connection.handle_timeout(now) } else { Ok(()) };
                while result.is_ok() && received > 0 {
                    match self.connection.handle_input(&mut input, now) {
                        Ok(Event::NeedMore(_)) => break,
                        Ok(Event::Keepalive) => {}
                        Ok(Event::Entries(_, entries)) => on_part($crate::macros::client::transfer::Part::Entries(entries)),
                        Ok(Event::Reply(_, reply)) => on_part($crate::macros::client::transfer::Part::Reply(reply)),
                        Err(error) => result = Err(error),
                    }
                }
                result.map_err(|error| self.connection_failed(error))
            }

            fn transport_failed(&mut self, error: T::Error) -> $crate::Error<T::Error> {
                self.connection.handle_transport_error();
                $crate::Error::Transport { error, resend: self.resend() }
            }

            fn connection_failed(
                &mut self,
                error: ::owproto_core::client::ConnectionError,
            ) -> $crate::Error<T::Error> {
                $crate::Error::Connection { error, resend: self.resend() }
            }

            /// Whether all lost requests may be sent again.
            fn resend(&mut self) -> ::owproto_core::client::Resend {
                let mut all = ::owproto_core::client::Resend::Safe;
                while let Some(lost) = self.connection.poll_lost() {
                    if lost.resend != ::owproto_core::client::Resend::Safe {
                        all = lost.resend;
                    }
                }
                all
            }
        }
    };
}

pub(crate) use client_transfer;
