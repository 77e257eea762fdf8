//! The number of files that a process may have open.

/// Raises the limit of this process as far as the system allows, and returns it.
#[cfg(unix)]
#[must_use]
pub fn raise() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current.unwrap_or(u64::MAX),
        Err(_) => limit.current.unwrap_or(u64::MAX),
    }
}

/// There is no such limit on this system.
#[cfg(not(unix))]
#[must_use]
pub fn raise() -> u64 {
    u64::MAX
}
