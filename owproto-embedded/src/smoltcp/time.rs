//! Conversion between smoltcp's clock and the core's. Both count microseconds.

use owproto_core::time::Instant;

/// Converts a time of smoltcp's clock. Negative times become zero.
#[must_use]
pub fn from_smoltcp(instant: smoltcp::time::Instant) -> Instant {
    Instant::from_micros(u64::try_from(instant.total_micros()).unwrap_or(0))
}

/// Converts a time to smoltcp's clock.
#[must_use]
pub fn to_smoltcp(instant: Instant) -> smoltcp::time::Instant {
    smoltcp::time::Instant::from_micros(i64::try_from(instant.as_micros()).unwrap_or(i64::MAX))
}
