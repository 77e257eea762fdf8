//! Requests, replies and entries of listings as values.

mod entries;
mod limits;
pub mod listing;
mod reply;
mod request;
mod request_error;
mod return_code;
mod separator;

pub use entries::Entries;
pub use limits::{DEFAULT_READ_SIZE, MAX_BODY_LEN, MAX_PATH_LEN};
pub use reply::Reply;
pub use request::Request;
pub use request_error::RequestError;
pub(crate) use return_code::UNASSIGNED;
pub use return_code::{OwserverText, ReturnCode, ServerError};
pub(crate) use separator::{first_separator, last_separator};
