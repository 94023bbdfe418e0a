//! Models of threads that end, and of recordings after their end (late recordings), while others
//! scrape.

use std::sync::Arc;

use crate::{
    run::{check, join, spawn},
    single::{HISTOGRAM, consistent, observe_in, shared, values},
    storage::{Region, layout::Layout, scalar::increment, sync},
};

/// Adds 1 to the cell at a position.
fn add(region: &Region, at: usize) {
    region.record_closed(0, None, |cells| increment(&cells[at]));
}

pub fn late_recordings_of_two_threads_are_counted() {
    check(2, || {
        let region = shared(Layout::Count);
        let record = |region: &Region| {
            add(region, 0);
            sync::end_thread();
            add(region, 0);
        };
        let other = spawn({
            let region = Arc::clone(&region);
            move || record(&region)
        });
        record(&region);
        join([other]);
        assert_eq!(values(&region), [4]);
    });
}

pub fn a_total_does_not_decrease_while_a_thread_ends() {
    check(3, || {
        let region = shared(Layout::Count);
        add(&region, 0);
        let scraper = spawn({
            let region = Arc::clone(&region);
            move || {
                let (first, second) = (values(&region)[0], values(&region)[0]);
                assert!(
                    1 <= first && first <= second && second <= 2,
                    "{first}, {second}"
                );
            }
        });
        sync::end_thread();
        add(&region, 0);
        join([scraper]);
        assert_eq!(values(&region), [2]);
    });
}

/// The increment is in the thread's cells, the decrement is late.
pub fn an_up_down_counter_is_never_below_zero() {
    check(3, || {
        let region = shared(Layout::UpDown);
        let scraper = spawn({
            let region = Arc::clone(&region);
            move || {
                let read = values(&region);
                assert!(read[0] >= read[1], "{read:?}");
            }
        });
        add(&region, 0);
        add(&region, 1);
        sync::end_thread();
        add(&region, 0);
        add(&region, 1);
        join([scraper]);
        assert_eq!(values(&region), [2, 2]);
    });
}

/// The increment is in the cells of one thread, the decrement in those of another.
pub fn an_up_down_counter_that_another_thread_decrements_is_never_below_zero() {
    check(2, || {
        let region = shared(Layout::UpDown);
        let is_up = Arc::new(sync::AtomicBool::new(false));
        let scraper = spawn({
            let region = Arc::clone(&region);
            move || {
                let read = values(&region);
                assert!(read[0] >= read[1], "{read:?}");
            }
        });
        let down = spawn({
            let (region, is_up) = (Arc::clone(&region), Arc::clone(&is_up));
            move || {
                if is_up.load(std::sync::atomic::Ordering::Acquire) {
                    add(&region, 1);
                }
            }
        });
        add(&region, 0);
        is_up.store(true, std::sync::atomic::Ordering::Release);
        join([scraper, down]);
    });
}

pub fn a_histogram_is_consistent_while_a_thread_ends() {
    check(2, || {
        let region = shared(HISTOGRAM);
        observe_in(&region, 0);
        let scraper = spawn({
            let region = Arc::clone(&region);
            move || {
                let (first, second) = (consistent(&region), consistent(&region));
                assert!(1 <= first && first <= second && second <= 3);
            }
        });
        observe_in(&region, 1);
        sync::end_thread();
        observe_in(&region, 0);
        join([scraper]);
        assert_eq!(consistent(&region), 3);
    });
}
