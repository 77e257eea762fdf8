use owproto_board::{Network, println, stack};
use smoltcp::time::{Duration, Instant};

/// Prints the status at an interval.
pub(crate) struct Status {
    interval: Option<Duration>,
    next: Instant,
}

impl Status {
    pub(crate) fn new(interval: Option<Duration>) -> Self {
        println!("listening on port 4304");
        Self { interval, next: Instant::ZERO }
    }

    /// When to print next.
    pub(crate) fn poll_at(&self) -> Option<Instant> {
        self.interval.map(|_| self.next)
    }

    /// Prints the status if it is time.
    pub(crate) fn poll(&mut self, now: Instant, clients: usize, network: &Network) {
        if let Some(interval) = self.interval
            && now >= self.next
        {
            self.next = now + interval;
            let (micros, asleep) = (now.total_micros(), network.micros_asleep());
            let stack = stack::high_water_mark();
            println!("{micros} us, {asleep} us of them asleep; {clients} clients; stack {stack} bytes");
        }
    }
}
