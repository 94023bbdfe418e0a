//! Loom model of generations, the numbers of series that use the same storage one after the other:
//! a thread records while a writer gives the storage of a series to another series and a scrape
//! sums the threads.
//!
//! `claim`, `catch_up`, `has_seen`, the entry and the additions are the real code. The storage's
//! code that reaches cells through pointers is copied here in a simple form, with the same atomic
//! operations and orderings, for the storage of one metric in one thread: `attach` (as
//! `first_touch`), `Region::{ready, record_open, caught_up_cells, record_late}`,
//! `GlobalState::sum_scalars` (as `scrape`), `RegionEntry::fold` and `GlobalState::remove_thread`
//! (as `end`); and the metrics' `record_open` (as `record`).

use std::sync::{
    Arc,
    atomic::{self, Ordering},
};

use loom::{sync::Mutex, thread};

use crate::{
    series::entry::{self, Removal},
    storage::{
        atomic::Atomic,
        generation,
        model::loom_atomic::{AtomicU32, AtomicU64, check},
        scalar::{add_count, increment},
    },
};

/// The place that is given to another series, and one that is not.
const SHARED: usize = 0;
const QUIET: usize = 1;

/// The generations of the first series in `SHARED`, of the series in `QUIET`, and of the second in
/// `SHARED`.
const OLD: u64 = 3;
const STAYS: u64 = 5;
const NEW: u64 = 7;

#[derive(Default)]
struct Thread {
    is_listed: AtomicU64,
    seen: AtomicU64,
    words: [AtomicU64; 2],
    has_ended: atomic::AtomicBool,
}

struct Region {
    entries: [entry::Entry<AtomicU64, AtomicU32>; 2],
    generations: [AtomicU64; 2],
    newest: AtomicU64,
    shared: [AtomicU64; 2],
    lock: Mutex<()>,
    thread: Thread,
    /// Recordings begun for each generation. Atomics of the standard library, which loom does not
    /// see, so that they order nothing.
    begun: [atomic::AtomicU64; 8],
}

impl Region {
    fn new() -> Arc<Self> {
        let region = Region {
            entries: [entry::Entry::new(), entry::Entry::new()],
            generations: [AtomicU64::new(OLD), AtomicU64::new(STAYS)],
            newest: AtomicU64::default(),
            shared: Default::default(),
            lock: Mutex::new(()),
            thread: Thread::default(),
            begun: Default::default(),
        };
        region.write(SHARED, OLD);
        region.write(QUIET, STAYS);
        Arc::new(region)
    }

    /// Writes a series' entry; the model uses the generation as its key.
    fn write(&self, place: usize, generation: u64) {
        let no_tail = || unreachable!("a short key");
        self.entries[place].write(generation, &[generation], no_tail);
    }

    /// Gives the place of the old series to the new one.
    fn replace(&self) {
        self.entries[SHARED].remove(Removal::Requested);
        {
            let _state = self.lock.lock();
            let (born, words) = (&self.generations[SHARED], &self.shared[SHARED..=SHARED]);
            generation::claim(born, &self.newest, words, NEW);
        }
        self.write(SHARED, NEW);
    }

    fn generation(&self, place: usize) -> u64 {
        self.generations[place].load(Ordering::Relaxed)
    }

    fn own(&self) -> Option<u64> {
        let is_listed = self.thread.is_listed.load(Ordering::Relaxed) == 1;
        is_listed.then(|| self.thread.seen.load(Ordering::Relaxed))
    }

    fn first_touch(&self) -> Option<u64> {
        if self.thread.has_ended.load(Ordering::Relaxed) {
            return None;
        }
        let newest = self.newest.load(Ordering::Acquire);
        self.thread.seen.store(newest, Ordering::Relaxed);
        self.thread.is_listed.store(1, Ordering::Release);
        self.own()
    }

    fn caught_up(&self, generation: u64) -> Option<&[AtomicU64; 2]> {
        let (words, seen) = (&self.thread.words, &self.thread.seen);
        if self.own().or_else(|| self.first_touch())? < generation {
            let (born, newest) = (&self.generations, &self.newest);
            generation::catch_up(born, newest, generation, words, seen, || ());
        }
        Some(words)
    }

    /// Looks a series up by its key and records into it.
    fn count(&self, place: usize, generation: u64) {
        let found = self.entries[place].matches(&[generation], |_, _| unreachable!("a short key"));
        if found.is_some() {
            self.record(place, generation);
        }
    }

    fn record(&self, place: usize, generation: u64) {
        if self.entries[place].version() != generation {
            return;
        }
        self.begun[generation as usize].fetch_add(1, Ordering::Relaxed);
        match self.own() {
            Some(seen) if seen >= generation => increment(&self.thread.words[place]),
            _ => self.record_open(place, generation),
        }
    }

