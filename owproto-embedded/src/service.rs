use core::cell::RefCell;
use core::task::{Context, Poll};

use owproto_core::Storage;
use owproto_core::server::Connection;
use owproto_core::time::Instant;
use owproto_core::tree::{Aliases, Bus, Job, Tree};

/// Answers the requests that a server receives.
///
/// A [`Tree`] is a `Service`. Connections that are served at the same time by one executor share it as
/// `&RefCell<Tree<_>>`: it is borrowed while the tree works, which never waits, and not while bytes are transferred.
/// If several executors serve connections, wrap the tree in a type that excludes concurrent access, with a critical
/// section for example, and implement this trait for that type.
///
/// A service without a tree:
///
/// ```
/// use core::task::{Context, Poll};
/// use owproto_embedded::Service;
/// use owproto_embedded::owproto_core::server::Connection;
/// use owproto_embedded::owproto_core::time::Instant;
/// use owproto_embedded::owproto_core::{ReturnCode, Storage};
///
/// /// An owserver whose only value is the number of reads so far, modulo 10.
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
///             // If the answer does not fit now, the server sends what it has and calls again.
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
    /// The progress of the service with the request of one connection.
    type Job: Default;

    /// Continues with the answer to the [request](Connection::answer) of a connection, as far as its transmit storage has
    /// room.
    ///
    /// Returns `Ready` if the answer is complete, or if bytes have to be sent before it can continue. If neither is the
    /// case, the server ends the connection with [`End::AnswerAborted`](owproto_core::server::End::AnswerAborted).
    ///
    /// Returns `Pending` if it waits for something else. It is called again when the waker was used, and also at other
    /// times, after a keepalive for example. A service that stores only one waker has to wake it before it stores
    /// another one.
    ///
    /// It may also [close](Connection::close) the connection, or refuse to keep it with
    /// [`set_persistence`](Connection::set_persistence).
    fn serve<S: Storage, R: Storage>(
        &mut self,
        connection: &mut Connection<S, R>,
        job: &mut Self::Job,
        now: Instant,
        context: &mut Context<'_>,
    ) -> Poll<()>;

    /// Cancels the work for a connection, because it has ended or is no longer served.
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

/// Shares a service between the connections of one executor. If it is borrowed elsewhere, the connection waits.
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

/// A service and its job for one connection, which is cancelled on drop, also when a future is dropped.
#[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
pub(crate) struct CancelOnDrop<V: Service> {
    service: V,
    job: V::Job,
}

#[cfg(any(feature = "embedded-io", feature = "embedded-io-async"))]
impl<V: Service> CancelOnDrop<V> {
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
impl<V: Service> Drop for CancelOnDrop<V> {
    fn drop(&mut self) {
        self.service.cancel(&mut self.job);
    }
}
