//! What benchmarks have in common.

pub(crate) mod chart;

/// This process, its threads and its children share one processor: the last one.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn pin() {
    if let Some(last) = processors().last() {
        pin_to(*last);
        println!("pinned to processor {last}");
    }
}

/// The processors that this process may use.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn processors() -> Vec<usize> {
    use rustix::thread::{CpuSet, sched_getaffinity};
    let all = sched_getaffinity(None).expect("a process may ask for its processors");
    (0..CpuSet::MAX_CPU).filter(|cpu| all.is_set(*cpu)).collect()
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
