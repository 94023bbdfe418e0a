//! Durations, and how much the machine stretches them.

use std::{
    hint::black_box,
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

/// A thread that now and then computes for about two milliseconds, and measures by how much longer
/// it takes than before.
///
/// Other programs that use the processors slow it down like the server and its clients.
pub(crate) struct Slowdown {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<f64>,
}

impl Slowdown {
    /// Call this while the machine is idle.
    pub(crate) fn observe() -> Slowdown {
        let alone = (0..100).map(|_| compute()).min().unwrap_or_default();
        let is_over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let mut ratios = vec![1.0];
            while !ended.load(Ordering::Relaxed) {
                ratios.push(compute().as_secs_f64() / alone.as_secs_f64());
                thread::sleep(PAUSE);
            }
            ratios.sort_by(f64::total_cmp);
            ratios[ratios.len() * 75 / 100].max(1.0)
        });
        Slowdown { is_over, thread }
    }

    /// The factor by which a quarter of the computations were slower, at least 1.
    pub(crate) fn factor(self) -> f64 {
        self.is_over.store(true, Ordering::Relaxed);
        self.thread.join().expect("the thread only computes")
    }
}

fn compute() -> Duration {
    let start = Instant::now();
    for number in 0..STEPS {
        black_box(number);
    }
    start.elapsed()
}

/// Takes about two milliseconds without optimization.
const STEPS: u32 = 100_000;
const PAUSE: Duration = Duration::from_millis(20);
