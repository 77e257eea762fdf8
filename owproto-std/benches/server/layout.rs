//! Which processors servers and clients use, and the processor time of a server.

use std::time::Duration;

use nix::time::{ClockId, clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

use super::common;

/// The processors of servers and of clients.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    pub(crate) name: &'static str,
    servers: usize,
    clients: usize,
}

impl Layout {
    /// Pins this process. Returns a layout with one processor for all and, if this process may use a second one, a layout
    /// with one for servers and one for clients.
    pub(crate) fn all() -> (Self, Option<Self>) {
        let processors = common::pin();
        let (Some(first), Some(last)) = (processors.first(), processors.last()) else {
            unreachable!("this process runs on a processor");
        };
        let shared = Self { name: "one processor", servers: *last, clients: *last };
        let apart = Self { name: "two processors", servers: *last, clients: *first };
        (shared, (first != last).then_some(apart))
    }

    /// Processes that are started from now on use the processor of servers.
    pub(crate) fn starts_servers(&self) {
        common::pin_to(self.servers);
    }

    /// Processes that are started from now on use the processor of clients.
    pub(crate) fn starts_clients(&self) {
        common::pin_to(self.clients);
    }
}

/// The processor time of a process: of all its threads, including those that have ended (owserver starts one for each
/// request), and with the work of the kernel for it.
pub(crate) struct ProcessorTime(ClockId);

impl ProcessorTime {
    pub(crate) fn of(process: u32) -> Self {
        let process = Pid::from_raw(process.try_into().expect("a process id is positive"));
        Self(clock_getcpuclockid(process).expect("it runs"))
    }

    pub(crate) fn now(&self) -> Duration {
        clock_gettime(self.0).expect("it runs").into()
    }
}
