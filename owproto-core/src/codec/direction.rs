/// The direction of a stream of frames. It decides whether frames can be keepalives and whether tokens can follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Direction {
    /// From a server: with keepalives, version 0, without tokens.
    Replies,
    /// From a client: without keepalives, any version, tokens possible.
    Requests,
}
