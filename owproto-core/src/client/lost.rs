use super::request_id::RequestId;

/// A request that will get no answer, because its connection failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Lost {
    /// The request.
    pub id: RequestId,
    /// Whether it may be sent again.
    pub resend: Resend,
}

impl Lost {
    /// A lost request, for drivers that report losses of their own.
    #[must_use]
    pub const fn new(id: RequestId, resend: Resend) -> Self {
        Self { id, resend }
    }
}

/// Whether a request that got no answer may be sent again without asking the user.
///
/// Exhaustive on purpose: a driver that does not know the answer would risk writing twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Resend {
    /// Yes: the server cannot have carried it out, or carrying it out twice does no harm.
    Safe,
    /// No: it is a WRITE (or a message type without a name), all its bytes were sent, and the server may have carried it out.
    MayHappenTwice,
}
