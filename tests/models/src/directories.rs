//! Models of directories, in which a thread finds its cells of each region (the storage of one
//! metric). A directory grows, and regions are registered and dropped, while other threads scrape.

use std::sync::Arc;

use crate::{
    counters::Counters,
    run::{check, join, spawn},
    single::{count, shared, total, watch},
    storage::{layout::Layout, sync},
};

/// Two threads record for the first time, which registers the region and adds the threads.
pub fn first_recordings_of_two_threads_are_counted() {
    check(2, || {
        let region = shared(Layout::Count);
        let other = spawn({
            let region = Arc::clone(&region);
            move || count(&region)
        });
        count(&region);
        join([other]);
        assert_eq!(total(&region), 2);
        sync::end_thread();
        assert_eq!(total(&region), 2);
    });
}

/// A scrape reads a region while a thread attaches its first cells of it.
pub fn a_scrape_sees_initialised_cells() {
    check(2, || {
        let regions = [shared(Layout::Count), shared(Layout::Count)];
        count(&regions[0]);
        let scraper = spawn({
            let region = Arc::clone(&regions[1]);
            move || {
                watch(&region);
            }
        });
        count(&regions[1]);
        count(&regions[1]);
        join([scraper]);
        assert_eq!(total(&regions[1]), 2);
    });
}

/// The third region does not fit into the first directory.
pub fn a_growing_directory_loses_no_recording() {
    check(2, || {
        let regions = [
            shared(Layout::Count),
            shared(Layout::Count),
            shared(Layout::Count),
        ];
        count(&regions[0]);
        count(&regions[1]);
        let scraper = spawn({
            let region = Arc::clone(&regions[0]);
            move || _ = watch(&region)
        });
        count(&regions[2]);
        count(&regions[0]);
        join([scraper]);
        assert_eq!(regions.each_ref().map(|region| total(region)), [2, 1, 1]);
        sync::end_thread();
        assert_eq!(regions.each_ref().map(|region| total(region)), [2, 1, 1]);
    });
}

/// The directory grows after the thread has recorded into the series. The new directory must hold
/// the generation that the thread has seen, or the thread's cells would no longer count for the
/// series.
pub fn a_series_with_open_labels_does_not_decrease_when_a_directory_grows() {
    check(2, || {
        let counters = Counters::permanent();
        counters.insert(1);
        counters.count(1);
        let others = [shared(Layout::Count), shared(Layout::Count)];
        let scraper = spawn({
            let counters = Arc::clone(&counters);
            move || counters.watch()
        });
        count(&others[0]);
        count(&others[1]);
        join([scraper]);
        counters.assert_complete(&[1]);
    });
}

/// A region is dropped, and another gets its index, while the directory of a thread that has cells
/// of the dropped region grows.
pub fn a_region_with_a_reused_index_has_its_own_cells() {
    check(2, || {
        let [dropped, second, third, reusing] = [
            shared(Layout::Count),
            shared(Layout::Count),
            shared(Layout::Count),
            shared(Layout::Count),
        ];
        count(&dropped);
        count(&second);
        let other = spawn({
            let reusing = Arc::clone(&reusing);
            move || {
                // Dropping the last reference frees the cells of both threads.
                drop(dropped);
                count(&reusing);
            }
        });
        count(&third);
        count(&reusing);
        join([other]);
        assert_eq!([total(&second), total(&third), total(&reusing)], [1, 1, 2]);
        sync::end_thread();
        assert_eq!([total(&second), total(&third), total(&reusing)], [1, 1, 2]);
    });
}

/// A thread ends while a region that it has cells of is dropped.
pub fn a_region_is_dropped_while_a_thread_ends() {
    check(2, || {
        let [dropped, stays] = [shared(Layout::Count), shared(Layout::Count)];
        count(&dropped);
        count(&stays);
        let other = spawn(move || drop(dropped));
        sync::end_thread();
        join([other]);
        assert_eq!(total(&stays), 1);
    });
}
