//! Models of recordings through a stored result of `with`, while the series expires and is removed.

use std::sync::Arc;

use crate::{
    counters::Counters,
    run::{check, join, spawn},
    series::id::SeriesId,
    storage::sync,
};

/// The key of the series that expires, and of one that gets its place.
const KEY: u64 = 1;
const OTHER: u64 = 2;

/// Runs `before` and then `recorder` in one thread, with a series that this thread has recorded
/// into and that a scrape has read, while another thread runs `writer`.
fn run(
    preemptions: usize,
    before: impl Fn(&Counters) + Send + Sync + 'static,
    recorder: impl Fn(&Counters, SeriesId) + Send + Sync + 'static,
    writer: impl Fn(&Counters) + Send + Sync + Copy + 'static,
    after: impl Fn(&Counters, SeriesId) + Send + Sync + 'static,
) {
    check(preemptions, move || {
        let counters = Counters::expiring();
        let series = counters.insert(KEY);
        counters.record(series);
        counters.scrape();
        before(&counters);
        let other = spawn({
            let counters = Arc::clone(&counters);
            move || writer(&counters)
        });
        recorder(&counters, series);
        join([other]);
        after(&counters, series);
    });
}

/// Suspends the series, so that the next scrape but one removes it.
fn suspend(counters: &Counters) {
    counters.expire_idle();
    counters.scrape();
}

fn scrape(counters: &Counters) {
    counters.scrape();
}

/// Asserts that the recording is either in the series or in the overflow series.
fn assert_counted(counters: &Counters, series: SeriesId) {
    let exposed = counters.scrape().get(&series).copied();
    let counted = exposed.unwrap_or(1) + counters.overflowed();
    assert_eq!(counted, counters.begun(series), "{exposed:?}");
}

/// A scrape is about to remove the series.
pub fn a_recording_resumes_the_series_or_overflows() {
    run(3, suspend, Counters::record, scrape, assert_counted);
}

/// Like the model above, but the recording thread has ended, so the recording is late.
pub fn a_late_recording_resumes_the_series_or_overflows() {
    let before = |counters: &Counters| {
        suspend(counters);
        sync::end_thread();
    };
    run(3, before, Counters::record, scrape, assert_counted);
}

pub fn a_recording_overflows_while_another_series_takes_the_place() {
    let writer = |counters: &Counters| {
        counters.insert(OTHER);
    };
    let after = |counters: &Counters, _| {
        assert_eq!(counters.overflowed(), 1);
        counters.assert_complete(&[OTHER]);
    };
    run(
        3,
        Counters::expire_for_good,
        Counters::record,
        writer,
        after,
    );
    let recorder = |counters: &Counters, series| {
        counters.count(OTHER);
        counters.record(series);
        counters.count(OTHER);
    };
    run(2, Counters::expire_for_good, recorder, writer, after);
}

pub fn a_recording_into_a_series_that_the_program_removes_is_not_exposed() {
    let writer = |counters: &Counters| {
        counters.remove(KEY);
        counters.scrape();
    };
    let after = |counters: &Counters, _| {
        assert_eq!(counters.overflowed(), 0);
        assert!(counters.scrape().is_empty());
    };
    run(3, expire, Counters::record, writer, after);
}

fn expire(counters: &Counters) {
    counters.expire_idle();
}
