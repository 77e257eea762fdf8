//! The methods of `Server`.

/// All methods of `Server`. `$wait` is the macro that waits for a call.
macro_rules! server_methods {
    ($wait:ident, [$($asynchronous:ident)?]) => {
        impl<C, S, R, B> Server<C, S, R, B> {
            /// A server for one connection at a time.
            ///
            /// `clock` returns the current time and must not run backwards. Timeouts, antiloop token, limits and
            /// buffers are those of `connection`. `receive` is the buffer that transports read into; it holds at least
            /// one byte.
            pub const fn new(clock: C, connection: ::owproto_core::server::Connection<S, R>, receive: B) -> Self {
                Self { clock, connection, receive }
            }

            /// The state of the connection: its settings, which may be changed for the next client, and how the last
            /// connection ended.
            pub const fn connection(&mut self) -> &mut ::owproto_core::server::Connection<S, R> {
                &mut self.connection
            }

            /// Returns clock, connection and receive buffer.
            pub fn into_parts(self) -> (C, ::owproto_core::server::Connection<S, R>, B) {
                (self.clock, self.connection, self.receive)
            }
        }

        impl<C, S, R, B> Server<C, S, R, B>
        where
            C: FnMut() -> ::owproto_core::time::Instant,
            S: ::owproto_core::Storage,
            R: ::owproto_core::Storage,
            B: AsMut<[u8]>,
        {
            /// Serves a client that has just connected, until its connection has to be closed. Returns why. By then,
            /// everything has been written to the transport and flushed.
            ///
            /// The caller closes the transport. After an [orderly](owproto_core::server::End::is_orderly) end it has to
            /// do so in a way that the last answer arrives.
            ///
            /// # Errors
            /// [`ServeError`](crate::ServeError): the transport failed, or the receive buffer is empty.
            pub $($asynchronous)? fn serve<T: Transport, V: $crate::Service>(
                &mut self,
                transport: &mut T,
                service: V,
            ) -> Result<::owproto_core::server::End, $crate::ServeError<T::Error>> {
                use ::owproto_core::server::{End, Event, Step, Timeout};

                let Self { clock, connection, receive } = self;
                let receive = receive.as_mut();
                if receive.is_empty() {
                    return Err($crate::ServeError::NoReceiveBuffer);
                }
                connection.reset(clock());
                let mut service = $crate::service::CancelOnDrop::new(service);
                // Bytes that were received and not yet handled are at begin..end, 0 <= begin <= end <= receive.len().
                let (mut begin, mut end) = (0, 0);
                let mut is_unflushed = false;
                // There is a request that the service has not seen yet.
                let mut is_new_request = false;
                let mut last_send_deadline = None;
                loop {
                    let now = clock();
                    // Between two requests received input comes first: its answer may be sent with the one before.
                    let handles_input = begin < end && connection.request().is_none() && connection.end().is_none();
                    // Input that is already there counts, even if it is handled after its deadline.
                    if !handles_input {
                        connection.handle_timeout(now);
                    }
                    // The low idle timeout is for servers that count their connections. It interrupts no read here.
                    while let Some((at, Timeout::IdleLow)) = connection.poll_timeout() {
                        connection.handle_timeout(at);
                    }
                    let deadline = connection.poll_timeout().map(|(at, _)| at);
                    let done = match connection.step() {
                        Step::Close => break,
                        Step::Read | Step::Write if handles_input => {
                            let mut input = receive.get(begin..end).unwrap_or_default();
                            is_new_request = connection.handle_input(&mut input, now) == Event::Request;
                            begin = end.saturating_sub(input.len());
                            Ok(())
                        }
                        Step::Write if !is_new_request => {
                            last_send_deadline = deadline;
                            let sent = $wait!(transport.send(connection.poll_transmit(), deadline, clock));
                            sent.map(|sent| match sent {
                                Some(0) => connection.handle_transport_error(),
                                Some(n) => {
                                    connection.handle_transmitted(n, clock());
                                    is_unflushed = true;
                                }
                                None => {}
                            })
                        }
                        Step::Read | Step::Answer if is_unflushed && !is_new_request => {
                            let flushed = $wait!(transport.flush(deadline, clock));
                            flushed.map(|done| is_unflushed = done.is_none())
                        }
                        Step::Answer | Step::Write => {
                            is_new_request = false;
                            let ready = |now, context: &mut ::core::task::Context<'_>| {
                                match service.serve(connection, now, context) {
                                    ::core::task::Poll::Pending if connection.poll_transmit().is_empty() => {
                                        ::core::task::Poll::Pending
                                    }
                                    // The first part of an answer is sent while the service waits for the rest.
                                    _ => ::core::task::Poll::Ready(()),
                                }
                            };
                            let done = $wait!(transport.wait(ready, deadline, clock));
                            if done.is_some() && connection.poll_transmit().is_empty() {
                                // A defect of the service: it waits for room, although the buffer is empty.
                                if let Some((_, mut answer)) = connection.answer(now) {
                                    answer.abort();
                                }
                            }
                            Ok(())
                        }
                        Step::Read => {
                            let received = $wait!(transport.receive(receive, deadline, clock));
                            received.map(|received| match received {
                                Some(0) => connection.handle_eof(),
                                Some(n) => (begin, end) = (0, n.min(receive.len())),
                                None => {}
                            })
                        }
                    };
                    if let Err(error) = done {
                        connection.handle_transport_error();
                        return Err($crate::ServeError::Transport(error));
                    }
                }
                let end = connection.end().unwrap_or(End::Closed);
                if is_unflushed && !end.is_unread() {
                    $wait!(transport.flush(last_send_deadline, clock)).map_err($crate::ServeError::Transport)?;
                }
                Ok(end)
            }
        }
    };
}

pub(crate) use server_methods;
