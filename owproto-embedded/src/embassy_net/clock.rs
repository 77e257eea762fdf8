use owproto_core::time::Instant;

/// The current time of embassy's clock.
#[must_use]
pub fn now() -> Instant {
    Instant::from_micros(embassy_time::Instant::now().as_micros())
}
