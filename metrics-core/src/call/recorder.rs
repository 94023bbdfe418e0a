//! What is recorded of a call: one type for each way.

use std::{
    cell::Cell,
    hash::{BuildHasher, RandomState},
    sync::atomic::AtomicU64,
};

use super::{Called, Ending, Outcome, Place, unwound};
use crate::{
    block, cell, clock,
    family::Family,
    layout::{self, Sum},
};

/// Is made when a call begins and told how it ended.
///
/// A copy of a few words, so that it can stay in registers: only an unwinding call looks for it
/// on the stack.
pub trait Recorder: Copy {
    /// Where the call is recorded.
    type Place: Place;

    /// The call begins.
    fn enter(place: Self::Place) -> Self;
    /// Its future is about to be polled.
    #[inline(always)]
    fn resume(&mut self) {}
    /// Its future was polled and is not ready.
    #[inline(always)]
    fn suspend(&mut self) {}
    /// The call has ended.
    fn finish(self, ending: impl Ending);
    /// The call has ended without a result.
    #[inline(always)]
    fn unwound(self, outcome: Outcome) {
        unwound(self, outcome);
    }
}

/// Counts a call.
#[derive(Clone, Copy, Debug)]
pub struct Counted<P>(P);

impl<P: Place> Recorder for Counted<P> {
    type Place = P;

    #[inline(always)]
    fn enter(place: P) -> Self {
        Counted(place)
    }

    #[inline(always)]
    fn finish(self, ending: impl Ending) {
        if let Some((place, row)) = ending.place(self.0) {
            place.record(move |words, first| layout::count_one(&words[first + row]));
        }
    }

    #[inline(always)]
    fn unwound(self, outcome: Outcome) {
        self.0.apart(outcome, |place, outcome| {
            Counted(place).finish(outcome);
        });
    }
}

/// Times a call.
#[derive(Clone, Copy, Debug)]
pub struct Timed<P> {
    place: P,
    start: u64,
}

impl<P: Place> Recorder for Timed<P> {
    type Place = P;

    #[inline(always)]
    fn enter(place: P) -> Self {
        Timed {
            place,
            start: clock::now(),
        }
    }

    #[inline(always)]
    fn finish(self, ending: impl Ending) {
        if let Some((place, row)) = ending.place(self.place) {
            observe_since(place, row, self.start);
        }
    }
}

/// Adds the time since then to a row.
#[inline(always)]
fn observe_since(place: impl Place, row: usize, start: u64) {
    let (end, family) = (clock::now(), place.family());
    let nanos = clock::nanos_between(start, end);
    place.record(move |words, first| observe(words, first + row, family, nanos));
}

/// Adds an observation to a row.
///
/// Not inlined, as beside reading the clock a call is cheap, and annotated functions are many.
#[inline(never)]
fn observe(words: &[AtomicU64], row: usize, family: &Family, nanos: u64) {
    let width = family.row_width();
    let (Some(buckets), Some(words)) = (
        family.buckets_of(),
        words.get(row * width..(row + 1) * width),
    ) else {
        return;
    };
    // To a float from a signed number it is one instruction.
    let bucket = buckets.find_duration(nanos.min(i64::MAX as u64).cast_signed() as f64);
    if block::observe(words, bucket, |before| Sum::Nanos.add(before, nanos)) {
        cell::hand_over(words);
    }
}

/// Times `SHARE` of `OF` calls, picked at random.
#[derive(Clone, Copy, Debug)]
pub struct Sampled<const SHARE: u32, const OF: u32, P>(Option<Timed<P>>);

impl<const SHARE: u32, const OF: u32, P: Place> Recorder for Sampled<SHARE, OF, P> {
    type Place = P;

    #[inline(always)]
    fn enter(place: P) -> Self {
        let picked = ((u64::from(random()) * u64::from(OF)) >> 32) < u64::from(SHARE);
        Sampled(picked.then(|| Timed::enter(place)))
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
    wall: Timed<Called>,
    /// Readings of the clock: those at the ends of polls less those at their beginnings.
    polled: u64,
}

impl Recorder for Busy {
    type Place = Called;

    #[inline(always)]
    fn enter(called: Called) -> Self {
        Busy {
            wall: Timed::enter(called),
            polled: 0,
        }
    }

    #[inline(always)]
    fn resume(&mut self) {
        self.polled = self.polled.wrapping_sub(clock::now());
    }

    #[inline(always)]
    fn suspend(&mut self) {
        self.polled = self.polled.wrapping_add(clock::now());
    }

    #[inline(always)]
    fn finish(mut self, ending: impl Ending) {
        if !ending.is_suspended() {
            self.suspend();
        }
        if let Some((called, row)) = ending.place(self.wall.place) {
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
        let (family, nanos) = (busy.family(), clock::nanos_between(0, polled));
        busy.record(|words, first| observe(words, first + row, family, nanos));
    }
}

/// Counts a call as long as it lasts.
#[derive(Clone, Copy, Debug)]
pub struct InFlight<P>(P);

impl<P: Place> Recorder for InFlight<P> {
    type Place = P;

    #[inline(always)]
    fn enter(place: P) -> Self {
        place.record(|words, first| layout::count_one(&words[2 * first]));
        InFlight(place)
    }

    #[inline(always)]
    fn finish(self, _: impl Ending) {
        self.0
            .record(|words, first| layout::count_one(&words[2 * first + 1]));
    }

    #[inline(always)]
    fn unwound(self, outcome: Outcome) {
        self.0.apart(outcome, |place, outcome| {
            InFlight(place).finish(outcome);
        });
    }
}
