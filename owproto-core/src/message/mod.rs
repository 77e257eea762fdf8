//! Requests, replies and entries of listings as values.

mod entries;
pub mod listing;
mod reply;
mod request;
mod return_code;
mod separator;

pub use entries::Entries;
pub use reply::Reply;
pub use request::{DEFAULT_READ_SIZE, MAX_BODY_LEN, MAX_PATH_LEN, Request, RequestError};
pub(crate) use return_code::UNASSIGNED;
pub use return_code::{OwserverText, ReturnCode, ServerError};
pub(crate) use separator::{first_separator, last_separator};