    fn record_open(&self, place: usize, generation: u64) {
        let op = |words: &[AtomicU64; 2]| {
            if self.generation(place) == generation {
                increment(&words[place]);
            }
        };
        if let Some(words) = self.caught_up(generation) {
            op(words);
        } else {
            let _state = self.lock.lock();
            op(&self.shared);
        }
    }

    /// The generation of the series in a place, and its total.
    fn scrape(&self, place: usize) -> (u64, u64) {
        let _state = self.lock.lock();
        let generation = self.generation(place);
        let mut sum = self.shared[place].load(Ordering::Relaxed);
        if self.thread.is_listed.load(Ordering::Acquire) == 1
            && generation::has_seen(&self.thread.seen, generation)
        {
            sum += self.thread.words[place].load(Ordering::Acquire);
        }
        let begun = self.begun[generation as usize].load(Ordering::Relaxed);
        assert!(sum <= begun, "{sum} of {begun} for {generation}");
        (generation, sum)
    }

    /// Scrapes twice and asserts that the total does not decrease.
    fn watch(&self, place: usize) {
        let (before, first) = self.scrape(place);
        let (after, second) = self.scrape(place);
        assert!(before != after || first <= second, "{second} after {first}");
    }

    /// Asserts that the series that are there in the end have all of their recordings.
    fn account(&self) {
        for (place, series) in [(SHARED, NEW), (QUIET, STAYS)] {
            let begun = self.begun[series as usize].load(Ordering::Relaxed);
            assert_eq!(self.scrape(place), (series, begun));
        }
    }

    /// Ends the thread.
    fn end(&self) {
        self.thread.has_ended.store(true, Ordering::Relaxed);
        let _state = self.lock.lock();
        if self.thread.is_listed.load(Ordering::Relaxed) == 0 {
            return;
        }
        let seen = self.thread.seen.load(Ordering::Relaxed);
        let words = self.thread.words.iter().zip(&self.shared);
        for ((from, into), born) in words.zip(&self.generations) {
            if born.load(Ordering::Relaxed) <= seen {
                add_count(into, Atomic::load(from, Ordering::Relaxed));
            }
        }
        self.thread.is_listed.store(0, Ordering::Relaxed);
    }
}

/// Runs a thread that records, one that replaces the series, and scrapes.
fn run(
    preemptions: usize,
    before: impl Fn(&Region) + Send + Sync + 'static,
    recorder: impl Fn(&Region) + Send + Sync + Copy + 'static,
    scrapes: impl Fn(&Region) + Send + Sync + 'static,
) {
    check(preemptions, move || {
        let region = Region::new();
        before(&region);
        let writer = thread::spawn({
            let region = Arc::clone(&region);
            move || region.replace()
        });
        let recorder = thread::spawn({
            let region = Arc::clone(&region);
            move || recorder(&region)
        });
        scrapes(&region);
        writer.join().expect("the writer ends");
        recorder.join().expect("the recorder ends");
        region.account();
        region.end();
        region.account();
    });
}

#[test]
fn a_recording_does_not_count_for_the_next_series_in_the_place() {
    let before = |region: &Region| region.count(SHARED, OLD);
    let recorder = |region: &Region| {
        region.count(SHARED, OLD);
        region.count(SHARED, NEW);
    };
    run(3, before, recorder, |region| region.watch(SHARED));
}

/// A recording into another series makes the thread zero its cells in the reused place.
#[test]
fn words_are_zeroed_for_a_series_that_the_thread_has_not_looked_up() {
    let before = |region: &Region| region.count(SHARED, OLD);
    let recorder = |region: &Region| region.count(QUIET, STAYS);
    run(3, before, recorder, |region| region.watch(SHARED));
}

#[test]
fn other_series_do_not_decrease_when_a_thread_catches_up() {
    let before = |region: &Region| region.count(QUIET, STAYS);
    let recorder = |region: &Region| {
        region.count(QUIET, STAYS);
        region.count(SHARED, NEW);
        region.count(QUIET, STAYS);
    };
    run(3, before, recorder, |region| region.watch(QUIET));
}

#[test]
fn recordings_of_an_ended_thread_count_once() {
    let before = |region: &Region| {
        region.count(QUIET, STAYS);
        region.count(SHARED, OLD);
    };
    let recorder = |region: &Region| {
        region.count(SHARED, NEW);
        region.end();
        region.count(SHARED, OLD);
        region.count(SHARED, NEW);
        region.count(QUIET, STAYS);
    };
    run(2, before, recorder, |region| {
        region.watch(SHARED);
        region.watch(QUIET);
    });
}

/// A thread has found a series but has no cells that were zeroed for it; before it has them, the
/// place is given to another series.
#[test]
fn a_recording_into_a_replaced_series_is_dropped() {
    let recorder = |region: &Region| region.record(SHARED, OLD);
    run(2, |_| (), recorder, |region| region.watch(SHARED));
    let before = |region: &Region| assert!(region.first_touch().is_some());
    run(2, before, recorder, |region| region.watch(SHARED));
}
