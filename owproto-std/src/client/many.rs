//! Many values, read over one connection without waiting between the requests.

use owproto_core::Request;
use owproto_core::time::Instant;
use owproto_core::wire::Flags;

use super::calls::{Calls, Persistence};
use super::connection::{AckPolicy, CallLimits, Item, MAX_IN_FLIGHT, server_error};
use super::pool::{Checkout, Lease, LivenessCheck, MAX_IN_FLIGHT_LEN};
use super::transport::Runtime;
use crate::Error;

/// Whether an error only means that the server had closed an idle connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Staleness {
    Stale,
    NotStale,
}

impl<R: Runtime> Calls<R> {
    /// The values at many paths, in their order.
    pub(crate) async fn read_many<P: AsRef<[u8]> + Sync>(&self, paths: &[P]) -> Vec<Result<Vec<u8>, Error>> {
        let mut values = Vec::with_capacity(paths.len());
        self.read_all(paths, self.lease(), |value| values.push(value.map(<[u8]>::to_vec))).await;
        values
    }

    /// As [`read_many`](Self::read_many), but each value is given to a function.
    pub(crate) async fn read_each<P: AsRef<[u8]> + Sync>(
        &self,
        paths: &[P],
        on_value: impl FnMut(Result<&[u8], Error>) + Send,
    ) {
        self.read_all(paths, self.extra_lease(), on_value).await;
    }

    async fn read_all<P: AsRef<[u8]> + Sync>(
        &self,
        paths: &[P],
        lease: Lease,
        mut on_value: impl FnMut(Result<&[u8], Error>) + Send,
    ) {
        // Several requests in flight need a persistent connection, even if it is closed after the call.
        let lease = if lease == Lease::OneShot { Lease::Pooled } else { lease };
        let mut now = R::now();
        let limits = self.limits_from(now);
        let mut remaining = paths;
        while !remaining.is_empty() {
            let mut answered = 0;
            let read = self.read_on_one_connection(remaining, now, limits, lease, |value| {
                answered += 1;
                on_value(value);
            });
            let result = read.await;
            remaining = &remaining[answered..];
            if !remaining.is_empty() {
                now = R::now();
            }
            let (Err((error, staleness)), Some((_, others))) = (result, remaining.split_first()) else {
                continue;
            };
            match error {
                // The connection had worked: a new one continues with the request that got no reply.
                Error::Connection { .. } | Error::Io { .. }
                    if answered > 0 || staleness == Staleness::Stale => {}
                // A new connection failed at its first request: that request is not sent again.
                Error::Connection { .. } | Error::Io { .. } => {
                    on_value(Err(error));
                    remaining = others;
                }
                // There is no connection, or no reply in time: the other requests are not sent.
                _ => {
                    on_value(Err(error));
                    for path in others {
                        let not_tried = Error::NotTried { address: self.address().clone() };
                        on_value(Err(Request::read(path.as_ref()).map_or_else(Error::from, |_| not_tried)));
                    }
                    return;
                }
            }
        }
    }

    /// Reads until the connection ends, with as many requests in flight as it accepts.
    #[inline]
    async fn read_on_one_connection<P: AsRef<[u8]> + Sync>(
        &self,
        paths: &[P],
        now: Instant,
        limits: CallLimits,
        lease: Lease,
        mut on_value: impl FnMut(Result<&[u8], Error>) + Send,
    ) -> Result<(), (Error, Staleness)> {
        let pool = &self.shared.pool;
        let checkout = pool.checkout(now, limits, lease, LivenessCheck::IfIdle).await;
        let mut checkout = checkout.map_err(|error| (error, Staleness::NotStale))?;
        let flags = self.flags.with(Flags::PERSISTENCE);
        let (mut sent, mut answered) = (0, 0);
        let mut bytes_in_flight = 0;
        let mut acknowledgements = AckPolicy::new(false);
        let result = loop {
            let Checkout { session, was_idle, .. } = &mut checkout;
            let previously_sent = sent;
            // Half of the requests with one write, not one request after each reply.
            if sent - answered <= MAX_IN_FLIGHT / 2 {
                let total = limits.deadline.total_timeout(session.now());
                for path in paths[sent..].iter().take(session.room()) {
                    if bytes_in_flight > MAX_IN_FLIGHT_LEN {
                        break;
                    }
                    match Request::read(path.as_ref()) {
                        Ok(request) => match session.request(&request.with_flags(flags), total) {
                            Ok(()) => bytes_in_flight += path.as_ref().len(),
                            Err(error) => return Err((self.explain(error), Staleness::NotStale)),
                        },
                        // Its error is returned after the values of the paths before it.
                        Err(_) if answered < sent => break,
                        Err(error) => {
                            on_value(Err(error.into()));
                            answered += 1;
                        }
                    }
                    sent += 1;
                }
            }
            if sent == answered {
                // Everything was answered, or the connection accepts no more requests; otherwise there were only invalid paths,
                // and there may be valid ones after them.
                if sent == previously_sent || sent == paths.len() {
                    break Ok(());
                }
                continue;
            }
            // The server writes each reply separately.
            acknowledgements.has_several_writes = sent > 1;
            let pumped = session
                .pump(&mut acknowledgements, &mut |item| {
                    if let (Item::Reply(reply), Some(path)) = (item, paths.get(answered)) {
                        answered += 1;
                        bytes_in_flight -= path.as_ref().len();
                        let value = reply.into_result().map(|reply| reply.data());
                        on_value(value.map_err(|error| server_error(error, path.as_ref())));
                    }
                })
                .await;
            if let Err(error) = pumped {
                let is_stale = *was_idle && error.is_stale();
                let staleness = if is_stale { Staleness::Stale } else { Staleness::NotStale };
                break Err((self.explain(error), staleness));
            }
        };
        match (&result, self.persistence) {
            (Ok(()), Persistence::On) => pool.check_in(checkout),
            (Err((_, Staleness::Stale)), _) => {
                // The idle ones are likely to be stale too.
                pool.close_idle();
                pool.close(checkout);
            }
            _ => pool.close(checkout),
        }
        result
    }
}
