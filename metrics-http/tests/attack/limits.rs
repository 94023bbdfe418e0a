//! Durations, and how much of them is the machine's own delay.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

pub(crate) fn longest(durations: impl Iterator<Item = Duration>) -> Duration {
    durations.max().unwrap_or_default()
}

/// A thread that sleeps a millisecond at a time, and measures by how much longer it slept.
pub(crate) struct Delays {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Duration>,
}

impl Delays {
    pub(crate) fn observe() -> Delays {
        let is_over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let mut longest = Duration::ZERO;
            while !ended.load(Ordering::Relaxed) {
                let start = Instant::now();
                thread::sleep(SLEEP);
                longest = longest.max(start.elapsed().saturating_sub(SLEEP));
            }
            longest
        });
        Delays { is_over, thread }
    }

    pub(crate) fn longest(self) -> Duration {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().expect("the thread only sleeps")
    }
}

const SLEEP: Duration = Duration::from_millis(1);
