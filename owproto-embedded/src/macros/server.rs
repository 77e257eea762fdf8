//! The server's driver, written once: [`server`] makes the blocking and the asynchronous server of it.

/// The methods of `Server`. `$wait` turns a call of something that waits into its value: by itself, or with `.await`.
macro_rules! server {
    ($wait:ident, [$($asynchronous:ident)?]) => {
        impl<C, S, R, B> Server<C, S, R, B> {
            /// A server for one connection at a time.
            ///
            /// `clock` gives the moment of now; it must not run backwards. Timeouts, antiloop token, limits and memory
            /// are those of `connection`. `receive` is what is read into at once, at least one byte.
            pub const fn new(clock: C, connection: ::owproto_core::server::Connection<S, R>, receive: B) -> Self {
                Self { clock, connection, receive }
            }

            /// The state of the connection: settings that hold from now on, and how the last one ended.
            pub const fn connection(&mut self) -> &mut ::owproto_core::server::Connection<S, R> {
                &mut self.connection
            }

            /// Gives clock, connection and receive buffer back.
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
            /// Serves a transport on which a client has just connected, until the connection is to be closed, and says
            /// why it is. What was to be sent has been handed to the transport and flushed.
            ///
            /// What to do with the transport is the caller's: after an end that is
            /// [orderly](owproto_core::server::End::is_orderly), close it so that the last answer arrives; after others,
            /// as is convenient.
            ///
            /// # Errors
            /// [`ServeError`](crate::ServeError): the transport's own error, or no byte to read into.
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
                let mut working = $crate::service::Working::new(service);
                // What was received and not taken is at begin..end, 0 <= begin <= end <= receive.len().
                let (mut begin, mut end) = (0, 0);
                let mut is_unflushed = false;
                // The request was taken, and nobody has worked on it yet.
                let mut is_new = false;
                let mut sent_until = None;
                loop {
                    let now = clock();
                    // Between two answers: the next one may go with the one before.
                    let takes = begin < end && connection.request().is_none() && connection.end().is_none();
                    // What is there counts, however late it is looked at.
                    if !takes {
                        connection.handle_timeout(now);
                    }
                    // This one is for servers that count their connections. A read is not broken off for it.
                    while let Some((at, Timeout::IdleLow)) = connection.poll_timeout() {
                        connection.handle_timeout(at);
                    }
                    let deadline = connection.poll_timeout().map(|(at, _)| at);
                    let done = match connection.step() {
                        Step::Close => break,
                        Step::Read | Step::Write if takes => {
                            let mut input = receive.get(begin..end).unwrap_or_default();
                            is_new = connection.handle_input(&mut input, now) == Event::Request;
                            begin = end.saturating_sub(input.len());
                            Ok(())
                        }
                        Step::Write if !is_new => {
                            sent_until = deadline;
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
                        Step::Read | Step::Answer if is_unflushed && !is_new => {
                            let flushed = $wait!(transport.flush(deadline, clock));
                            flushed.map(|done| is_unflushed = done.is_none())
                        }
                        Step::Answer | Step::Write => {
                            is_new = false;
                            let ready = |now, context: &mut ::core::task::Context<'_>| {
                                match working.serve(connection, now, context) {
                                    // What there is is not held back.
                                    ::core::task::Poll::Pending if connection.poll_transmit().is_empty() => {
                                        ::core::task::Poll::Pending
                                    }
                                    _ => ::core::task::Poll::Ready(()),
                                }
                            };
                            let done = $wait!(transport.wait(ready, deadline, clock));
                            if done.is_some() && connection.poll_transmit().is_empty() {
                                // It wants bytes to be sent, and gave none: it never will. It was told how much fits.
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
                    $wait!(transport.flush(sent_until, clock)).map_err($crate::ServeError::Transport)?;
                }
                Ok(end)
            }
        }
    };
}

pub(crate) use server;
