use core::cell::RefCell;
use core::task::{Context, Poll};

use owproto_core::Storage;
use owproto_core::server::Connection;
use owproto_core::time::Instant;
use owproto_core::tree::{Aliases, Bus, Job, Tree};

/// What answers the requests that a server takes.
///
/// A [`Tree`] is one. Several connections that are served at the same time, by one executor, share it as a
/// `&RefCell<Tree<_>>`: it is borrowed while the tree works, which never waits, and never while bytes are on their way.
/// Where connections are served by several executors, wrap what keeps them apart (a critical section, for example) in a
/// type of your own, and implement this for it.
///
/// Without a tree:
///
/// ```
/// use core::task::{Context, Poll};
/// use owproto_embedded::Service;
/// use owproto_embedded::owproto_core::server::Connection;
/// use owproto_embedded::owproto_core::time::Instant;
/// use owproto_embedded::owproto_core::{ReturnCode, Storage};
///
/// /// An owserver that knows how often it was asked.
/// struct Counter(u8);
///
/// impl Service for Counter {
///     type Job = ();
///
///     fn serve<S: Storage, R: Storage>(
///         &mut self,
///         connection: &mut Connection<S, R>,
///         _job: &mut (),
///         now: Instant,
///         _context: &mut Context<'_>,
///     ) -> Poll<()> {
///         if let Some((request, mut answer)) = connection.answer(now) {
///             // Where there is no room now, bytes are sent first, and this is called again.
///             let _ = match request.path() {
///                 Some(b"/count") => answer.value(&[b'0' + self.0 % 10], 0).map(|()| self.0 += 1),
///                 _ => answer.error(ReturnCode::NO_SUCH_PATH),
///             };
///         }
///         Poll::Ready(())
///     }
/// }
/// ```
pub trait Service {
    /// How far it is with the request of one connection.
    type Job: Default;

    /// Goes on with the answer to the [request](Connection::work) of a connection, as far as its transmit storage has
    /// room.
    ///
    /// `Ready`: the answer is complete, or bytes have to be sent before it goes on; with neither, the connection is ended
    /// as [broken](owproto_core::server::End::AnswerAborted). `Pending`: something else has to be
    /// waited for. It is called again when the waker was used, and at other times, such as after a keepalive. A service
    /// that keeps one waker and is given another one has to wake the first.
    ///
    /// It may also [close](Connection::close) the connection, and say by
    /// [`set_persistence`](Connection::set_persistence) that it is not to be kept.
    fn serve<S: Storage, R: Storage>(
        &mut self,
        connection: &mut Connection<S, R>,
        job: &mut Self::Job,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Poll<()>;

    /// The connection has ended, or is served no more: what was begun for it is given up.
    fn cancel(&mut self, _job: &mut Self::Job) {}
}

impl<B: Bus, A: Aliases> Service for Tree<B, A> {
    type Job = Job;

    fn serve<S: Storage, R: Storage>(
        &mut self,
        connection: &mut Connection<S, R>,
        job: &mut Job,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        Self::serve(self, connection, job, now, context)
    }

    fn cancel(&mut self, job: &mut Job) {
        Self::cancel(self, job);
    }
}

impl<V: Service + ?Sized> Service for &mut V {
    type Job = V::Job;

    fn serve<S: Storage, R: Storage>(
        &mut self,
        connection: &mut Connection<S, R>,
        job: &mut V::Job,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        (**self).serve(connection, job, now, context)
    }

    fn cancel(&mut self, job: &mut V::Job) {
        (**self).cancel(job);
    }
}

/// Shared by the connections of one executor. Where it is borrowed elsewhere, it is waited for.
impl<V: Service> Service for &RefCell<V> {
    type Job = V::Job;

    fn serve<S: Storage, R: Storage>(
        &mut self,
        connection: &mut Connection<S, R>,
        job: &mut V::Job,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        match self.try_borrow_mut() {
            Ok(mut service) => service.serve(connection, job, now, context),
            Err(_) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn cancel(&mut self, job: &mut V::Job) {
        if let Ok(mut service) = self.try_borrow_mut() {
            service.cancel(job);
        }
    }
}

/// A service at work for one connection. However that ends, also by a future that is dropped, the service is told.
#[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
pub(crate) struct Working<V: Service> {
    service: V,
    job: V::Job,
}

#[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
impl<V: Service> Working<V> {
    pub(crate) fn new(service: V) -> Self {
        Self { service, job: V::Job::default() }
    }

    pub(crate) fn serve<S: Storage, R: Storage>(
        &mut self,
        connection: &mut Connection<S, R>,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Poll<()> {
        self.service.serve(connection, &mut self.job, now, context)
    }
}

#[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
impl<V: Service> Drop for Working<V> {
    fn drop(&mut self) {
        self.service.cancel(&mut self.job);
    }
}
