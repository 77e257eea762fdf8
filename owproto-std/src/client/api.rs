//! The public methods of the clients. [`client_api`] generates them for the blocking and for the asynchronous client, so they
//! cannot differ.

/// The methods of a client type with a field `calls`. `$run` is the macro that runs a future: by polling it once, or by
/// `await`.
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

            /// A persistent client for the server at `HOST[:PORT]`, with the default settings.
            ///
            /// The first call connects, so only that call fails if the server cannot be reached.
            ///
            /// # Errors
            /// [`AddressError`]($crate::AddressError) if the text is not a valid address.
            pub fn new(server: &str) -> Result<Self, $crate::AddressError> {
                Ok(Self::from_calls($crate::Builder::default().server(server)?.calls()))
            }

            /// As [`new`](Self::new), and checks that the server can be reached.
            ///
            /// # Errors
            /// [`Error`]($crate::Error): the text is not a valid address, or the server cannot be reached.
            pub $($asynchronous)? fn connect(server: &str) -> Result<Self, $crate::Error> {
                let client = Self::new(server)?;
                $run!(client.calls.ping())?;
                Ok(client)
            }

            /// The settings of a client, for a client with other settings than the default ones.
            pub fn builder() -> $crate::Builder {
                $crate::Builder::default()
            }

            /// The server's address.
            #[must_use]
            pub fn address(&self) -> &$crate::Address {
                self.calls.address()
            }

            /// The control flags of its requests, without the persistence bit.
            #[must_use]
            pub fn flags(&self) -> ::owproto_core::wire::Flags {
                self.calls.flags()
            }

            /// Whether it requests that the server keeps connections.
            #[must_use]
            pub fn is_persistent(&self) -> bool {
                self.calls.persistence() == $crate::client::Persistence::On
            }

            /// The same client with another total timeout for each of its calls; zero is no limit.
            ///
            /// It shares everything else with this one, including connections, and is cheap to create, so
            /// `client.with_timeout(limit).read(path)` is a call with another timeout.
            #[must_use]
            pub fn with_timeout(&self, total: ::std::time::Duration) -> Self {
                Self { calls: self.calls.with_total_timeout(total) }
            }

            /// The same client with other control flags. The persistence bit is ignored.
            #[must_use]
            pub fn with_flags(&self, flags: ::owproto_core::wire::Flags) -> Self {
                Self { calls: self.calls.with_flags(flags.without(::owproto_core::wire::Flags::PERSISTENCE)) }
            }

            /// The same client, but persistent: connections are kept after a call. It shares the connections, the resolved
            /// addresses and what was learned of the server with all clones of this client.
            #[must_use]
            pub fn persistent(&self) -> Self {
                Self { calls: self.calls.with_persistence($crate::client::Persistence::On) }
            }

            /// The same client, but with a new connection for each call. It shares the resolved addresses and what was
            /// learned of the server with all clones of this client.
            #[must_use]
            pub fn non_persistent(&self) -> Self {
                Self { calls: self.calls.with_persistence($crate::client::Persistence::Off) }
            }

            /// Closes the idle connections. The next call opens a new one.
            pub fn close_connection(&self) {
                self.calls.close_connection();
            }

            /// Checks that the server can be reached (NOP).
            ///
            /// # Errors
            /// [`Error`]($crate::Error), as for all calls.
            pub $($asynchronous)? fn ping(&self) -> Result<(), $crate::Error> {
                Ok($run!(self.calls.ping())?)
            }

            /// Whether a path exists (PRESENCE): a device, a property, a directory.
            ///
            /// # Errors
            /// [`Error`]($crate::Error). A path that does not exist is not an error.
            pub $($asynchronous)? fn present<P>(&self, path: &P) -> Result<bool, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                $run!(self.calls.present(path.as_ref()))
            }

            /// The ROM id of the device that a path contains, also by its alias (PRESENCE).
            ///
            /// # Errors
            /// [`Error`]($crate::Error). A path that does not exist or contains no device is `None`, not an error.
            pub $($asynchronous)? fn rom_id<P>(
                &self,
                path: &P,
            ) -> Result<Option<::owproto_core::text::RomId>, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                $run!(self.calls.rom_id(path.as_ref()))
            }

            /// The entries of a directory (DIRALL, or DIR if the server does not support that).
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

            /// Calls a function with each entry of a directory when it is received. The function may use the client: the
            /// listing uses an idle connection or an additional one. Returns what the devices of the directory can do.
            ///
            /// # Errors
            /// [`Error`]($crate::Error), also after entries.
            pub $($asynchronous)? fn dir_each<P>(
                &self,
                path: &P,
                options: $crate::DirOptions,
                on_entry: impl FnMut(&[u8]) + Send,
            ) -> Result<::owproto_core::wire::DirectoryFlags, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                $run!(self.calls.dir_each(path.as_ref(), options, on_entry))
            }

            /// The value of a property (READ), at most 65,536 bytes of it.
            ///
            /// # Errors
            /// [`Error`]($crate::Error).
            pub $($asynchronous)? fn read<P>(&self, path: &P) -> Result<Vec<u8>, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                Ok($run!(self.calls.read(path.as_ref()))?)
            }

            /// A part of the value of a property: at most `size` bytes (1 to 100,050), beginning at byte `offset`.
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

            /// Reads the value of a property into a buffer, as much as fits. Returns its length. With an idle connection it
            /// allocates nothing.
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
            /// A thermometer that lost its power reads 85 °C until its next conversion;
            /// [`is_power_on_reading`](owproto_core::text::is_power_on_reading) detects that.
            ///
            /// # Errors
            /// [`Error`]($crate::Error); [`Error::NotANumber`]($crate::Error::NotANumber) if the value is not a number.
            pub $($asynchronous)? fn read_number<P>(&self, path: &P) -> Result<f64, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                $run!(self.calls.read_number(path.as_ref()))
            }

            /// The values of many properties, in the order of their paths. The requests are sent over one connection without
            /// waiting between them. An error of the server for one of them does not affect the others.
            pub $($asynchronous)? fn read_many<P>(&self, paths: &[P]) -> Vec<Result<Vec<u8>, $crate::Error>>
            where
                P: AsRef<[u8]> + Sync,
            {
                $run!(self.calls.read_many(paths))
            }

            /// As [`read_many`](Self::read_many), but calls a function with each value when it is received. The function may
            /// use the client: the reads use an idle connection or an additional one.
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

            /// Writes the value of a property (WRITE). Returns the number of bytes that the server wrote.
            ///
            /// # Errors
            /// [`Error`]($crate::Error). If the connection was lost, the server may have carried out the write.
            pub $($asynchronous)? fn write<P, D>(&self, path: &P, data: &D) -> Result<usize, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
                D: AsRef<[u8]> + Sync + ?Sized,
            {
                Ok($run!(self.calls.write(path.as_ref(), data.as_ref(), 0))?)
            }

            /// Writes a part of the value of a property, beginning at byte `offset`.
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

            /// The entries of a directory or the value of a property, whichever the path is (GET).
            ///
            /// # Errors
            /// [`Error`]($crate::Error).
            pub $($asynchronous)? fn get<P>(&self, path: &P) -> Result<$crate::GetResult, $crate::Error>
            where
                P: AsRef<[u8]> + Sync + ?Sized,
            {
                $run!(self.calls.get(path.as_ref()))
            }

            /// Sends any message and returns the reply. The flags are added to those of the client. A path in the payload
            /// should end with a NUL.
            ///
            /// # Errors
            /// [`Error`]($crate::Error). A negative return value is not an error here.
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

            /// The text for a return code: the server's text, which the first call reads, or owserver's if the server has
            /// none.
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
