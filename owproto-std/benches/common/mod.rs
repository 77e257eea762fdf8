//! What benchmarks have in common.

pub(crate) mod chart;

/// This process, its threads and its children share one processor: the last one.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn pin() {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
    let all = sched_getaffinity(None).expect("a process may ask for its processors");
    if let Some(last) = (0..CpuSet::MAX_CPU).rfind(|cpu| all.is_set(*cpu)) {
        let mut one = CpuSet::new();
        one.set(last);
        sched_setaffinity(None, &one).expect("it is one of those it may use");
        println!("pinned to processor {last}");
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn pin() {
    println!("!!!!!!!! not pinned to one processor: THE RATIOS VARY MORE");
}

/// Whether this is a short run: wanted, or under `cargo test`.
pub(crate) fn is_quick() -> bool {
    has("--quick") || !has("--bench")
}

/// Whether an argument was given.
pub(crate) fn has(name: &str) -> bool {
    std::env::args().any(|argument| argument == name)
}
