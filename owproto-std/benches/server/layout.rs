//! Where servers and clients run, and how much of a processor's time a server takes.

use std::time::Duration;

use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

use super::common;

/// Which processors there are for servers and for clients.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) name: &'static str,
    servers: usize,
    clients: usize,
}

impl Layout {
    /// Pins this process. All share one processor, and, if this process might use another one, servers and clients have
    /// one each.
    pub(crate) fn all() -> (Self, Option<Self>) {
        let processors = common::pin();
        let (Some(first), Some(last)) = (processors.first(), processors.last()) else {
            unreachable!("this runs on one");
        };
        let shared = Self { name: "one processor", servers: *last, clients: *last };
        let apart = Self { name: "two processors", servers: *last, clients: *first };
        (shared, (first != last).then_some(apart))
    }

    /// Processes that are started from now on run where servers do.
    pub(crate) fn starts_servers(&self) {
        common::pin_to(self.servers);
    }

    /// Processes that are started from now on run where clients do.
    pub(crate) fn starts_clients(&self) {
        common::pin_to(self.clients);
    }
}

/// The time that a process has taken of processors, with what the system did for it, and all its threads, those that
/// have ended as well: owserver has a new one for each request.
pub(crate) struct OwnTime(ClockId);

impl OwnTime {
    pub(crate) fn of(process: u32) -> Self {
        let process = Pid::from_raw(process.try_into().expect("it was a number of a process"));
        Self(clock_getcpuclockid(process).expect("it runs"))
    }

    pub(crate) fn now(&self) -> Duration {
        clock_gettime(self.0).expect("it runs").into()
    }
}
