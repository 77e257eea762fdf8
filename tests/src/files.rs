//! The number of files that a process may have open.

/// Lets this process have as many files open as it may; says how many that are.
#[cfg(unix)]
#[must_use]
pub fn raise_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => raised.current.unwrap_or(u64::MAX),
        Err(_) => limit.current.unwrap_or(u64::MAX),
    }
}

/// What a system without such a limit says.
#[cfg(not(unix))]
#[must_use]
pub fn raise_limit() -> u64 {
    u64::MAX
}
