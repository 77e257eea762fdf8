/// What the driver of a [`Connection`](super::Connection) does next. It borrows nothing, so a driver can loop on it.
///
/// Exhaustive on purpose: a driver that ignores a step stops making progress.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use = "the connection waits for the driver to do this"]
pub enum Step {
    /// Pass the rest of earlier input to [`handle_input`](super::Connection::handle_input). If there is none, wait for bytes,
    /// at most until [`poll_timeout`](super::Connection::poll_timeout).
    Read,
    /// Send [`poll_transmit`](super::Connection::poll_transmit), then call
    /// [`handle_transmitted`](super::Connection::handle_transmitted).
    Write,
    /// Continue the answer to the [`request`](super::Connection::request) with [`answer`](super::Connection::answer). If it
    /// has to wait for a bus or another resource, wait at most until [`poll_timeout`](super::Connection::poll_timeout).
    Answer,
    /// Close the transport, and stop any work on the answer. [`end`](super::Connection::end) is the reason.
    Close,
}
