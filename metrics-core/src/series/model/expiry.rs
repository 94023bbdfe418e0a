//! Loom model of expiry: a series is suspended, resumed or removed, and its slot in the index is
//! given to another series, while threads that have found the series record into it or keep it from
//! expiring.
//!
//! The entry, the generations and the additions are the real code. The code that calls them is
//! copied here in a simple form, for one slot and one recording thread: `Index::update_activity`
//! (in `scrape`), `expire_idle`, `insert`, `remove_place`, `start_generation` and `pin`;
//! `Index::record` and `redirect`; of the storage, `Region::{ready, record_open, caught_up_cells}`
//! and `CachedCells`. The grace period has no length, so that only the number of scrapes delays a
//! removal.

use std::sync::{
    Arc,
    atomic::{self, Ordering},
};

use loom::{
    sync::{Mutex, MutexGuard},
    thread,
};

use crate::{
    series::entry::{self, GENERATION_STEP, Removal, Status},
    storage::{
        generation,
        model::loom_atomic::{AtomicU32, AtomicU64, check},
        scalar::increment,
    },
};

/// The key and the generation of the first series, and of the one that takes its place.
const KEY: [u64; 1] = [1];
const OLD: u64 = 3;
const OTHER: [u64; 1] = [2];
const NEW: u64 = OLD + GENERATION_STEP;

/// The state that the index's lock protects.
struct State {
    is_live: bool,
    /// The number of reads since the series was suspended.
    suspension: Option<u32>,
    /// The value that was read last.
    shown: u64,
    /// Whether the series was removed. Another one may then use the place unless it is pinned.
    is_free: bool,
}

struct Place {
    entry: entry::Entry<AtomicU64, AtomicU32>,
    born: [AtomicU64; 1],
    newest: AtomicU64,
    state: Mutex<State>,
    /// The thread's cell of this place, and (`seen`) the generation up to which it was zeroed.
    word: [AtomicU64; 1],
    seen: AtomicU64,
    /// Recordings into the overflow series, and recordings begun for each generation. Atomics of
    /// the standard library, which loom does not see, so that they order nothing.
    overflowed: atomic::AtomicU64,
    begun: [atomic::AtomicU64; NEW as usize + 1],
    was_pinned: atomic::AtomicBool,
}

impl Place {
    /// A series with a total of one, which a scrape has read.
    fn new() -> Arc<Self> {
        let place = Place {
            entry: entry::Entry::new(),
            born: [AtomicU64::new(OLD)],
            newest: AtomicU64::default(),
            state: Mutex::new(State {
                is_live: true,
                suspension: None,
                shown: 0,
                is_free: false,
            }),
            word: [AtomicU64::default()],
            seen: AtomicU64::new(OLD),
            overflowed: atomic::AtomicU64::default(),
            begun: Default::default(),
            was_pinned: atomic::AtomicBool::default(),
        };
        place.write(OLD, KEY);
        place.record(OLD);
        assert_eq!(place.scrape(), Some(1));
        Arc::new(place)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no thread panics with the lock")
    }

    fn write(&self, generation: u64, key: [u64; 1]) {
        let no_tail = || unreachable!("a short key");
        self.entry.write(generation, &key, no_tail);
    }

    fn generation(&self) -> u64 {
        self.born[0].load(Ordering::Relaxed)
    }

    fn begun(&self, generation: u64) -> u64 {
        self.begun[generation as usize].load(Ordering::Relaxed)
    }

    /// The value of the series in the place; `None` if none is shown.
    fn scrape(&self) -> Option<u64> {
        let mut state = self.lock();
        if !state.is_live && state.suspension.is_none() {
            return None;
        }
        let generation = self.generation();
        let mut value = 0;
        if generation::has_seen(&self.seen, generation) {
            value = self.word[0].load(Ordering::Acquire);
        }
        let begun = self.begun(generation);
        assert!(value <= begun, "{value} of {begun} for {generation}");
        let has_changed = value != state.shown;
        if let Some(reads) = &mut state.suspension {
            if has_changed {
                self.resume(&mut state);
                state.shown = value;
                return Some(value);
            }
            *reads += 1;
            if *reads >= 2 {
                self.remove_place(&mut state);
            }
            return None;
        }
        self.entry.take_recently_recorded();
        state.shown = value;
        Some(value)
    }

    /// Suspends the series if its value has not changed since the last scrape.
    fn expire_idle(&self) {
        let mut state = self.lock();
        let is_shown = self.word[0].load(Ordering::Acquire) == state.shown;
        if state.is_live && is_shown && self.entry.suspend() {
            state.is_live = false;
            state.suspension = Some(0);
        }
    }

    fn resume(&self, state: &mut State) -> u64 {
        let generation = self.entry.resume();
        state.suspension = None;
        state.is_live = true;
        generation
    }

    fn remove_place(&self, state: &mut State) {
        state.suspension = None;
        self.entry.remove(Removal::Expired);
        state.is_live = false;
        state.is_free = true;
    }

    /// Finds or resumes the series of the first key.
    fn insert(&self) -> u64 {
        let mut state = self.lock();
        if let Some(generation) = self.find(KEY) {
            return generation;
        }
        assert!(state.suspension.is_some(), "it is not removed");
        self.resume(&mut state)
    }

    /// Gives the place to another series, if its series was removed and is not pinned.
    fn give(&self) {
        let mut state = self.lock();
        if !state.is_free || self.entry.is_pinned() {
            return;
        }
        generation::claim(&self.born[0], &self.newest, &[], NEW);
        self.write(NEW, OTHER);
        state.is_live = true;
        state.is_free = false;
        state.shown = 0;
    }

