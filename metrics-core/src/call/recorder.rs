//! What is recorded of a call: one type for each way.

use std::{
    cell::Cell,
    hash::{BuildHasher, RandomState},
};

use super::{Called, Ending};
use crate::{
    block, cell, clock,
    layout::{self, Layout},
};

/// Is made when a call begins and told how it ended.
///
/// A copy of a few words, so that it can stay in registers: only an unwinding call looks for it
/// on the stack.
pub trait Recorder: Copy {
    /// The call begins.
    fn enter(called: Called) -> Self;
    /// Its future is about to be polled.
    #[inline(always)]
    fn resume(&mut self) {}
    /// Its future was polled and is not ready.
    #[inline(always)]
    fn suspend(&mut self) {}
    /// The call has ended.
    fn finish(self, ending: impl Ending);
}

/// Counts a call.
#[derive(Clone, Copy, Debug)]
pub struct Counted(Called);

impl Recorder for Counted {
    #[inline(always)]
    fn enter(called: Called) -> Self {
        Counted(called)
    }

    #[inline(always)]
    fn finish(self, ending: impl Ending) {
        if let Some((called, row)) = ending.place(self.0) {
            called.record(row, 1, |words| layout::count_one(&words[0]));
        }
    }
}

/// Times a call.
#[derive(Clone, Copy, Debug)]
pub struct Timed {
    called: Called,
    start: u64,
}

impl Recorder for Timed {
    #[inline(always)]
    fn enter(called: Called) -> Self {
        Timed {
            called,
            start: now(),
        }
    }

    #[inline(always)]
    fn finish(self, ending: impl Ending) {
        if let Some((called, row)) = ending.place(self.called) {
            observe_since(called, row, self.start);
        }
    }
}

/// Reads the clock.
///
/// Not inlined, as beside reading the clock a call is cheap, and annotated functions are many.
#[inline(never)]
fn now() -> u64 {
    clock::now()
}

/// Adds the time since then to a row; not inlined for the same reason.
#[inline(never)]
fn observe_since(called: Called, row: usize, start: u64) {
    observe(called, row, clock::nanos_between(start, clock::now()));
}

/// Adds an observation to a row.
#[inline]
fn observe(called: Called, row: usize, nanos: u64) {
    let family = called.family();
    let (Layout::Histogram { sum, .. }, Some(buckets)) = (family.layout(), family.buckets_of())
    else {
        return;
    };
    let bucket = buckets.find(nanos as f64);
    called.record(row, family.layout().words(), |words| {
        if block::observe(words, bucket, |before| sum.add(before, nanos)) {
            cell::hand_over(words);
        }
    });
}

/// Times `SHARE` of `OF` calls, picked at random.
#[derive(Clone, Copy, Debug)]
pub struct Sampled<const SHARE: u32, const OF: u32>(Option<Timed>);

impl<const SHARE: u32, const OF: u32> Recorder for Sampled<SHARE, OF> {
    #[inline(always)]
    fn enter(called: Called) -> Self {
        let picked = ((u64::from(random()) * u64::from(OF)) >> 32) < u64::from(SHARE);
        Sampled(picked.then(|| Timed::enter(called)))
    }

    #[inline(always)]
    fn finish(self, ending: impl Ending) {
        if let Some(timed) = self.0 {
            timed.finish(ending);
        }
    }
}

/// The next number of the thread. Not every n-th call is picked: functions that are called in
/// turns would be picked always or never.
#[inline]
fn random() -> u32 {
    thread_local! {
        static STATE: Cell<Option<u64>> = const { Cell::new(None) };
    }
    // A linear congruential generator; only the upper bits are of use (Knuth, MMIX).
    let next = STATE
        .get()
        .unwrap_or_else(seed)
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    STATE.set(Some(next));
    (next >> 32) as u32
}

/// Where a thread begins. Begun alike, threads of one call each would all be picked, or none.
#[cold]
fn seed() -> u64 {
    RandomState::new().hash_one(0_u64)
}

/// Times a call of an async function, and beside it the time that its future was polled.
#[derive(Clone, Copy, Debug)]
pub struct Busy {
    wall: Timed,
    /// Readings of the clock: those at the ends of polls less those at their beginnings.
    polled: u64,
}

impl Recorder for Busy {
    #[inline(always)]
    fn enter(called: Called) -> Self {
        Busy {
            wall: Timed::enter(called),
            polled: 0,
        }
    }

    #[inline(always)]
    fn resume(&mut self) {
        self.polled = self.polled.wrapping_sub(now());
    }

    #[inline(always)]
    fn suspend(&mut self) {
        self.polled = self.polled.wrapping_add(now());
    }

    #[inline(always)]
    fn finish(mut self, ending: impl Ending) {
        if !ending.is_suspended() {
            self.suspend();
        }
        if let Some((called, row)) = ending.place(self.wall.called) {
            observe_since(called, row, self.wall.start);
            observe_busy(called, row, self.polled);
        }
    }
}

#[inline(never)]
fn observe_busy(called: Called, row: usize, polled: u64) {
    if let Some(busy) = called.companion() {
        // Readings on two processors may be the wrong way round.
        let polled = u64::try_from(polled.cast_signed()).unwrap_or(0);
        observe(busy, row, clock::nanos_between(0, polled));
    }
}

/// Counts a call as long as it lasts.
#[derive(Clone, Copy, Debug)]
pub struct InFlight(Called);

impl Recorder for InFlight {
    #[inline(always)]
    fn enter(called: Called) -> Self {
        called.record(0, 2, |words| layout::count_one(&words[0]));
        InFlight(called)
    }

    #[inline(always)]
    fn finish(self, _: impl Ending) {
        self.0.record(0, 2, |words| layout::count_one(&words[1]));
    }
}
