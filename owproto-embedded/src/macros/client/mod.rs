//! The driver, written once: [`client`] makes the blocking and the asynchronous client of it.

use owproto_core::Reply;
use owproto_core::message::Entries;

/// What comes out of a connection.
pub(crate) enum Item<'a> {
    Entries(Entries<'a>),
    Reply(Reply<'a>),
}

/// The methods of `Client`. `$wait` turns a call of something that waits into its value: by itself, or with `.await`.
macro_rules! client {
    ($wait:ident, [$($asynchronous:ident)?]) => {
        impl<T, C, S, R, B, const DEPTH: usize> Client<T, C, S, R, B, DEPTH> {
            /// A client over a transport that is connected.
            ///
            /// `clock` gives the moment of now; it must not run backwards. `receive` is what is read into at once, at
            /// least one byte; the memory of `connection` is described at
            /// [`Connection`](owproto_core::client::Connection#memory).
            pub const fn new(
                transport: T,
                clock: C,
                connection: ::owproto_core::client::Connection<S, R, DEPTH>,
                receive: B,
            ) -> Self {
                Self {
                    transport,
                    clock,
                    connection,
                    receive,
                    flags: ::owproto_core::wire::Flags::PERSISTENCE,
                    refusals: ::owproto_core::client::ServerCapabilities::ALL,
                    is_unflushed: false,
                }
            }

            /// With control flags for its requests: scales, formats. Persistence is always asked for, except by
            /// [`exchange`](Self::exchange), which sends a request as it is.
            #[must_use]
            pub fn with_flags(mut self, flags: ::owproto_core::wire::Flags) -> Self {
                self.flags = flags.with(::owproto_core::wire::Flags::PERSISTENCE);
                self
            }

            /// The transport.
            pub const fn transport(&mut self) -> &mut T {
                &mut self.transport
            }

            /// Gives transport, connection and receive buffer back.
            pub fn into_parts(self) -> (T, ::owproto_core::client::Connection<S, R, DEPTH>, B) {
                (self.transport, self.connection, self.receive)
            }
        }

        impl<T, C, S, R, B, const DEPTH: usize> Client<T, C, S, R, B, DEPTH>
        where
            T: Transport,
            C: FnMut() -> ::owproto_core::time::Instant,
            S: ::owproto_core::Storage,
            R: ::owproto_core::Storage,
            B: AsMut<[u8]>,
        {
            /// Changes the timeouts, for the calls to come.
            pub fn set_timeouts(&mut self, timeouts: ::owproto_core::client::Timeouts) {
                self.connection.set_timeouts(timeouts);
            }

            /// Whether it can be called: the connection has not ended, as far as that was seen.
            #[must_use]
            pub fn is_open(&self) -> bool {
                self.connection.step() == ::owproto_core::client::Step::Idle
            }

            /// The transport has been connected anew: forgets what was under way. What was learned of the server and
            /// all settings stay.
            pub fn reset(&mut self) {
                self.connection.reset();
                self.is_unflushed = false;
            }

            /// Takes a transport that is connected anew, as [`reset`](Self::reset), and gives the old one back.
            pub fn reconnect(&mut self, transport: T) -> T {
                self.reset();
                ::core::mem::replace(&mut self.transport, transport)
            }

            /// Asks whether the server is there (NOP).
            ///
            /// # Errors
            /// [`Error`](crate::Error), as for all calls.
            pub $($asynchronous)? fn ping(&mut self) -> Result<(), $crate::Error<T::Error>> {
                $wait!(self.ask(::owproto_core::Request::nop(), |_| ()))
            }

            /// Whether a path exists (PRESENCE).
            ///
            /// # Errors
            /// [`Error`](crate::Error); a path that does not exist is none.
            pub $($asynchronous)? fn present<P: AsRef<[u8]> + ?Sized>(
                &mut self,
                path: &P,
            ) -> Result<bool, $crate::Error<T::Error>> {
                match $wait!(self.ask(::owproto_core::Request::presence(path)?, |_| ())) {
                    Ok(()) => Ok(true),
                    Err($crate::Error::Server(error)) if error.code().is_no_such_path() => Ok(false),
                    Err(error) => Err(error),
                }
            }

            /// Reads the value at a path into `buffer` and gives it (READ).
            ///
            /// At most as many bytes as the buffer has are asked for, as if the value ended there. (To some
            /// properties with too small a size owserver answers with an error.)
            ///
            /// # Errors
            /// [`Error`](crate::Error). An empty buffer is a request error.
            pub $($asynchronous)? fn read<'b, P: AsRef<[u8]> + ?Sized>(
                &mut self,
                path: &P,
                buffer: &'b mut [u8],
            ) -> Result<&'b [u8], $crate::Error<T::Error>> {
                let len = $wait!(self.read_len(path, buffer))?;
                Ok(buffer.get(..len).unwrap_or(buffer))
            }

            /// As [`read`](Self::read), and gives how many bytes of `buffer` are the value.
            pub(crate) $($asynchronous)? fn read_len<P: AsRef<[u8]> + ?Sized>(
                &mut self,
                path: &P,
                buffer: &mut [u8],
            ) -> Result<usize, $crate::Error<T::Error>> {
                let capacity = buffer.len();
                let size = u32::try_from(capacity.min(::owproto_core::message::MAX_BODY_LEN));
                let request = ::owproto_core::Request::read(path)?.with_size(size.unwrap_or(u32::MAX))?;
                let len = $wait!(self.ask(request, |reply| {
                    let data = reply.data();
                    if let Some(place) = buffer.get_mut(..data.len()) {
                        place.copy_from_slice(data);
                    }
                    data.len()
                }))?;
                if len > capacity { Err($crate::Error::TooLong { len, capacity }) } else { Ok(len) }
            }

            /// Reads the value at a path as one of a known type; text and bytes are borrowed from `buffer`.
            ///
            /// # Errors
            /// [`Error`](crate::Error), among others [`Error::Value`](crate::Error::Value).
            pub $($asynchronous)? fn read_value<'b, P: AsRef<[u8]> + ?Sized>(
                &mut self,
                path: &P,
                value_type: ::owproto_core::text::ValueType,
                buffer: &'b mut [u8],
            ) -> Result<::owproto_core::text::Value<'b>, $crate::Error<T::Error>> {
                let bytes = $wait!(self.read(path, buffer))?;
                Ok(::owproto_core::text::Value::parse(value_type, bytes)?)
            }

            /// Sets the value at a path (WRITE). Gives how many bytes of `data` the server took.
            ///
            /// What it takes for a typed value gives
            /// [`Value::encode`](owproto_core::text::Value::encode).
            ///
            /// # Errors
            /// [`Error`](crate::Error). After a lost connection, ask
            /// [`is_safe_to_retry`](crate::Error::is_safe_to_retry) before writing again.
            pub $($asynchronous)? fn write<P, D>(
                &mut self,
                path: &P,
                data: &D,
            ) -> Result<usize, $crate::Error<T::Error>>
            where
                P: AsRef<[u8]> + ?Sized,
                D: AsRef<[u8]> + ?Sized,
            {
                let request = ::owproto_core::Request::write(path, data)?;
                $wait!(self.ask(request, |reply| usize::try_from(reply.size()).unwrap_or_default()))
            }

            /// Lists a directory: calls `on_entry` with each entry, an absolute path (DIRALL; DIR where the server
            /// refuses that, which is remembered).
            ///
            /// The listing may be of any length. One entry at a time has to fit the connection's receive storage.
            ///
            /// # Errors
            /// [`Error`](crate::Error), also after entries.
            pub $($asynchronous)? fn dir<P: AsRef<[u8]> + ?Sized>(
                &mut self,
                path: &P,
                mut on_entry: impl FnMut(&[u8]),
            ) -> Result<::owproto_core::wire::DirectoryFlags, $crate::Error<T::Error>> {
                use ::owproto_core::wire::MessageType;
                loop {
                    let message_type = if ::owproto_core::message::listing::is_ambiguous(path.as_ref()) {
                        MessageType::DIR
                    } else {
                        self.refusals.substitute_for(MessageType::DIRALL)
                    };
                    let request = if message_type == MessageType::DIRALL {
                        ::owproto_core::Request::dirall(path)?
                    } else {
                        ::owproto_core::Request::dir(path)?
                    };
                    let result = $wait!(self.exchange(
                        &request.with_flags(self.flags),
                        |entries| entries.for_each(&mut on_entry),
                        |reply| Ok(reply.into_result()?.directory_flags()),
                    ))?;
                    match result {
                        // DIR is never refused, so this happens once.
                        Err(error) if self.refusals.learn(message_type, error) => {}
                        result => return result.map_err($crate::Error::Server),
                    }
                }
            }

            /// Reads the values at many paths, as many at once as the connection's `DEPTH` and its buffer for
            /// requests allow: calls `on_value` for each path with its number, in their order.
            ///
            /// On a new connection the first value is waited for by itself: only then it is known that the server
            /// keeps the connection.
            ///
            /// # Errors
            /// [`Error`](crate::Error) if the connection ended; the paths for which `on_value` was not called then
            /// have no value. A path that the server refuses is an error of that path alone.
            pub $($asynchronous)? fn read_many<P: AsRef<[u8]>>(
                &mut self,
                paths: impl IntoIterator<Item = P>,
                mut on_value: impl FnMut(usize, Result<&[u8], $crate::ReadError>),
            ) -> Result<(), $crate::Error<T::Error>> {
                use ::owproto_core::client::SendError;
                $wait!(self.begin())?;
                let mut paths = paths.into_iter();
                let mut next = paths.next();
                // How many were asked for, or could not be, and how many of them have been told of.
                let (mut asked, mut answered) = (0_usize, 0_usize);
                loop {
                    while self.connection.room() > 0
                        && let Some(path) = &next
                    {
                        let now = (self.clock)();
                        let sent = match ::owproto_core::Request::read(path) {
                            Ok(request) => self
                                .connection
                                .request(&request.with_flags(self.flags), now)
                                .map_err($crate::ReadError::Send),
                            Err(error) => Err($crate::ReadError::Request(error)),
                        };
                        match sent {
                            Ok(_) => {}
                            Err($crate::ReadError::Send(SendError::ConnectionEnded)) => return Err($crate::Error::Ended),
                            // In its turn, or when there is room.
                            Err(_) if self.connection.in_flight() > 0 => break,
                            Err(error) => {
                                on_value(answered, Err(error));
                                answered = answered.saturating_add(1);
                            }
                        }
                        asked = asked.saturating_add(1);
                        next = paths.next();
                    }
                    if self.connection.in_flight() == 0 {
                        return if next.is_none() { Ok(()) } else { Err($crate::Error::Ended) };
                    }
                    let pumped = $wait!(self.pump(&mut |item| {
                        if let $crate::macros::client::Item::Reply(reply) = item {
                            let value = reply.into_result().map(|reply| reply.data());
                            on_value(answered, value.map_err($crate::ReadError::Server));
                            answered = answered.saturating_add(1);
                        }
                    }));
                    // What is behind the last answer is the next call's concern.
                    match pumped {
                        Err(_) if answered == asked && next.is_none() => return Ok(()),
                        pumped => pumped?,
                    }
                }
            }

            /// Reads sensors, as [`read_many`](Self::read_many) reads paths, and makes values of what comes: calls
            /// `on_reading` for each with its number, in their order.
            ///
            /// With a `DEPTH` and a buffer for requests that take all of them it is one round trip; on a new connection
            /// two.
            ///
            /// # Errors
            /// [`Error`](crate::Error) if the connection ended; the sensors for which `on_reading` was not called then
            /// have no reading. All else is an error of one sensor alone.
            pub $($asynchronous)? fn read_sensors(
                &mut self,
                sensors: &[$crate::Sensor<'_>],
                mut on_reading: impl FnMut(usize, Result<$crate::Reading<'_>, $crate::ReadingError>),
            ) -> Result<(), $crate::Error<T::Error>> {
                let flags = self.flags;
                let paths = sensors.iter().map(|sensor| sensor.path);
                $wait!(self.read_many(paths, |number, value| {
                    if let Some(sensor) = sensors.get(number) {
                        on_reading(number, sensor.reading(value, flags));
                    }
                }))
            }

            /// Any request, sent as it is, and its answer: `on_entries` is called with the entries of a listing, and
            /// `finish` with the reply that ends it, which may be an error.
            ///
            /// # Errors
            /// [`Error`](crate::Error), but not [`Error::Server`](crate::Error::Server): that is for `finish` to see.
            pub $($asynchronous)? fn exchange<V>(
                &mut self,
                request: &::owproto_core::Request<'_>,
                mut on_entries: impl FnMut(::owproto_core::message::Entries<'_>),
                finish: impl FnOnce(::owproto_core::Reply<'_>) -> V,
            ) -> Result<V, $crate::Error<T::Error>> {
                $wait!(self.begin())?;
                let now = (self.clock)();
                self.connection.request(request, now)?;
                let mut finish = Some(finish);
                loop {
                    let mut answer = None;
                    let pumped = $wait!(self.pump(&mut |item| match item {
                        $crate::macros::client::Item::Entries(entries) => on_entries(entries),
                        $crate::macros::client::Item::Reply(reply) => {
                            answer = finish.take().map(|finish| finish(reply));
                        }
                    }));
                    // The answer counts, also where something behind it has ended the connection.
                    match answer {
                        Some(answer) => return Ok(answer),
                        None => pumped?,
                    }
                }
            }

            /// A request with the client's flags, whose answer is a reply without entries.
            $($asynchronous)? fn ask<V>(
                &mut self,
                request: ::owproto_core::Request<'_>,
                finish: impl FnOnce(::owproto_core::Reply<'_>) -> V,
            ) -> Result<V, $crate::Error<T::Error>> {
                let request = request.with_flags(self.flags);
                let answer = $wait!(self.exchange(&request, |_| (), |reply| reply.into_result().map(finish)))?;
                answer.map_err($crate::Error::Server)
            }

            /// Sees to it that a call begins on a quiet connection.
            $($asynchronous)? fn begin(&mut self) -> Result<(), $crate::Error<T::Error>> {
                if !self.is_open() {
                    return Err($crate::Error::Ended);
                }
                if self.receive.as_mut().is_empty() {
                    let error = ::owproto_core::RequestError::BufferTooSmall { needed: 1, available: 0 };
                    return Err($crate::Error::Request(error));
                }
                match self.transport.has_input() {
                    Ok(false) => Ok(()),
                    // The end, or what nobody had asked for.
                    Ok(true) => {
                        let received = $wait!(self.transfer())?;
                        self.take(received, &mut |_| ())
                    }
                    Err(error) => Err(self.transport_failed(error)),
                }
            }

            /// One step: sends what waits to be sent, or waits for bytes and takes what they say.
            $($asynchronous)? fn pump(
                &mut self,
                on_item: &mut impl FnMut($crate::macros::client::Item<'_>),
            ) -> Result<(), $crate::Error<T::Error>> {
                let received = $wait!(self.transfer())?;
                self.take(received, on_item)
            }

            /// Sends something, or waits for bytes to come. Gives how many came.
            $($asynchronous)? fn transfer(&mut self) -> Result<usize, $crate::Error<T::Error>> {
                use ::owproto_core::client::Step;
                let deadline = self.connection.poll_timeout().map(|(at, _)| at);
                let Self { transport, clock, connection, receive, .. } = self;
                let result = match connection.step() {
                    Step::Write => match $wait!(transport.send(connection.poll_transmit(), deadline, clock)) {
                        Ok(Some(0)) => {
                            let error = connection.handle_transport_error();
                            return Err(self.failed(error));
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
                                    Err(error) => Err(self.failed(error)),
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

            /// Takes what was received. No generic closure, since it would bring a copy of the decoder with it.
            fn take(
                &mut self,
                received: usize,
                on_item: &mut dyn FnMut($crate::macros::client::Item<'_>),
            ) -> Result<(), $crate::Error<T::Error>> {
                use ::owproto_core::client::Event;
                let now = (self.clock)();
                let mut input = self.receive.as_mut().get(..received).unwrap_or_default();
                // An end to the waiting only where nothing came.
                let mut result = if input.is_empty() { self.connection.handle_timeout(now) } else { Ok(()) };
                while result.is_ok() && received > 0 {
                    match self.connection.handle_input(&mut input, now) {
                        Ok(Event::NeedMore(_)) => break,
                        Ok(Event::Keepalive) => {}
                        Ok(Event::Entries(_, entries)) => on_item($crate::macros::client::Item::Entries(entries)),
                        Ok(Event::Reply(_, reply)) => on_item($crate::macros::client::Item::Reply(reply)),
                        Err(error) => result = Err(error),
                    }
                }
                result.map_err(|error| self.failed(error))
            }

            fn transport_failed(&mut self, error: T::Error) -> $crate::Error<T::Error> {
                self.connection.handle_transport_error();
                $crate::Error::Transport { error, resend: self.resend() }
            }

            fn failed(&mut self, error: ::owproto_core::client::ConnectionError) -> $crate::Error<T::Error> {
                $crate::Error::Connection { error, resend: self.resend() }
            }

            /// Whether all that was lost may be sent again.
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

pub(crate) use client;
