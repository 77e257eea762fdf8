/// Identifies a request on one connection. Requests are numbered, and answered in this order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct RequestId(pub(super) u32);
