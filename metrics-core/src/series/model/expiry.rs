//! The protocol of `expiry.rs` under a model checker: a series is set aside, comes back or is
//! given up, and its place goes to another, while threads that have found it record or hold it.
//!
//! The entry, the generations and the additions are the real ones. What puts them together is
//! mirrored here line by line, for one place and one thread: of `expiry.rs`, `look_at` (within
//! `scrape`) and `let_go`; of `series.rs`, `insert`, `take_out`, `vest` and `Index::pin`; of
//! `storage.rs`, `record_open` with `Family::astray` (as `record`); of `cell.rs`, `Found`,
//! `Region::{ready, record_open, caught_up}`. The grace is over at once: what it leaves to the
//! scrapes is tried with none between two of them.

use std::sync::{
    Arc,
    atomic::{self, Ordering},
};

use loom::{
    sync::{Mutex, MutexGuard},
    thread,
};

use crate::{
    series::entry::{self, TOUCHED},
    storage::{
        generation,
        model::loom_atomic::{AtomicU32, AtomicU64, check},
        scalar::increment,
    },
};

/// The key and the generation of the series, and of the one that takes its place.
const KEY: [u64; 1] = [1];
const OLD: u64 = 3;
const OTHER: [u64; 1] = [2];
const NEW: u64 = 5;

/// What writers know of the series, behind their lock.
struct Writer {
    live: bool,
    /// Since how many scrapes it has been aside.
    aside: Option<u32>,
    /// The value that was read last.
    shown: u64,
    /// Whether the place may be given to another series.
    is_free: bool,
}

struct Place {
    entry: entry::Entry<AtomicU64, AtomicU32>,
    born: [AtomicU64; 1],
    newest: AtomicU64,
    writer: Mutex<Writer>,
    /// The thread's word of this place, and up to which generation it is fit.
    word: [AtomicU64; 1],
    seen: AtomicU64,
    /// What the thread records as overflow, and recordings begun for each generation; not
    /// watched, so that they order nothing.
    astray: atomic::AtomicU64,
    begun: [atomic::AtomicU64; 6],
    was_held: atomic::AtomicBool,
}

