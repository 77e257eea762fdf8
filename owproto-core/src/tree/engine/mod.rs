//! How a request becomes an answer.
//!
//! | step | file |
//! |---|---|
//! | the tree and what it serves | `tree` |
//! | takes a request from a connection and calls the right step | `dispatch` |
//! | finds the directory or property of a path | `target` |
//! | lists a directory: DIR, DIRALL, GET | `list` |
//! | reads a property: READ, GET | `read`; where the value comes from: `value`; its text: `render` |
//! | writes a property: WRITE | `write`; what a client wrote: `input` |
//! | converts scales | `units` |
//! | what is kept while an answer waits for the bus or for room | `job`, `progress`, `list::cursor` |
//! | why a step stops | `stop` |

pub(super) mod dispatch;
mod input;
pub(super) mod job;
mod list;
mod progress;
mod read;
mod render;
mod stop;
mod target;
pub(super) mod tree;
mod units;
mod value;
mod write;
