//! The constructor of `Client`, its settings, and the state of its connection.

/// The methods that send nothing.
macro_rules! client_setup {
    () => {
        impl<T, C, S, R, B, const DEPTH: usize> Client<T, C, S, R, B, DEPTH> {
            /// A client over a connected transport.
            ///
            /// `clock` returns the current time and must not run backwards. `receive` is the buffer that the transport
            /// reads into; it holds at least one byte. The buffers of `connection` are described at
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
                    capabilities: ::owproto_core::client::ServerCapabilities::ALL,
                    is_unflushed: false,
                }
            }

            /// Sets the control flags of its requests, such as the temperature scale and the format of ROM ids. The
            /// client always adds the persistence flag, except to a request passed to [`exchange`](Self::exchange).
            #[must_use]
            pub fn with_flags(mut self, flags: ::owproto_core::wire::Flags) -> Self {
                self.flags = flags.with(::owproto_core::wire::Flags::PERSISTENCE);
                self
            }

            /// The transport.
            pub const fn transport(&mut self) -> &mut T {
                &mut self.transport
            }

            /// Returns transport, connection and receive buffer.
            pub fn into_parts(self) -> (T, ::owproto_core::client::Connection<S, R, DEPTH>, B) {
                (self.transport, self.connection, self.receive)
            }
        }

        impl<T, C, S, R, B, const DEPTH: usize> Client<T, C, S, R, B, DEPTH>
        where
            S: ::owproto_core::Storage,
            R: ::owproto_core::Storage,
        {
            /// Sets the timeouts of later calls.
            pub fn set_timeouts(&mut self, timeouts: ::owproto_core::client::Timeouts) {
                self.connection.set_timeouts(timeouts);
            }

            /// Whether calls are possible: the connection has not ended, as far as the client has noticed.
            #[must_use]
            pub fn is_open(&self) -> bool {
                self.connection.step() == ::owproto_core::client::Step::Idle
            }

            /// Prepares the client for a transport that was connected again: it drops the request in flight, if there
            /// is one. Settings stay, and so does what the client has learned about the server.
            pub fn reset(&mut self) {
                self.connection.reset();
                self.is_unflushed = false;
            }

            /// Replaces the transport with a newly connected one, as [`reset`](Self::reset) does, and returns the old
            /// one.
            pub fn reconnect(&mut self, transport: T) -> T {
                self.reset();
                ::core::mem::replace(&mut self.transport, transport)
            }
        }
    };
}

pub(crate) use client_setup;
