use embedded_hal_async::delay::DelayNs;
use embedded_nal_async::TcpConnect;
use owproto_core::message::Entries;
use owproto_core::text::{Value, ValueType};
use owproto_core::time::{Duration, Instant};
use owproto_core::wire::DirectoryFlags;
use owproto_core::{Reply, Request, Storage};

use super::ReconnectingClient;
use super::retry::{MAX_RETRIES, is_broken};
use crate::{Error, ReadError, Reading, ReadingError, Sensor};

/// A connection that was idle for this long is checked with a NOP before a write.
const IDLE_CHECK_AFTER: Duration = Duration::from_secs(1);

/// Connects and makes a call of the inner client; repeats this if the connection was stale and the call may be repeated.
macro_rules! with_retries {
    ($self:ident, $call:expr) => {{
        let mut retries_left = MAX_RETRIES;
        loop {
            $self.connect().await?;
            let result = $call.await;
            if !$self.record(&result) || retries_left == 0 {
                break result;
            }
            retries_left = retries_left.saturating_sub(1);
        }
    }};
}

impl<N, D, C, S, R, B, const DEPTH: usize> ReconnectingClient<'_, N, D, C, S, R, B, DEPTH>
where
    N: TcpConnect,
    D: DelayNs,
    C: FnMut() -> Instant,
    S: Storage,
    R: Storage,
    B: AsMut<[u8]>,
{
    /// Checks whether the server responds (NOP).
    ///
    /// # Errors
    /// [`Error`], as for all calls.
    pub async fn ping(&mut self) -> Result<(), Error<N::Error>> {
        with_retries!(self, self.client.ping())
    }

    /// Checks whether a path exists, as [`Client::present`](super::Client::present).
    ///
    /// # Errors
    /// [`Error`]. If the path does not exist, the result is `Ok(false)`.
    pub async fn present<P: AsRef<[u8]> + ?Sized>(&mut self, path: &P) -> Result<bool, Error<N::Error>> {
        with_retries!(self, self.client.present(path))
    }

    /// Reads the value at a path into `buffer`, and returns it, as [`Client::read`](super::Client::read).
    ///
    /// # Errors
    /// [`Error`]. An empty buffer is an [`Error::Request`].
    pub async fn read<'b, P: AsRef<[u8]> + ?Sized>(
        &mut self,
        path: &P,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], Error<N::Error>> {
        let len = with_retries!(self, self.client.read_len(path, buffer))?;
        Ok(buffer.get(..len).unwrap_or(buffer))
    }

    /// Reads the value at a path into `buffer`, and parses it as this type, as
    /// [`Client::read_value`](super::Client::read_value).
    ///
    /// # Errors
    /// [`Error`]; [`Error::Value`] if the value is not of this type.
    pub async fn read_value<'b, P: AsRef<[u8]> + ?Sized>(
        &mut self,
        path: &P,
        value_type: ValueType,
        buffer: &'b mut [u8],
    ) -> Result<Value<'b>, Error<N::Error>> {
        Ok(Value::parse(value_type, self.read(path, buffer).await?)?)
    }

    /// Writes a value to a path, and returns how many bytes of `data` the server accepted, as
    /// [`Client::write`](super::Client::write).
    ///
    /// # Errors
    /// [`Error`]. Unless it [is safe to retry](Error::is_safe_to_retry), the server may have written the value.
    pub async fn write<P, W>(&mut self, path: &P, data: &W) -> Result<usize, Error<N::Error>>
    where
        P: AsRef<[u8]> + ?Sized,
        W: AsRef<[u8]> + ?Sized,
    {
        if self.is_connected() && (self.client.clock)().saturating_since(self.last_used) >= IDLE_CHECK_AFTER {
            self.ping().await?;
        }
        with_retries!(self, self.client.write(path, data))
    }

    /// Lists a directory, as [`Client::dir`](super::Client::dir): calls `on_entry` with each entry, which is an absolute
    /// path.
    ///
    /// # Errors
    /// [`Error`], possibly after some of the entries.
    pub async fn dir<P: AsRef<[u8]> + ?Sized>(
        &mut self,
        path: &P,
        mut on_entry: impl FnMut(&[u8]),
    ) -> Result<DirectoryFlags, Error<N::Error>> {
        with_retries!(self, self.client.dir(path, &mut on_entry))
    }

    /// Reads the values at many paths, as [`Client::read_many`](super::Client::read_many): calls `on_value` with the
    /// index of each path and its value, in the order of the paths.
    ///
    /// If the connection breaks, the client continues on a new one with the remaining paths; for this it clones the
    /// iterator.
    ///
    /// # Errors
    /// [`Error`] if there is no connection, or if it broke before it gave a value. The paths without a call of
    /// `on_value` have no value then.
    pub async fn read_many<P, I>(
        &mut self,
        paths: I,
        mut on_value: impl FnMut(usize, Result<&[u8], ReadError>),
    ) -> Result<(), Error<N::Error>>
    where
        P: AsRef<[u8]>,
        I: IntoIterator<Item = P, IntoIter: Clone>,
    {
        let paths = paths.into_iter();
        let mut answered = 0_usize;
        let mut retries_left = MAX_RETRIES;
        loop {
            self.connect().await?;
            let first = answered;
            let read = self.client.read_many(paths.clone().skip(first), |index, value| {
                let index = first.saturating_add(index);
                answered = index.saturating_add(1);
                on_value(index, value);
            });
            let result = read.await;
            let has_progressed = answered > first;
            let continues = self.record(&result) || (has_progressed && result.as_ref().is_err_and(is_broken));
            if has_progressed {
                retries_left = MAX_RETRIES;
                self.record_success();
            }
            if !continues || retries_left == 0 {
                return result;
            }
            retries_left = retries_left.saturating_sub(1);
        }
    }

    /// Reads many sensors, as [`Client::read_sensors`](super::Client::read_sensors): calls `on_reading` with the index
    /// of each sensor and its reading, in the order of `sensors`.
    ///
    /// # Errors
    /// As [`read_many`](Self::read_many).
    pub async fn read_sensors(
        &mut self,
        sensors: &[Sensor<'_>],
        mut on_reading: impl FnMut(usize, Result<Reading<'_>, ReadingError>),
    ) -> Result<(), Error<N::Error>> {
        let flags = self.client.flags;
        self.read_many(sensors.iter().map(|sensor| sensor.path), |index, value| {
            if let Some(sensor) = sensors.get(index) {
                on_reading(index, sensor.reading(value, flags));
            }
        })
        .await
    }

    /// Sends any request unchanged, and receives its answer, as [`Client::exchange`](super::Client::exchange).
    ///
    /// # Errors
    /// [`Error`], but never [`Error::Server`]: `finish` gets the errors of the server.
    pub async fn exchange<V>(
        &mut self,
        request: &Request<'_>,
        mut on_entries: impl FnMut(Entries<'_>),
        finish: impl FnOnce(Reply<'_>) -> V,
    ) -> Result<V, Error<N::Error>> {
        let mut finish = Some(finish);
        let result = with_retries!(
            self,
            self.client.exchange(request, &mut on_entries, |reply| finish.take().map(|finish| finish(reply)))
        );
        result?.ok_or(Error::Ended)
    }
}