    fn find(&self, key: [u64; 1]) -> Option<u64> {
        let no_tail = |_: u32, _: &[u64]| unreachable!("a short key");
        self.entry.matches(&key, no_tail)
    }

    /// Records into a series that the thread has found earlier.
    fn record(&self, generation: u64) {
        if self.entry.version() != generation && !self.redirect(generation) {
            self.overflowed.fetch_add(1, Ordering::Relaxed);
            return;
        }
        self.begun[generation as usize].fetch_add(1, Ordering::Relaxed);
        if self.seen.load(Ordering::Relaxed) >= generation {
            return increment(&self.word[0]);
        }
        let (born, newest, words) = (&self.born, &self.newest, &self.word);
        generation::catch_up(born, newest, generation, words, &self.seen, || ());
        if self.generation() == generation {
            increment(&self.word[0]);
        }
    }

    /// Resumes the series if it is suspended; false if the recording goes to the overflow series.
    fn redirect(&self, generation: u64) -> bool {
        if self.entry.status(generation) == Status::Suspended {
            let mut state = self.lock();
            if self.entry.status(generation) == Status::Suspended {
                self.resume(&mut state);
            }
        }
        match self.entry.status(generation) {
            Status::Expired | Status::Replaced => false,
            _ => self.generation() == generation,
        }
    }

    /// Records into the series that the thread has cached together with its cell.
    fn record_found(&self) -> bool {
        if !self.entry.still_matches(OLD, &KEY) {
            return false;
        }
        self.begun[OLD as usize].fetch_add(1, Ordering::Relaxed);
        increment(&self.word[0]);
        true
    }

    /// Pins the series if it is there, and records into it while it is pinned.
    fn record_pinned(&self) -> bool {
        if !self.entry.pin(OLD) {
            return false;
        }
        self.record(OLD);
        self.entry.note_recording();
        self.entry.unpin();
        self.was_pinned.store(true, Ordering::Relaxed);
        true
    }
}

/// Runs a thread that records and one that expires the series.
fn run(
    preemptions: usize,
    recorder: impl Fn(&Place) + Send + Sync + Copy + 'static,
    writer: impl Fn(&Place) + Send + Sync + Copy + 'static,
    after: impl Fn(&Place) + Send + Sync + 'static,
) {
    check(preemptions, move || {
        let place = Place::new();
        let scrapes = thread::spawn({
            let place = Arc::clone(&place);
            move || writer(&place)
        });
        recorder(&place);
        scrapes.join().expect("the writer ends");
        after(&place);
    });
}

/// Asserts that the series is there with all recordings that were begun for it.
fn assert_complete(place: &Place) {
    assert_eq!(place.scrape(), Some(place.begun(OLD)));
    assert_eq!(place.find(KEY), Some(OLD));
    assert_eq!(place.overflowed.load(Ordering::Relaxed), 0);
}

/// The thread has found the series, and records into it after it was suspended.
#[test]
fn a_late_recording_makes_the_next_scrape_resume_the_series() {
    let late = |place: &Place| {
        if !place.record_found() {
            let generation = place.insert();
            place.record(generation);
        }
    };
    run(4, late, Place::expire_idle, assert_complete);
    let writer = |place: &Place| {
        place.expire_idle();
        place.scrape();
    };
    run(4, late, writer, assert_complete);
}

/// The thread records through a value that `with` returned, which checks that the series is there.
#[test]
fn a_suspended_series_counts_a_late_recording() {
    let late = |place: &Place| place.record(OLD);
    let writer = |place: &Place| {
        place.expire_idle();
        place.scrape();
    };
    run(4, late, writer, assert_complete);
}

#[test]
fn recording_the_same_labels_resumes_the_series() {
    let recorder = |place: &Place| {
        let generation = place.find(KEY).unwrap_or_else(|| place.insert());
        assert_eq!(generation, OLD);
        place.record(generation);
    };
    let writer = |place: &Place| {
        place.expire_idle();
        place.expire_idle();
    };
    run(4, recorder, writer, assert_complete);
}

/// The place is given to another series while a thread still records into the old one.
#[test]
fn a_late_recording_does_not_count_for_the_next_series_in_the_place() {
    let writer = |place: &Place| {
        place.expire_idle();
        place.scrape();
        place.scrape();
        place.give();
        place.scrape();
    };
    let count_new = |place: &Place| {
        if let Some(generation) = place.find(OTHER) {
            assert_eq!(generation, NEW);
            place.record(generation);
        }
    };
    let recorder = move |place: &Place| {
        place.record_found();
        count_new(place);
        place.record(OLD);
        count_new(place);
    };
    run(3, recorder, writer, move |place: &Place| {
        count_new(place);
        let generation = place.generation();
        let shown = place.scrape();
        match shown {
            // The series was removed, and its place is still free.
            None => assert_eq!(generation, OLD),
            Some(value) => assert_eq!(value, place.begun(generation), "for {generation}"),
        }
        if generation == NEW {
            assert_eq!(shown, Some(place.begun(NEW)));
        }
    });
}

/// A handle pins the series before it is suspended, or finds it suspended.
#[test]
fn a_pinned_series_does_not_expire() {
    let recorder = |place: &Place| {
        if !place.record_pinned() {
            place.record(OLD);
        }
    };
    run(4, recorder, Place::expire_idle, assert_complete);
    let pinner = |place: &Place| _ = place.record_pinned();
    let writer = |place: &Place| {
        place.expire_idle();
        place.scrape();
        place.scrape();
        place.give();
    };
    run(3, pinner, writer, |place: &Place| {
        if place.was_pinned.load(Ordering::Relaxed) {
            assert_complete(place);
        }
    });
}
