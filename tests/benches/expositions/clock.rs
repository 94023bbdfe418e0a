//! Reads a clock that, on Linux, stops while the thread waits for a core.

use std::{
    fs,
    time::{Duration, Instant},
};

/// Returns the time for which this thread runs on a core during a closure.
///
/// The wait for a core is subtracted where the system reports it (Linux), so that other programs on
/// the machine disturb less; their effects on caches and memory remain.
pub(super) fn time(run: impl FnOnce()) -> Duration {
    let waited_before = waited();
    let begun = Instant::now();
    run();
    let time = begun.elapsed();
    time.saturating_sub(waited().saturating_sub(waited_before))
}

/// Returns how long this thread has waited for a core since it started; zero if the system does not
/// report it.
fn waited() -> Duration {
    let schedstat = fs::read_to_string("/proc/thread-self/schedstat");
    let nanoseconds = schedstat
        .ok()
        .and_then(|text| text.split(' ').nth(1)?.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}
