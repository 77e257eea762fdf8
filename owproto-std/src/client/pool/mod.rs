//! The persistent connections of a client: which one a call gets, and how calls wait for one.

mod acquire;
mod batch;
mod checkout;
#[allow(clippy::module_inception, reason = "it is where a reader looks for `Pool`")]
mod pool;
mod state;
mod waiter;

pub(crate) use self::acquire::Outcome;
pub(crate) use self::checkout::{Checkout, Lease, LivenessCheck, PartialCheckout};
pub(crate) use self::pool::Pool;
pub(crate) use self::waiter::{MAX_IN_FLIGHT_LEN, OwnedReply};
