//! The public calls, written once: [`client_api`] makes them for the blocking and for the asynchronous client.

/// The methods of a client type with a field `calls`. `$run` turns a future into what the client's methods give:
/// its value, or an `await`.
macro_rules! client_api {
    ($client:ident, $runtime:ty, $run:ident, [$($asynchronous:ident)?]) => {
        impl $client {
            pub(crate) fn from_calls(calls: $crate::client::Calls<$runtime>) -> Self {
                Self { calls }
            }

            #[cfg(test)]
            pub(crate) fn shared(&self) -> &$crate::client::Shared<$runtime> {
                self.calls.shared()
            }

            /// A persistent client for the server at `HOST[:PORT]`, with all settings at their defaults.
            ///
            /// Nothing is sent before the first call, so a server that is not there shows only then.
            ///
            /// # Errors
            /// [`AddressError`]($crate::AddressError) if the text is no address.
            pub fn new(server: &str) -> Result<Self, $crate::AddressError> {
                Ok(Self::from_calls($crate::Builder::default().server(server)?.calls()))
            }

            /// As [`new`](Self::new), and sees whether the server is there.
            ///
            /// # Errors
            /// [`Error`]($crate::Error): the text is no address, or nobody answers there.
            pub $($asynchronous)? fn connect(server: &str) -> Result<Self, $crate::Error> {
                let client = Self::new(server)?;
                $run!(client.calls.ping())?;
                Ok(client)
            }

            /// Settings for a client.
            pub fn builder() -> $crate::Builder {
                $crate::Builder::default()
            }

            /// Where the server is.
            #[must_use]
            pub fn address(&self) -> &$crate::Address {
                self.calls.address()
            }

            /// The control flags of its requests.
            #[must_use]
            pub fn flags(&self) -> ::owproto_core::wire::Flags {
                self.calls.flags()
            }

            /// Whether it asks the server to keep connections.
            #[must_use]
            pub fn is_persistent(&self) -> bool {
                self.calls.persistence() == $crate::client::Persistence::On
            }

            /// The same client with another total timeout for each of its calls; zero is no limit.
            ///
            /// It shares everything else with this one, connections included, and costs nothing to make:
            /// `client.with_timeout(limit).read(path)` is a call with its own timeout.
            #[must_use]
            pub fn with_timeout(&self, total: ::std::time::Duration) -> Self {
                Self { calls: self.calls.with_total_timeout(total) }
            }

            /// The same client with other control flags. The persistence bit is left out.
            #[must_use]
            pub fn with_flags(&self, flags: ::owproto_core::wire::Flags) -> Self {
                Self { calls: self.calls.with_flags(flags.without(::owproto_core::wire::Flags::PERSISTENCE)) }
            }

            /// The same client, but persistent: connections are kept after a call and shared with all clients cloned
            /// from this one. What was resolved and learned of the server is shared too.
            #[must_use]
            pub fn persistent(&self) -> Self {
                Self { calls: self.calls.with_persistence($crate::client::Persistence::On) }
            }

            /// The same client, but with a connection of its own for each call. What was resolved and learned of the
            /// server is shared.
            #[must_use]
            pub fn non_persistent(&self) -> Self {
                Self { calls: self.calls.with_persistence($crate::client::Persistence::Off) }
            }

            /// Closes the connections that are idle. The next call makes a new one.
            pub fn close_connection(&self) {
                self.calls.close_connection();
            }

            /// Sees whether the server is there (NOP).
            ///
            /// # Errors
            /// [`Error`]($crate::Error); so do all calls.
            pub $($asynchronous)? fn ping(&self) -> Result<(), $crate::Error> {
                Ok($run!(self.calls.ping())?)
            }

            /// Whether there is something at a path (PRESENCE): a device, a property, a directory.
            ///
            /// # Errors
            /// [`Error`]($crate::Error). That there is nothing is no error.
            pub $($asynchronous)? fn present<P>(&self, path: &P) -> Result<bool, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                $run!(self.calls.present(path.as_ref()))
            }

            /// The ROM id of the device in a path, if there is one (PRESENCE); also that of an alias.
            ///
            /// # Errors
            /// [`Error`]($crate::Error). That there is no such path, or no device in it, is no error.
            pub $($asynchronous)? fn rom_id<P>(
                &self,
                path: &P,
            ) -> Result<Option<::owproto_core::text::RomId>, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                $run!(self.calls.rom_id(path.as_ref()))
            }

            /// The entries of a directory (DIRALL, or DIR where the server refuses that).
            ///
            /// # Errors
            /// [`Error`]($crate::Error).
            pub $($asynchronous)? fn dir<P>(&self, path: &P) -> Result<$crate::Listing, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                $run!(self.calls.dir(path.as_ref(), $crate::DirOptions::new()))
            }

            /// The entries of a directory, with options.
            ///
            /// # Errors
            /// [`Error`]($crate::Error).
            pub $($asynchronous)? fn dir_with<P>(
                &self,
                path: &P,
                options: $crate::DirOptions,
            ) -> Result<$crate::Listing, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                $run!(self.calls.dir(path.as_ref(), options))
            }

            /// The entries of a directory, each given to a function as it comes, without being kept. The function may
            /// use the client: the listing has a connection for itself, an idle one or one more.
            ///
            /// # Errors
            /// [`Error`]($crate::Error). Entries that came before count.
            pub $($asynchronous)? fn dir_each<P>(
                &self,
                path: &P,
                options: $crate::DirOptions,
                entry: impl FnMut(&[u8]) + Send,
            ) -> Result<::owproto_core::wire::DirectoryFlags, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                $run!(self.calls.dir_each(path.as_ref(), options, entry))
            }

            /// The value of a property (READ), as many as 65,536 bytes of it.
            ///
            /// # Errors
            /// [`Error`]($crate::Error).
            pub $($asynchronous)? fn read<P>(&self, path: &P) -> Result<Vec<u8>, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                Ok($run!(self.calls.read(path.as_ref()))?)
            }

            /// A part of the value of a property: at most `size` bytes (1 to 100,050) from byte `offset` on.
            ///
            /// # Errors
            /// [`Error`]($crate::Error).
            pub $($asynchronous)? fn read_at<P>(
                &self,
                path: &P,
                size: u32,
                offset: u32,
            ) -> Result<Vec<u8>, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                Ok($run!(self.calls.read_at(path.as_ref(), size, offset))?)
            }

            /// The value of a property, as much as fits the buffer; gives its length. On a connection that is free
            /// it allocates nothing.
            ///
            /// # Errors
            /// [`Error`]($crate::Error).
            pub $($asynchronous)? fn read_into<P>(
                &self,
                path: &P,
                buffer: &mut [u8],
            ) -> Result<usize, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                Ok($run!(self.calls.read_into(path.as_ref(), buffer))?)
            }

            /// The value of a numeric property.
            ///
            /// A thermometer that lost its power says 85 °C until its next conversion:
            /// [`is_power_on_reading`](owproto_core::text::is_power_on_reading) tells.
            ///
            /// # Errors
            /// [`Error`]($crate::Error); [`Error::NotANumber`]($crate::Error::NotANumber) if it is something else.
            pub $($asynchronous)? fn read_number<P>(&self, path: &P) -> Result<f64, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                $run!(self.calls.read_number(path.as_ref()))
            }

            /// The values of many properties, in the order of their paths, asked for over one connection without
            /// waiting between them. One that fails does not touch the others.
            pub $($asynchronous)? fn read_many<P>(&self, paths: &[P]) -> Vec<Result<Vec<u8>, $crate::Error>>
            where
                P: AsRef<[u8]> + Sync,
            {
                $run!(self.calls.read_many(paths))
            }

            /// The values of many properties, each given to a function as it comes, in the order of their paths,
            /// without being kept. The function may use the client: the reading has a connection for itself, an idle
            /// one or one more.
            pub $($asynchronous)? fn read_each<P>(
                &self,
                paths: &[P],
                on_value: impl FnMut(Result<&[u8], $crate::Error>) + Send,
            )
            where
                P: AsRef<[u8]> + Sync,
            {
                $run!(self.calls.read_each(paths, on_value))
            }

            /// Sets a property (WRITE); gives the number of bytes that the server took.
            ///
            /// # Errors
            /// [`Error`]($crate::Error). If the connection was lost, the server may have carried it out.
            pub $($asynchronous)? fn write<P, D>(&self, path: &P, data: &D) -> Result<usize, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
                D: AsRef<[u8]> + Sync + ?Sized,
            {
                Ok($run!(self.calls.write(path.as_ref(), data.as_ref(), 0))?)
            }

            /// Sets a part of a property, from byte `offset` on.
            ///
            /// # Errors
            /// As [`write`](Self::write).
            pub $($asynchronous)? fn write_at<P, D>(
                &self,
                path: &P,
                data: &D,
                offset: u32,
            ) -> Result<usize, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
                D: AsRef<[u8]> + Sync + ?Sized,
            {
                Ok($run!(self.calls.write(path.as_ref(), data.as_ref(), offset))?)
            }

            /// A directory's entries or a property's value, whichever it is (GET).
            ///
            /// # Errors
            /// [`Error`]($crate::Error).
            pub $($asynchronous)? fn get<P>(&self, path: &P) -> Result<$crate::GetResult, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                $run!(self.calls.get(path.as_ref()))
            }

            /// Any message, sent as it is, and the answer to it. The flags are added to those of the client; a path in
            /// the payload should end with a NUL.
            ///
            /// # Errors
            /// [`Error`]($crate::Error). A negative return value is no error here.
            pub $($asynchronous)? fn sendmess(
                &self,
                message_type: ::owproto_core::wire::MessageType,
                payload: &[u8],
                flags: ::owproto_core::wire::Flags,
                size: i32,
                offset: i32,
            ) -> Result<$crate::RawReply, $crate::Error> {
                $run!(self.calls.sendmess(message_type, payload, flags, size, offset))
            }

            /// The text for a return code: the server's own, fetched once when it is first asked for, or owserver's
            /// where the server has none.
            pub $($asynchronous)? fn return_code_text(&self, code: ::owproto_core::ReturnCode) -> String {
                $run!(self.calls.return_code_text(code))
            }
        }

        impl ::std::fmt::Debug for $client {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.debug_struct(stringify!($client))
                    .field("address", &format_args!("{}", self.address()))
                    .field("flags", &self.flags())
                    .field("persistent", &self.is_persistent())
                    .finish_non_exhaustive()
            }
        }
    };
}

pub(crate) use client_api;
