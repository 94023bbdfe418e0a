//! Time that others on the same machine do not lengthen much.

use std::{
    fs,
    time::{Duration, Instant},
};

/// The time for which this thread has a core.
///
/// How long it waits for one is left out, where the system tells: a machine that also builds would
/// be measured otherwise. What others do to the caches and to memory is in it.
pub(super) fn time(run: impl FnOnce()) -> Duration {
    let waited_before = waited();
    let begun = Instant::now();
    run();
    let time = begun.elapsed();
    time.saturating_sub(waited().saturating_sub(waited_before))
}

/// How long this thread has waited for a core since it began.
fn waited() -> Duration {
    let told = fs::read_to_string("/proc/thread-self/schedstat");
    let nanoseconds = told
        .ok()
        .and_then(|text| text.split(' ').nth(1)?.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}
