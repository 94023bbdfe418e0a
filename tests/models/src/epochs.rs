//! Models of epochs: a thread keeps the address of its cells of a series until its epoch, a number,
//! changes, while another thread gives the place of the series in the index to a new series.

use std::sync::Arc;

use crate::{
    counters::Counters,
    run::{check, join, spawn},
    series::id::{OpenCells, SeriesId},
    storage::{scalar::increment, sync},
};

const KEY: u64 = 1;
const OTHER: u64 = 2;

/// Counters that are never dropped, as cached cells require.
fn leaked(counters: Arc<Counters>) -> &'static Counters {
    Box::leak(Box::new(counters))
}

/// A series, and the calling thread's cells of it.
type Found = (SeriesId, Option<OpenCells<'static, [sync::AtomicU64; 1]>>);

/// Finds a series, and the calling thread's cells of it if they can be recorded into.
fn find(counters: &'static Counters, key: u64) -> Found {
    let index = &counters.index;
    let key = [key];
    let found = index.find_cached::<1>(&key, index.hash(&key));
    let (cached, cells) = found.expect("the series exists");
    let cells = cells.map(|cells| OpenCells::new(cached, cells));
    (cached.id, cells)
}

/// Records as a declared metric does, into a result of `with`.
fn record(counters: &Counters, (series, cells): Found, expires: bool) {
    match cells.as_ref().and_then(|cells| cells.get(series, expires)) {
        Some(cells) => {
            counters.begin(series);
            increment(&cells[0]);
        }
        None => counters.record(series),
    }
}

/// The thread looks the new series up before or after it records through the old result.
pub fn cached_cells_are_not_used_for_the_next_series_in_the_place() {
    check(2, || {
        let counters = leaked(Counters::permanent());
        counters.insert(KEY);
        counters.count(KEY);
        let kept = find(counters, KEY);
        assert!(kept.1.is_some(), "the thread has cells");
        let writer = spawn(move || {
            counters.remove(KEY);
            counters.insert(OTHER);
        });
        record(counters, kept, false);
        counters.count(OTHER);
        record(counters, kept, false);
        counters.count(OTHER);
        join([writer]);
        counters.assert_complete(&[OTHER]);
        sync::end_thread();
        record(counters, kept, false);
        counters.assert_complete(&[OTHER]);
    });
}

/// Another thread, which has the result of `with`, has its own cells.
pub fn cached_cells_are_not_used_by_another_thread() {
    check(2, || {
        let counters = leaked(Counters::permanent());
        counters.insert(KEY);
        counters.count(KEY);
        let kept = find(counters, KEY);
        let other = spawn(move || record(counters, kept, false));
        record(counters, kept, false);
        join([other]);
        counters.assert_complete(&[KEY]);
    });
}

/// A scrape is about to remove the expired series whose cells the thread has cached.
pub fn a_recording_into_cached_cells_resumes_the_series_or_overflows() {
    check(2, || {
        let counters = leaked(Counters::expiring());
        counters.insert(KEY);
        counters.count(KEY);
        let kept = find(counters, KEY);
        counters.scrape();
        counters.expire_idle();
        counters.scrape();
        let scraper = spawn(move || {
            counters.scrape();
        });
        record(counters, kept, true);
        join([scraper]);
        let exposed = counters.scrape().get(&kept.0).copied();
        assert_eq!(
            exposed.unwrap_or(1) + counters.overflowed(),
            2,
            "{exposed:?}"
        );
    });
}

/// The thread records into cached cells while the series is suspended.
pub fn a_recording_into_cached_cells_makes_the_next_scrape_resume_the_series() {
    check(3, || {
        let counters = leaked(Counters::expiring());
        counters.insert(KEY);
        counters.count(KEY);
        let kept = find(counters, KEY);
        counters.scrape();
        let writer = spawn(move || {
            counters.expire_idle();
            counters.scrape();
        });
        record(counters, kept, true);
        join([writer]);
        counters.assert_complete(&[KEY]);
    });
}
