//! The calls of `Client`.

/// The public methods that send a request.
macro_rules! client_calls {
    ($wait:ident, [$($asynchronous:ident)?]) => {
        impl<T, C, S, R, B, const DEPTH: usize> Client<T, C, S, R, B, DEPTH>
        where
            T: Transport,
            C: FnMut() -> ::owproto_core::time::Instant,
            S: ::owproto_core::Storage,
            R: ::owproto_core::Storage,
            B: AsMut<[u8]>,
        {
            /// Checks whether the server responds (NOP).
            ///
            /// # Errors
            /// [`Error`](crate::Error), as for all calls.
            pub $($asynchronous)? fn ping(&mut self) -> Result<(), $crate::Error<T::Error>> {
                $wait!(self.call(::owproto_core::Request::nop(), |_| ()))
            }

            /// Checks whether a path exists (PRESENCE).
            ///
            /// # Errors
            /// [`Error`](crate::Error). If the path does not exist, the result is `Ok(false)`.
            pub $($asynchronous)? fn present<P: AsRef<[u8]> + ?Sized>(
                &mut self,
                path: &P,
            ) -> Result<bool, $crate::Error<T::Error>> {
                match $wait!(self.call(::owproto_core::Request::presence(path)?, |_| ())) {
                    Ok(()) => Ok(true),
                    Err($crate::Error::Server(error)) if error.code().is_no_such_path() => Ok(false),
                    Err(error) => Err(error),
                }
            }

            /// Reads the value at a path into `buffer`, and returns it (READ).
            ///
            /// The client requests at most as many bytes as `buffer` holds. owserver then cuts a longer value there;
            /// for some properties it answers with an error instead.
            ///
            /// # Errors
            /// [`Error`](crate::Error). An empty buffer is an [`Error::Request`](crate::Error::Request).
            pub $($asynchronous)? fn read<'b, P: AsRef<[u8]> + ?Sized>(
                &mut self,
                path: &P,
                buffer: &'b mut [u8],
            ) -> Result<&'b [u8], $crate::Error<T::Error>> {
                let len = $wait!(self.read_len(path, buffer))?;
                Ok(buffer.get(..len).unwrap_or(buffer))
            }

            /// As [`read`](Self::read), but returns the length of the value in `buffer`.
            pub(crate) $($asynchronous)? fn read_len<P: AsRef<[u8]> + ?Sized>(
                &mut self,
                path: &P,
                buffer: &mut [u8],
            ) -> Result<usize, $crate::Error<T::Error>> {
                let capacity = buffer.len();
                let size = u32::try_from(capacity.min(::owproto_core::message::MAX_BODY_LEN));
                let request = ::owproto_core::Request::read(path)?.with_size(size.unwrap_or(u32::MAX))?;
                let len = $wait!(self.call(request, |reply| {
                    let data = reply.data();
                    if let Some(value) = buffer.get_mut(..data.len()) {
                        value.copy_from_slice(data);
                    }
                    data.len()
                }))?;
                if len > capacity { Err($crate::Error::TooLong { len, capacity }) } else { Ok(len) }
            }

            /// Reads the value at a path into `buffer`, and parses it as this type. A text or bytes borrow from
            /// `buffer`.
            ///
            /// # Errors
            /// [`Error`](crate::Error); [`Error::Value`](crate::Error::Value) if the value is not of this type.
            pub $($asynchronous)? fn read_value<'b, P: AsRef<[u8]> + ?Sized>(
                &mut self,
                path: &P,
                value_type: ::owproto_core::text::ValueType,
                buffer: &'b mut [u8],
            ) -> Result<::owproto_core::text::Value<'b>, $crate::Error<T::Error>> {
                let bytes = $wait!(self.read(path, buffer))?;
                Ok(::owproto_core::text::Value::parse(value_type, bytes)?)
            }

            /// Writes a value to a path, and returns how many bytes of `data` the server accepted (WRITE).
            ///
            /// [`Value::encode`](owproto_core::text::Value::encode) formats a typed value as the server expects it.
            ///
            /// # Errors
            /// [`Error`](crate::Error). If the connection was lost, check
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
                $wait!(self.call(request, |reply| usize::try_from(reply.size()).unwrap_or_default()))
            }

            /// Lists a directory: calls `on_entry` with each entry, which is an absolute path (DIRALL, or DIR if the
            /// server refuses DIRALL; the client remembers that).
            ///
            /// The listing may have any length: the receive storage of the connection has to hold one entry only.
            ///
            /// # Errors
            /// [`Error`](crate::Error), possibly after some of the entries.
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
                        self.capabilities.substitute_for(MessageType::DIRALL)
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
                        // Happens at most once: the substitute of DIRALL is DIR, which has none.
                        Err(error) if self.capabilities.learn(message_type, error) => {}
                        result => return result.map_err($crate::Error::Server),
                    }
                }
            }

            /// Reads the values at many paths: calls `on_value` with the index of each path and its value, in the order
            /// of the paths.
            ///
            /// Reads are pipelined: as many are in flight as the connection's `DEPTH` and its transmit storage allow.
            /// On a new connection the client waits for the first value before it sends more requests, because only
            /// that reply shows whether the server keeps the connection.
            ///
            /// # Errors
            /// [`Error`](crate::Error) if the connection ended; the paths without a call of `on_value` have no value
            /// then. If the server refuses one path, `on_value` gets the error, and the other paths are read.
            pub $($asynchronous)? fn read_many<P: AsRef<[u8]>>(
                &mut self,
                paths: impl IntoIterator<Item = P>,
                mut on_value: impl FnMut(usize, Result<&[u8], $crate::ReadError>),
            ) -> Result<(), $crate::Error<T::Error>> {
                use ::owproto_core::client::SendError;
                $wait!(self.prepare())?;
                let mut paths = paths.into_iter();
                let mut next = paths.next();
                // Paths taken from the iterator, and those of them that `on_value` was called for.
                let (mut requested, mut answered) = (0_usize, 0_usize);
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
                            // An invalid path is reported in its turn; a full buffer may have room by then.
                            Err(_) if self.connection.in_flight() > 0 => break,
                            Err(error) => {
                                on_value(answered, Err(error));
                                answered = answered.saturating_add(1);
                            }
                        }
                        requested = requested.saturating_add(1);
                        next = paths.next();
                    }
                    if self.connection.in_flight() == 0 {
                        return if next.is_none() { Ok(()) } else { Err($crate::Error::Ended) };
                    }
                    let result = $wait!(self.step(&mut |part| {
                        if let $crate::macros::client::transfer::Part::Reply(reply) = part {
                            let value = reply.into_result().map(|reply| reply.data());
                            on_value(answered, value.map_err($crate::ReadError::Server));
                            answered = answered.saturating_add(1);
                        }
                    }));
                    match result {
                        // All values are there: an error after the last one belongs to the next call.
                        Err(_) if answered == requested && next.is_none() => return Ok(()),
                        result => result?,
                    }
                }
            }

            /// Reads many sensors, as [`read_many`](Self::read_many) reads paths, and parses their values: calls
            /// `on_reading` with the index of each sensor and its reading, in the order of `sensors`.
            ///
            /// If all requests fit `DEPTH` and the transmit storage, this takes one round trip, and on a new connection
            /// two.
            ///
            /// # Errors
            /// [`Error`](crate::Error) if the connection ended; the sensors without a call of `on_reading` have no
            /// reading then. `on_reading` gets all other errors, each for its sensor.
            pub $($asynchronous)? fn read_sensors(
                &mut self,
                sensors: &[$crate::Sensor<'_>],
                mut on_reading: impl FnMut(usize, Result<$crate::Reading<'_>, $crate::ReadingError>),
            ) -> Result<(), $crate::Error<T::Error>> {
                let flags = self.flags;
                let paths = sensors.iter().map(|sensor| sensor.path);
                $wait!(self.read_many(paths, |index, value| {
                    if let Some(sensor) = sensors.get(index) {
                        on_reading(index, sensor.reading(value, flags));
                    }
                }))
            }

            /// Sends any request unchanged, and receives its answer: calls `on_entries` with the entries of a listing,
            /// then `finish` with the reply that ends the answer, which may be an error.
            ///
            /// # Errors
            /// [`Error`](crate::Error), but never [`Error::Server`](crate::Error::Server): `finish` gets the errors of
            /// the server.
            pub $($asynchronous)? fn exchange<V>(
                &mut self,
                request: &::owproto_core::Request<'_>,
                mut on_entries: impl FnMut(::owproto_core::message::Entries<'_>),
                finish: impl FnOnce(::owproto_core::Reply<'_>) -> V,
            ) -> Result<V, $crate::Error<T::Error>> {
                $wait!(self.prepare())?;
                let now = (self.clock)();
                self.connection.request(request, now)?;
                let mut finish = Some(finish);
                loop {
                    let mut answer = None;
                    let result = $wait!(self.step(&mut |part| match part {
                        $crate::macros::client::transfer::Part::Entries(entries) => on_entries(entries),
                        $crate::macros::client::transfer::Part::Reply(reply) => {
                            answer = finish.take().map(|finish| finish(reply));
                        }
                    }));
                    // A complete answer counts even if bytes after it have ended the connection.
                    match answer {
                        Some(answer) => return Ok(answer),
                        None => result?,
                    }
                }
            }

            /// Sends a request with the client's flags, and receives a reply without entries.
            $($asynchronous)? fn call<V>(
                &mut self,
                request: ::owproto_core::Request<'_>,
                finish: impl FnOnce(::owproto_core::Reply<'_>) -> V,
            ) -> Result<V, $crate::Error<T::Error>> {
                let request = request.with_flags(self.flags);
                let answer = $wait!(self.exchange(&request, |_| (), |reply| reply.into_result().map(finish)))?;
                answer.map_err($crate::Error::Server)
            }
        }
    };
}

pub(crate) use client_calls;
