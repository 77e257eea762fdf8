use owproto_board::{Network, println, stack};
use smoltcp::time::{Duration, Instant};

/// Says from time to time how it goes.
pub(crate) struct Status {
    every: Option<Duration>,
    next: Instant,
}

impl Status {
    pub(crate) fn new(every: Option<Duration>) -> Self {
        println!("listening on port 4304");
        Self { every, next: Instant::ZERO }
    }

    /// When there is something to be said.
    pub(crate) fn poll_at(&self) -> Option<Instant> {
        self.every.map(|_| self.next)
    }

    /// Says it if it is time.
    pub(crate) fn poll(&mut self, now: Instant, clients: usize, network: &Network) {
        if let Some(every) = self.every
            && now >= self.next
        {
            self.next = now + every;
            let (micros, asleep) = (now.total_micros(), network.micros_asleep());
            let stack = stack::high_water_mark();
            println!("{micros} us, {asleep} us of them asleep; {clients} clients; stack {stack} bytes");
        }
    }
}
