/// What [`handle_input`](super::Connection::handle_input) found.
///
/// Exhaustive on purpose: a driver has to handle each of these.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[must_use]
pub enum Event {
    /// The input is used up. The current part of the request lacks this number of bytes.
    NeedMore(usize),
    /// A request is complete: see [`request`](super::Connection::request).
    Request,
    /// The answer to the request before is not complete. No input was taken.
    Busy,
    /// The connection has ended. No more input is taken.
    Ended,
}