impl Place {
    /// A series that has counted one, which a scrape has shown.
    fn new() -> Arc<Self> {
        let place = Place {
            entry: entry::Entry::new(),
            born: [AtomicU64::new(OLD)],
            newest: AtomicU64::default(),
            writer: Mutex::new(Writer {
                live: true,
                aside: None,
                shown: 0,
                is_free: false,
            }),
            word: [AtomicU64::default()],
            seen: AtomicU64::new(OLD),
            astray: atomic::AtomicU64::default(),
            begun: Default::default(),
            was_held: atomic::AtomicBool::default(),
        };
        place.write(OLD, KEY);
        place.record(OLD);
        assert_eq!(place.scrape(), Some(1));
        Arc::new(place)
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().expect("no writer panics")
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

    /// What the series shows that is there; nothing where it is none.
    fn scrape(&self) -> Option<u64> {
        let mut writer = self.writer();
        if !writer.live && writer.aside.is_none() {
            return None;
        }
        let generation = self.generation();
        let mut value = 0;
        if generation::has_seen(&self.seen, generation) {
            value = self.word[0].load(Ordering::Acquire);
        }
        let begun = self.begun(generation);
        assert!(value <= begun, "{value} of {begun} for {generation}");
        let has_changed = value != writer.shown;
        if let Some(scrapes) = &mut writer.aside {
            if has_changed {
                self.revive(&mut writer);
                writer.shown = value;
                return Some(value);
            }
            *scrapes += 1;
            if *scrapes >= 2 {
                self.take_out(&mut writer);
            }
            return None;
        }
        self.entry.was_held();
        writer.shown = value;
        Some(value)
    }

    /// Sets the series aside, where the value is the one that was shown.
    fn let_go(&self) {
        let mut writer = self.writer();
        let is_shown = self.word[0].load(Ordering::Acquire) == writer.shown;
        if writer.live && is_shown && self.entry.set_aside() {
            writer.live = false;
            writer.aside = Some(0);
        }
    }

    fn revive(&self, writer: &mut Writer) -> u64 {
        let generation = self.entry.revive();
        writer.aside = None;
        writer.live = true;
        generation
    }

    fn take_out(&self, writer: &mut Writer) {
        let was_aside = writer.aside.take().is_some();
        if !was_aside {
            self.entry.clear();
        }
        writer.live = false;
        writer.is_free = true;
    }

    /// Finds the series of the first key, or brings it back.
    fn insert(&self) -> u64 {
        let mut writer = self.writer();
        if let Some(generation) = self.find(KEY) {
            return generation;
        }
        assert!(writer.aside.is_some(), "nobody gives it up");
        self.revive(&mut writer)
    }

    /// Gives the place to another series, where it was given up and nobody holds it.
    fn give(&self) {
        let mut writer = self.writer();
        if !writer.is_free || self.entry.is_pinned() {
            return;
        }
        generation::claim(&self.born[0], &self.newest, &[], NEW);
        self.write(NEW, OTHER);
        writer.live = true;
        writer.is_free = false;
        writer.shown = 0;
    }

    fn find(&self, key: [u64; 1]) -> Option<u64> {
        let no_tail = |_: u32, _: &[u64]| unreachable!("a short key");
        self.entry.matches(&key, no_tail)
    }

    /// Records into a series that the thread has found.
    fn record(&self, generation: u64) {
        if self.entry.version() != generation && self.generation() != generation {
            self.astray.fetch_add(1, Ordering::Relaxed);
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

    /// Records into a series that the thread has found last, of which it knows the word.
    fn record_found(&self) -> bool {
        if !self.entry.still_matches(OLD, &KEY) {
            return false;
        }
        self.begun[OLD as usize].fetch_add(1, Ordering::Relaxed);
        increment(&self.word[0]);
        true
    }

    /// Holds the series if it is there, and records into it as long as it is held.
    fn hold(&self) -> bool {
        let touch = |before| {
            if before & TOUCHED == 0 {
                self.entry.touch();
            }
        };
        if !self.entry.pin(OLD, touch) {
            return false;
        }
        self.record(OLD);
        self.entry.unpin();
        self.was_held.store(true, Ordering::Relaxed);
        true
    }
}

/// Runs a thread that records beside one that lets the series go.
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

/// Asserts that the series is there with all that was begun for it.
fn is_back(place: &Place) {
    assert_eq!(place.scrape(), Some(place.begun(OLD)));
    assert_eq!(place.find(KEY), Some(OLD));
    assert_eq!(place.astray.load(Ordering::Relaxed), 0);
}

/// A thread has found the series, and records into it when it is aside.
#[test]
fn the_next_scrape_finds_what_came_late_and_brings_the_series_back() {
    let late = |place: &Place| {
        if !place.record_found() {
            let generation = place.insert();
            place.record(generation);
        }
    };
    run(4, late, Place::let_go, is_back);
    let writer = |place: &Place| {
        place.let_go();
        place.scrape();
    };
    run(4, late, writer, is_back);
}

/// The same through a `with` that somebody has kept: it asks whether the series is there.
#[test]
fn a_series_that_is_aside_takes_what_was_meant_for_it() {
    let late = |place: &Place| place.record(OLD);
    let writer = |place: &Place| {
        place.let_go();
        place.scrape();
    };
    run(4, late, writer, is_back);
}

#[test]
fn recording_the_same_labels_brings_the_series_back_as_it_was() {
    let recorder = |place: &Place| {
        let generation = place.find(KEY).unwrap_or_else(|| place.insert());
        assert_eq!(generation, OLD);
        place.record(generation);
    };
    let writer = |place: &Place| {
        place.let_go();
        place.let_go();
    };
    run(4, recorder, writer, is_back);
}

/// A place that is given up goes to another series, while a thread still records into the old one.
#[test]
fn a_place_that_is_given_up_counts_nothing_for_the_next_series_in_it() {
    let writer = |place: &Place| {
        place.let_go();
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
            // Given up, with nobody in its place yet.
            None => assert_eq!(generation, OLD),
            Some(value) => assert_eq!(value, place.begun(generation), "for {generation}"),
        }
        if generation == NEW {
            assert_eq!(shown, Some(place.begun(NEW)));
        }
    });
}

/// What holds a series keeps it from being given up, or comes too late for it.
#[test]
fn a_series_that_is_held_is_not_given_up() {
    let recorder = |place: &Place| {
        if !place.hold() {
            place.record(OLD);
        }
    };
    run(4, recorder, Place::let_go, is_back);
    let held = |place: &Place| _ = place.hold();
    let writer = |place: &Place| {
        place.let_go();
        place.scrape();
        place.scrape();
        place.give();
    };
    run(3, held, writer, |place: &Place| {
        if place.was_held.load(Ordering::Relaxed) {
            is_back(place);
        }
    });
}
