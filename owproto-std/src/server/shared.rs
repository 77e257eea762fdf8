use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use owproto_core::server::Connection;
use owproto_core::tree::Tree;
use owproto_core::wire::Token;

use super::admission::Admission;
use super::clock::Clock;
use super::memory::{Budget, Buffer, UNCOUNTED_LEN};
use super::settings::Settings;
use super::shutdown::Shutdown;
use super::statistics::{Counters, Statistics};
use super::token::random_token;

/// Everything that the connections of a server share.
pub(super) struct Shared<B, A> {
    pub(super) control: Control,
    tree: Mutex<Tree<B, A>>,
}

/// The part of [`Shared`] that does not depend on the types of bus and aliases.
pub(super) struct Control {
    pub(super) settings: Settings,
    pub(super) admission: Admission,
    pub(super) budget: Arc<Budget>,
    pub(super) counters: Counters,
    pub(super) shutdown: Shutdown,
    pub(super) clock: Clock,
    token: Token,
}

impl<B, A> Shared<B, A> {
    pub(super) fn new(settings: Settings, tree: Tree<B, A>) -> Self {
        Self { control: Control::new(settings), tree: Mutex::new(tree) }
    }

    /// Locks the tree. A panic of the bus does not make it unusable.
    pub(super) fn tree(&self) -> MutexGuard<'_, Tree<B, A>> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Control {
    fn new(settings: Settings) -> Self {
        Self {
            admission: Admission::new(settings.max_connections, settings.persistent),
            budget: Budget::new(settings.memory_limit),
            counters: Counters::default(),
            shutdown: Shutdown::new(),
            clock: Clock::new(),
            token: settings.token.unwrap_or_else(random_token),
            settings,
        }
    }

    /// The state machine of a connection that is accepted now.
    pub(super) fn new_connection(&self) -> Connection<Vec<u8>, Buffer> {
        Connection::new(Vec::new(), Buffer::new(&self.budget))
            .accepted_at(self.clock.now())
            .with_timeouts(self.settings.timeouts)
            .with_token(self.token)
            .with_keepalives(self.settings.keepalives)
            .with_body_limit(self.settings.request_limit)
            .with_transmit_limit(UNCOUNTED_LEN)
    }

    pub(super) fn statistics(&self) -> Statistics {
        Statistics {
            connections: self.admission.open(),
            persistent: self.admission.persistent(),
            memory_in_use: self.budget.used(),
            ..self.counters.snapshot()
        }
    }

    /// Takes note that a connection has ended.
    pub(super) fn connection_closed(&self) {
        self.admission.release();
        self.shutdown.connection_closed();
    }

    /// Waits until the server has stopped.
    pub(super) async fn stopped(&self) {
        self.shutdown.finished(|| self.admission.open()).await;
    }
}
