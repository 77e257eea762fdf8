/// What the driver of a [`Connection`](super::Connection) does next. It borrows nothing, so a driver can loop on it.
///
/// Exhaustive on purpose: a driver that ignores a step stops making progress.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "the connection waits for the driver to do this"]
pub enum Step {
    /// Nothing is in flight: send a request, or leave the connection open.
    Idle,
    /// Send [`poll_transmit`](super::Connection::poll_transmit), then call
    /// [`handle_transmitted`](super::Connection::handle_transmitted).
    Write,
    /// Wait for bytes, at most until [`poll_timeout`](super::Connection::poll_timeout), then call
    /// [`handle_input`](super::Connection::handle_input).
    Read,
    /// Close the transport: the connection failed, or the server did not grant persistence.
    Close,
}
