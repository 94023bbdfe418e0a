//! Models of stripes, cells that threads without cells of their own borrow for one recording, and of
//! threads that give their cells back, while others scrape.

use std::sync::Arc;

use crate::{
    counters::Counters,
    run::{check, join, spawn},
    single::{HISTOGRAM, consistent, count, observe_in, shared, total, watch},
    storage::{Region, layout::Layout, release_thread_storage, sync},
};

/// Runs a model in which at most this number of threads have cells of their own of a region.
fn check_with_owners(owners: usize, preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    sync::set_max_owners(owners);
    check(preemptions, model);
}

/// Calls `run` in another thread.
fn with_region(region: &Arc<Region>, run: impl FnOnce(&Region) + 'static) -> Thread {
    let region = Arc::clone(region);
    spawn(move || run(&region))
}

type Thread = loom::thread::JoinHandle<()>;

/// Both threads add a stripe, or one of them takes the other's.
pub fn recordings_of_two_borrowers_are_counted() {
    check_with_owners(0, 2, || {
        let region = shared(Layout::Count);
        let other = with_region(&region, count);
        let scraper = with_region(&region, |region| assert!(watch(region) <= 2));
        count(&region);
        join([other, scraper]);
        assert_eq!(total(&region), 2);
    });
}

/// The stripe exists, and each thread records into it or, while the other thread has it, into
/// another one.
pub fn a_recording_of_one_borrower_is_kept_by_the_next() {
    check_with_owners(0, 3, || {
        let region = shared(Layout::Count);
        count(&region);
        let other = with_region(&region, |region| {
            count(region);
            count(region);
        });
        count(&region);
        join([other]);
        assert_eq!(total(&region), 4);
    });
}

pub fn a_histogram_is_consistent_while_two_borrowers_record() {
    check_with_owners(0, 1, || {
        let region = shared(HISTOGRAM);
        observe_in(&region, 0);
        observe_in(&region, 0);
        let other = with_region(&region, |region| observe_in(region, 1));
        let scraper = with_region(&region, |region| {
            let (first, second) = (consistent(region), consistent(region));
            assert!(2 <= first && first <= second && second <= 4);
        });
        observe_in(&region, 0);
        join([other, scraper]);
        assert_eq!(consistent(&region), 4);
    });
}

/// The scrape requests a copy as soon as an attempt to read the block fails.
pub fn a_borrower_copies_a_block_that_a_scrape_requests() {
    sync::set_direct_reads(0);
    check_with_owners(0, 2, || {
        let region = shared(HISTOGRAM);
        observe_in(&region, 0);
        observe_in(&region, 0);
        let scraper = with_region(&region, |region| {
            assert!((2..=4).contains(&consistent(region)));
        });
        observe_in(&region, 1);
        observe_in(&region, 0);
        join([scraper]);
    });
}

const OLD: u64 = 1;
const NEW: u64 = 2;

/// A borrower has looked a series up, which is then replaced, and another borrower records into the
/// series that replaces it.
pub fn a_borrower_does_not_count_for_the_next_series_in_the_place() {
    check_with_owners(0, 2, || {
        let counters = Counters::permanent();
        counters.insert(OLD);
        counters.count(OLD);
        let writer = spawn({
            let counters = Arc::clone(&counters);
            move || {
                counters.remove(OLD);
                counters.insert(NEW);
                counters.count(NEW);
            }
        });
        counters.count(OLD);
        counters.count(NEW);
        join([writer]);
        counters.assert_complete(&[NEW]);
    });
}

/// An owner ends while another thread records, as a borrower or as the next owner.
pub fn a_place_of_an_owner_that_ends_is_taken_by_a_borrower() {
    check_with_owners(1, 2, || {
        let region = shared(Layout::Count);
        count(&region);
        let other = with_region(&region, |region| {
            count(region);
            count(region);
        });
        let scraper = with_region(&region, |region| {
            assert!((1..=3).contains(&watch(region)));
        });
        sync::end_thread();
        join([other, scraper]);
        assert_eq!(total(&region), 3);
    });
}

pub fn a_total_does_not_decrease_while_a_thread_gives_its_cells_back() {
    check_with_owners(1, 3, || {
        let region = shared(Layout::Count);
        count(&region);
        let scraper = with_region(&region, |region| {
            assert!((1..=2).contains(&watch(region)));
        });
        release_thread_storage();
        count(&region);
        join([scraper]);
        assert_eq!(total(&region), 2);
        sync::end_thread();
        assert_eq!(total(&region), 2);
    });
}

/// A thread has looked a series up, with its cells, before it gives the cells back.
pub fn cached_cells_are_not_used_after_they_were_given_back() {
    check_with_owners(1, 2, || {
        let counters: &'static Counters = Box::leak(Box::new(Counters::permanent()));
        counters.insert(OLD);
        counters.count(OLD);
        let key = [OLD];
        let found = counters
            .index
            .find_cached::<1>(&key, counters.index.hash(&key));
        let (_, cells) = found.expect("the series exists");
        let cells = cells.expect("the thread has cells");
        let scraper = spawn(|| counters.watch());
        release_thread_storage();
        assert!(cells.get().is_none());
        counters.count(OLD);
        join([scraper]);
        counters.assert_complete(&[OLD]);
    });
}
