//! Waiting for something that another process does.

use std::{
    thread,
    time::{Duration, Instant},
};

/// Asks again and again until there is an answer, and returns it.
///
/// Panics when `patience` has run out, naming `what` was awaited.
///
/// ```ignore
/// let answer = wait_until(Duration::from_secs(5), "an answer", || ask().ok());
/// ```
#[track_caller]
pub fn wait_until<T>(patience: Duration, what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            Instant::now() < deadline,
            "waited {patience:?} in vain for {what}"
        );
        thread::sleep(PAUSE);
    }
}

const PAUSE: Duration = Duration::from_millis(50);
