//! Requests and replies as values: what is in a frame, whichever bytes carry it.

pub mod listing;
pub mod reply;
pub mod request;
pub mod return_code;
