//! Many values, asked for over one connection without waiting between them.

use owproto_core::Request;
use owproto_core::time::Instant;
use owproto_core::wire::Flags;

use super::calls::{Calls, Persistence};
use super::checkout::{Checkout, Look, Way};
use super::deadline::Deadline;
use super::exchange::server_error;
use super::pool::IN_FLIGHT_LEN;
use super::session::{DEPTH, Item, Reading};
use crate::Error;
use crate::runtime::Runtime;

/// Whether a connection only failed because it had been idle for too long.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Stale,
    New,
}

impl<R: Runtime> Calls<R> {
    /// The values at many paths, asked for without waiting between them.
    pub(crate) async fn read_many<P: AsRef<[u8]> + Sync>(&self, paths: &[P]) -> Vec<Result<Vec<u8>, Error>> {
        let mut values = Vec::with_capacity(paths.len());
        self.values(paths, self.way(), |value| values.push(value.map(<[u8]>::to_vec))).await;
        values
    }

    pub(crate) async fn read_each<P: AsRef<[u8]> + Sync>(
        &self,
        paths: &[P],
        on_value: impl FnMut(Result<&[u8], Error>) + Send,
    ) {
        self.values(paths, self.way_beside(), on_value).await;
    }

    /// The values at many paths, in their order.
    async fn values<P: AsRef<[u8]> + Sync>(
        &self,
        paths: &[P],
        way: Way,
        mut on_value: impl FnMut(Result<&[u8], Error>) + Send,
    ) {
        // Requests in flight need a connection that is kept, also where it is closed afterwards.
        let way = if way == Way::Alone { Way::Placed } else { way };
        let mut now = R::now();
        let deadline = self.deadline(now);
        let mut rest = paths;
        while !rest.is_empty() {
            let mut answered = 0;
            let read = self.read_on_one(rest, now, deadline, way, |value| {
                answered += 1;
                on_value(value);
            });
            let outcome = read.await;
            rest = &rest[answered..];
            if !rest.is_empty() {
                now = R::now();
            }
            let (Err((error, age)), Some((_, behind))) = (outcome, rest.split_first()) else { continue };
            match error {
                // The connection broke, but it had worked: the next one starts where it ended.
                Error::Connection { .. } | Error::Io { .. } if answered > 0 || age == Age::Stale => {}
                // It broke at the first request of a new one: that request is given up.
                Error::Connection { .. } | Error::Io { .. } => {
                    on_value(Err(error));
                    rest = behind;
                }
                // Nobody is there, or nobody answers in time: the rest is given up too.
                _ => {
                    on_value(Err(error));
                    for path in behind {
                        let not_tried = Error::NotTried { address: self.address().clone() };
                        on_value(Err(Request::read(path.as_ref()).map_or_else(Error::from, |_| not_tried)));
                    }
                    return;
                }
            }
        }
    }

    /// Reads over one connection as far as it goes, with as many requests in flight as it takes.
    #[inline]
    async fn read_on_one<P: AsRef<[u8]> + Sync>(
        &self,
        paths: &[P],
        now: Instant,
        deadline: Deadline,
        way: Way,
        mut on_value: impl FnMut(Result<&[u8], Error>) + Send,
    ) -> Result<(), (Error, Age)> {
        let checkout = self.checkout(now, deadline, way, Look::IfRested).await;
        let Checkout { mut session, place, is_used } = checkout.map_err(|error| (error, Age::New))?;
        let flags = self.flags.with(Flags::PERSISTENCE);
        let (mut sent, mut answered) = (0, 0);
        let mut bytes_in_flight = 0;
        let mut reading = Reading::new(false);
        let outcome = loop {
            let before = sent;
            // Not one for each that is answered, but several with one write.
            if sent - answered <= DEPTH / 2 {
                let left = deadline.left(session.now());
                for path in paths[sent..].iter().take(session.room()) {
                    if bytes_in_flight > IN_FLIGHT_LEN {
                        break;
                    }
                    match Request::read(path.as_ref()) {
                        Ok(request) => match session.request(&request.with_flags(flags), left) {
                            Ok(()) => bytes_in_flight += path.as_ref().len(),
                            Err(failure) => return Err((self.explain(failure), Age::New)),
                        },
                        // It has its turn when all before it are answered.
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
                // All are answered, or it takes no more; or paths were wrong, which says nothing of those behind.
                if sent == before || sent == paths.len() {
                    break Ok(());
                }
                continue;
            }
            // As the frames of a listing, each reply waits for the acknowledgement of the one before.
            reading.is_in_pieces = sent > 1;
            let pumped = session
                .pump(&mut reading, &mut |item| {
                    if let (Item::Reply(reply), Some(path)) = (item, paths.get(answered)) {
                        answered += 1;
                        bytes_in_flight -= path.as_ref().len();
                        let value = reply.into_result().map(|reply| reply.data());
                        on_value(value.map_err(|error| server_error(error, path.as_ref())));
                    }
                })
                .await;
            if let Err(failure) = pumped {
                let age = if is_used && failure.is_stale() { Age::Stale } else { Age::New };
                break Err((self.explain(failure), age));
            }
        };
        match (&outcome, self.persistence) {
            (Ok(()), Persistence::On) => self.shared.put_back(session, place),
            (Err((_, Age::Stale)), _) => {
                self.shared.close(session);
                // The others are likely to be as old.
                self.shared.close_idle();
            }
            _ => self.shared.close(session),
        }
        outcome
    }
}
