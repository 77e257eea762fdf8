//! A request and its reply on one connection.

use owproto_core::message::Entries;
use owproto_core::time;
use owproto_core::wire::MessageType;
use owproto_core::{DecodeError, Reply, Request, client::ConnectionError};

use super::error::SessionError;
use super::session::{AckPolicy, Buffers, IDLE_CHECK_AFTER, Interest, Item, Parts, Session};
use crate::client::transport::{Runtime, Stream};
use crate::tap::Traffic;

/// How far an exchange has come.
pub(crate) enum ExchangeProgress<T> {
    Done(T),
    /// [`Session::resume`] continues it now.
    Continue,
    /// [`Session::wait`] for this, then [`Session::resume`].
    Wait(Interest),
}

/// The state of receiving one reply.
pub(crate) struct ReplyReader {
    acknowledgements: AckPolicy,
    /// The length of the entries that came one by one, in bytes.
    listed: usize,
}

impl ReplyReader {
    pub(crate) fn new(request: &Request<'_>) -> Self {
        let acknowledgements = AckPolicy::new(request.message_type() == MessageType::DIR);
        Self { acknowledgements, listed: 0 }
    }

    /// For a reply that [`Session::fast_path`] did not complete.
    pub(crate) fn after_fast_path(request: &Request<'_>) -> Self {
        let Self { acknowledgements, listed } = Self::new(request);
        Self { acknowledgements: acknowledgements.after_first_read(), listed }
    }
}

impl<R: Runtime> Session<R> {
    /// Sends a request and receives its reply without a future, if the request is sent whole and the reply is received whole
    /// and alone. Otherwise [`resume`](Self::resume) continues from there.
    #[inline(always)]
    pub(crate) fn fast_path<T, F>(
        &mut self,
        request: &Request<'_>,
        total: time::Duration,
        on_reply: &mut Option<F>,
    ) -> Result<ExchangeProgress<T>, SessionError>
    where
        F: FnOnce(Reply<'_>) -> T,
    {
        let Parts { buffers, stream, .. } = &mut *self.0;
        let Buffers { connection, receive, now, times_call_end, tap, .. } = &mut **buffers;
        let Some(bytes) = connection.request_if_idle(request, total, *now) else {
            self.0.request(request, total)?;
            return Ok(ExchangeProgress::Continue);
        };
        match stream.try_write(bytes) {
            Ok(Some(n)) if n == bytes.len() => {}
            sent => return self.0.finish_write(sent).map(|_| ExchangeProgress::Continue),
        }
        tap.show(|| Traffic::Sent(bytes));
        connection.handle_all_transmitted(*now);
        let Some(read) = stream.read_blocking(receive, connection.time_left(*now)) else {
            return Ok(ExchangeProgress::Wait(Interest::Read));
        };
        if let Ok(Some(n)) = read {
            let input = receive.get(..n).unwrap_or_default();
            if !total.is_zero() || *times_call_end {
                let call_began = std::mem::replace(now, R::now());
                *times_call_end = now.saturating_since(call_began) >= IDLE_CHECK_AFTER;
            }
            if let Some(reply) = connection.handle_whole_reply(input, *now)
                && let Some(on_reply) = on_reply.take()
            {
                tap.show(|| Traffic::Received(input));
                return Ok(ExchangeProgress::Done(on_reply(reply)));
            }
        }
        self.0.unprocessed = self.0.finish_read(read)?;
        Ok(ExchangeProgress::Continue)
    }

    /// Continues an exchange. `on_entries` takes entries and returns their length; `on_reply` takes the reply that ends the
    /// exchange, and becomes `None`.
    pub(crate) fn resume<T, F>(
        &mut self,
        reader: &mut ReplyReader,
        on_entries: &mut impl FnMut(Entries<'_>) -> usize,
        on_reply: &mut Option<F>,
    ) -> Result<ExchangeProgress<T>, SessionError>
    where
        F: FnOnce(Reply<'_>) -> T,
    {
        loop {
            let mut result = None;
            let mut listed = reader.listed;
            let advanced = self.advance(&mut reader.acknowledgements, &mut |item| match item {
                Item::Entries(entries) => listed = listed.saturating_add(on_entries(entries)),
                Item::Reply(reply) => result = on_reply.take().map(|on_reply| on_reply(reply)),
            });
            reader.listed = listed;
            // A comma list announces its length; a DIR listing does not, and need not end.
            if reader.acknowledgements.has_several_writes && listed > self.0.buffers.list_limit {
                return Err(self.listing_too_long(listed));
            }
            // The reply counts even if input after it broke the connection.
            match (result, advanced) {
                (Some(result), _) => return Ok(ExchangeProgress::Done(result)),
                (None, Err(error)) => return Err(error),
                (None, Ok(Some(interest))) => return Ok(ExchangeProgress::Wait(interest)),
                (None, Ok(None)) => {}
            }
        }
    }

    #[cold]
    fn listing_too_long(&self, listed: usize) -> SessionError {
        let announced = u32::try_from(listed).unwrap_or(u32::MAX);
        let error = DecodeError::PayloadTooLarge { announced, limit: self.0.buffers.list_limit };
        ConnectionError::from(error).into()
    }
}
