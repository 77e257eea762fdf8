//! What benchmarks have in common.

pub(crate) mod chart;

/// This process, its threads and its children share one processor from now on: the last one of those that they might
/// use, which are given.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn pin() -> Vec<usize> {
    use rustix::thread::{CpuSet, sched_getaffinity};
    let all = sched_getaffinity(None).expect("a process may ask for its processors");
    let processors: Vec<_> = (0..CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu)).collect();
    if let Some(last) = processors.last() {
        pin_to(*last);
        println!("pinned to processor {last}");
    }
    processors
}

/// This thread, and the children that it has from now on, use this processor only.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn pin_to(processor: usize) {
    use rustix::thread::{CpuSet, sched_setaffinity};
    let mut one = CpuSet::new();
    one.set(processor);
    sched_setaffinity(None, &one).expect("it is one of those it may use");
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) fn pin() -> Vec<usize> {
    println!("!!!!!!!! not pinned to one processor: THE RATIOS VARY MORE");
    Vec::new()
}

/// Whether this is a short run: wanted, or under `cargo test`.
pub(crate) fn is_quick() -> bool {
    has("--quick") || !has("--bench")
}

/// Whether an argument was given.
pub(crate) fn has(name: &str) -> bool {
    std::env::args().any(|argument| argument == name)
}
