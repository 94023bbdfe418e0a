//! Polls for a condition that another process or thread brings about.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Calls `poll` until it returns a result, and returns that.
///
/// # Panics
///
/// After `timeout`, naming `what` it waited for.
///
/// ```ignore
/// let response = wait_until(Duration::from_secs(5), "a response", || try_read().ok());
/// ```
#[track_caller]
pub fn wait_until<T>(timeout: Duration, what: &str, mut poll: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + timeout;
    loop {
        if let Some(result) = poll() {
            return result;
        }
        assert!(Instant::now() < deadline, "no {what} within {timeout:?}");
        thread::sleep(PAUSE);
    }
}

const PAUSE: Duration = Duration::from_millis(50);
