//! Runs generations of threads that record while another thread reads, and checks the values read.

use std::{
    sync::{
        Barrier, PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use metrics_core::{DynamicFamily, DynamicMetric, HistogramSnapshot, Label, Options, Registry};

#[derive(Label, Clone, Copy)]
pub(crate) enum Digit {
    Zero,
    One,
    Two,
    Three,
    Four,
    Five,
    Six,
}

pub(crate) const DIGITS: [Digit; 7] = [
    Digit::Zero,
    Digit::One,
    Digit::Two,
    Digit::Three,
    Digit::Four,
    Digit::Five,
    Digit::Six,
];

pub(crate) const GENERATIONS: usize = 4;
pub(crate) const THREADS: usize = 64;
pub(crate) const RECORDINGS: usize = 1_000;
pub(crate) const ALL: u64 = (GENERATIONS * THREADS * RECORDINGS) as u64;

/// Runs generations of threads that call `record` with the number of the thread and of the
/// recording, while another thread calls `read`.
pub(crate) fn generations(record: impl Fn(usize, usize) + Sync, read: impl FnMut() + Send) {
    while_reading(read, || {
        for _ in 0..GENERATIONS {
            at_the_same_time(THREADS, RECORDINGS, &record);
        }
    });
}

/// Runs this number of threads, which call `record` with the number of the thread and of the
/// recording.
pub(crate) fn at_the_same_time(
    threads: usize,
    recordings: usize,
    record: impl Fn(usize, usize) + Sync,
) {
    let start = Barrier::new(threads);
    thread::scope(|scope| {
        for thread in 0..threads {
            let (record, start) = (&record, &start);
            scope.spawn(move || {
                start.wait();
                (0..recordings).for_each(|at| record(thread, at));
            });
        }
    });
}

/// Calls `read` repeatedly on another thread while `act` runs, and once more after it.
pub(crate) fn while_reading(mut read: impl FnMut() + Send, act: impl FnOnce()) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                read();
            }
            read();
        });
        let _done = Stop(&done);
        act();
    });
}

#[track_caller]
pub(crate) fn assert_consistent(state: &HistogramSnapshot) {
    let buckets: u64 = state.buckets.iter().map(|(_, count)| count).sum();
    assert_eq!(state.count, buckets, "{state:?}");
    assert_eq!(state.sum, state.count as f64, "{state:?}");
}

/// Asserts that a value never decreases.
#[derive(Default)]
pub(crate) struct Rising(pub(crate) u64);

impl Rising {
    #[track_caller]
    pub(crate) fn see(&mut self, now: u64) {
        let before = std::mem::replace(&mut self.0, now);
        assert!(before <= now, "{now} after {before}");
    }
}

/// Sets a flag when dropped, so that a loop of another thread ends also when the test panics.
pub(crate) struct Stop<'a>(pub(crate) &'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

pub(crate) fn options(name: &str) -> Options {
    Options::new(name, "Recordings.").labels(["key"])
}

pub(crate) fn labelled_in<M: DynamicMetric>(
    registry: &Registry,
    options: Options,
) -> DynamicFamily<M> {
    registry.create_family(options).expect("valid options")
}

pub(crate) fn labelled<M: DynamicMetric>(name: &str) -> DynamicFamily<M> {
    labelled_in(&Registry::new(), options(name))
}

/// Write-locked by the one test that measures time, so that tests that call [`share_machine`] do
/// not run at the same time.
pub(crate) static MACHINE: RwLock<()> = RwLock::new(());

pub(crate) fn share_machine() -> RwLockReadGuard<'static, ()> {
    MACHINE.read().unwrap_or_else(PoisonError::into_inner)
}
