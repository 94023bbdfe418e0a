//! Models of generations, the numbers that tell apart the series that use one place in the index,
//! one after the other. A thread records while another gives the place to a new series, and a third
//! scrapes.

use std::sync::Arc;

use crate::{
    counters::Counters,
    run::{check, join, spawn},
    storage::{
        Reader, Region,
        histogram_block::{COUNT_OUT, Sum},
        layout::Layout,
        observe, sync,
    },
};

/// The key of the series that is removed, of the one that gets its place, and of one that stays.
const OLD: u64 = 1;
const NEW: u64 = 2;
const STAYS: u64 = 3;

/// Runs `before` and then `recorder` in one thread, while one other thread replaces the old series
/// and another one runs `scraper`.
fn run(
    preemptions: usize,
    before: impl Fn(&Counters) + Send + Sync + 'static,
    recorder: impl Fn(&Counters) + Send + Sync + 'static,
    scraper: impl Fn(&Counters) + Send + Sync + Copy + 'static,
) {
    check(preemptions, move || {
        let counters = Counters::permanent();
        counters.insert(OLD);
        counters.insert(STAYS);
        before(&counters);
        let others = [
            spawn({
                let counters = Arc::clone(&counters);
                move || {
                    counters.remove(OLD);
                    counters.insert(NEW);
                }
            }),
            spawn({
                let counters = Arc::clone(&counters);
                move || scraper(&counters)
            }),
        ];
        recorder(&counters);
        join(others);
        counters.assert_complete(&[NEW, STAYS]);
        sync::end_thread();
        counters.assert_complete(&[NEW, STAYS]);
    });
}

pub fn a_recording_does_not_count_for_the_next_series_in_the_place() {
    let recorder = |counters: &Counters| {
        counters.count(OLD);
        counters.count(NEW);
    };
    run(2, |counters| counters.count(OLD), recorder, |_| ());
    run(1, |counters| counters.count(OLD), recorder, Counters::watch);
}

/// The thread catches up because of another series than the one that was replaced.
pub fn cells_are_zeroed_for_a_series_that_the_thread_has_not_looked_up() {
    let recorder = |counters: &Counters| counters.count(STAYS);
    run(
        2,
        |counters| counters.count(OLD),
        recorder,
        |counters| {
            counters.scrape();
        },
    );
}

pub fn other_series_do_not_decrease_when_a_thread_catches_up() {
    let before = |counters: &Counters| counters.count(STAYS);
    let recorder = |counters: &Counters| {
        counters.count(NEW);
        counters.count(STAYS);
    };
    run(1, before, recorder, Counters::watch);
}

pub fn recordings_of_an_ended_thread_count_once() {
    let before = |counters: &Counters| {
        counters.count(STAYS);
        counters.count(OLD);
    };
    let recorder = |counters: &Counters| {
        sync::end_thread();
        counters.count(OLD);
        counters.count(NEW);
    };
    run(2, before, recorder, |_| ());
    run(1, before, recorder, Counters::watch);
}

/// The thread has found a series, and no cells are zeroed for the series yet when its place is
/// given to another series.
pub fn a_recording_into_a_replaced_series_is_dropped() {
    let recorder = |counters: &Counters| {
        let series = crate::series::id::SeriesId {
            place: 0,
            generation: Counters::generation(1),
        };
        counters.record(series);
    };
    run(2, |_| (), recorder, |_| ());
    run(2, |counters| counters.count(STAYS), recorder, |_| ());
}

const HISTOGRAM: Layout = Layout::Histogram {
    buckets: 2,
    sum: Sum::Nanos,
    native: None,
    has_quantiles: false,
};

/// The first recording of a thread, into its own cells or a stripe, is into a histogram whose place
/// is given to another one.
pub fn a_first_recording_into_a_replaced_histogram_is_in_no_scrape_of_the_next() {
    for owners in [1, 0] {
        sync::set_max_owners(owners);
        check(3, first_recording_into_a_replaced_histogram);
    }
}

fn first_recording_into_a_replaced_histogram() {
    let region = Arc::new(Region::open(HISTOGRAM, 1, 1));
    region.claim_first(0, 1);
    let recorder = spawn({
        let region = Arc::clone(&region);
        move || region.record_open(0, 1, |cells| observe(cells, 0, Sum::Nanos, 1))
    });
    region.claim(0, 2);
    region.read(&mut Reader::default(), [0], |_, values| {
        assert_eq!(values[COUNT_OUT], 0);
    });
    join([recorder]);
}
