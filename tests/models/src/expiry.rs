//! Models of expiry: a series is suspended (expired but kept for a grace period), resumed or
//! removed, and its place in the index is given to another series, while a thread that has found
//! the series records into it or pins it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use crate::{
    counters::Counters,
    run::{check, join, spawn},
    series::id::SeriesId,
};

/// The key of the series that expires, and of one that gets its place.
const KEY: u64 = 1;
const OTHER: u64 = 2;

/// Runs a thread that records into a series that it has recorded into before, and another thread
/// that expires the series.
fn run(
    preemptions: usize,
    recorder: impl Fn(&Counters, SeriesId) + Send + Sync + 'static,
    writer: impl Fn(&Counters) + Send + Sync + Copy + 'static,
    after: impl Fn(&Counters) + Send + Sync + 'static,
) {
    check(preemptions, move || {
        let counters = Counters::expiring();
        let series = counters.insert(KEY);
        counters.record(series);
        counters.scrape();
        let other = spawn({
            let counters = Arc::clone(&counters);
            move || writer(&counters)
        });
        recorder(&counters, series);
        join([other]);
        after(&counters);
    });
}

/// Asserts that the series exists with all recordings.
fn assert_complete(counters: &Counters) {
    counters.assert_complete(&[KEY]);
    assert_eq!(counters.overflowed(), 0);
}

fn expire(counters: &Counters) {
    counters.expire_idle();
}

fn expire_and_scrape(counters: &Counters) {
    counters.expire_idle();
    counters.scrape();
}

pub fn a_late_recording_makes_the_next_scrape_resume_the_series() {
    let recorder = |counters: &Counters, _| {
        let series = counters.find(KEY).unwrap_or_else(|| counters.insert(KEY));
        counters.record(series);
    };
    run(3, recorder, expire, assert_complete);
    run(3, recorder, expire_and_scrape, assert_complete);
}

/// The thread records through a result of `with` that it has stored.
pub fn a_suspended_series_counts_a_late_recording() {
    run(3, Counters::record, expire, assert_complete);
    run(3, Counters::record, expire_and_scrape, assert_complete);
}

pub fn recording_the_same_labels_resumes_the_series() {
    let recorder = |counters: &Counters, series| {
        assert_eq!(counters.insert(KEY), series);
        counters.record(series);
    };
    let writer = |counters: &Counters| {
        counters.expire_idle();
        counters.expire_idle();
    };
    run(3, recorder, writer, assert_complete);
}

/// The place is given to another series while a thread still records into the old one.
pub fn a_late_recording_does_not_count_for_the_next_series_in_the_place() {
    let recorder = |counters: &Counters, series| {
        counters.record(series);
        counters.count(OTHER);
        counters.record(series);
    };
    let writer = |counters: &Counters| {
        counters.expire_idle();
        counters.scrape();
        counters.scrape();
        counters.insert(OTHER);
    };
    run(2, recorder, writer, |counters: &Counters| {
        let other = counters.find(OTHER).expect("it was inserted");
        let exposed = counters.scrape();
        assert_eq!(exposed.get(&other), Some(&counters.begun(other)));
    });
}

/// A handle pins the series before it is suspended, or finds it suspended.
pub fn a_pinned_series_does_not_expire() {
    let record_pinned = |counters: &Counters, series| {
        let is_pinned = counters.index.pin(series);
        counters.record(series);
        if is_pinned {
            counters.index.unpin(series.place);
        }
    };
    run(3, record_pinned, expire, assert_complete);
}

pub fn the_place_of_a_pinned_series_is_not_given_to_another() {
    static WAS_PINNED: AtomicBool = AtomicBool::new(false);
    let pinner = |counters: &Counters, series: SeriesId| {
        let is_pinned = counters.index.pin(series);
        WAS_PINNED.store(is_pinned, Ordering::Relaxed);
        if is_pinned {
            counters.record(series);
            counters.index.unpin(series.place);
        }
    };
    let writer = |counters: &Counters| {
        counters.expire_idle();
        counters.scrape();
        counters.scrape();
        counters.insert(OTHER);
    };
    run(2, pinner, writer, |counters: &Counters| {
        if WAS_PINNED.load(Ordering::Relaxed) {
            counters.assert_complete(&[KEY, OTHER]);
        }
    });
}
