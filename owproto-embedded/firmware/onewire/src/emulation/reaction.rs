/// How a device reacts to a function command, or to the bytes after it.
pub(super) enum Reaction {
    /// Waits for the next reset.
    Nothing,
    /// Sends this many bytes of its buffer.
    Send(u8),
    /// Receives this many bytes.
    Receive(u8),
    /// Sends zeros until it is done.
    Work,
}
