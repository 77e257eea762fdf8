pub(super) mod dispatch;
mod input;
pub(super) mod job;
mod list;
mod progress;
mod read;
mod units;
mod write;
