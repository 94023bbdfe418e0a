//! Lends the [stripes](super::stripes) of a crowded region to threads without cells of their own.

use std::{
    ptr,
    sync::{OnceLock, atomic::Ordering},
};

use crate::storage::sync::{AtomicPtr, AtomicU32, AtomicU64, STRIPE_LISTS};
use crate::storage::{
    cells::CellBlock,
    histogram_block::CopyBuffer,
    layout::Layout,
    region::Region,
    stripes::{FREE, Stripe, Stripes, TAKEN, stripes_of},
    thread::{lock_out_scrapes, without_reentry},
    thread_state::with_flags,
};

impl Stripe {
    /// Takes the flag; `None` if another thread has it, or a recording that this one interrupts.
    #[inline]
    fn take(&self) -> Option<BorrowedStripe<'_>> {
        // Loads the address before the flag is taken, because on x86-64 no load that follows an
        // atomic read-modify-write is executed before it.
        let cells = self.cells.cells();
        // Acquire: pairs with the Release of the previous borrower. The load avoids that threads
        // which look for a free stripe write to the cache lines of those that are taken.
        if self.flag.load(Ordering::Relaxed) != FREE {
            return None;
        }
        let (success, failure) = (Ordering::Acquire, Ordering::Relaxed);
        let result = self.flag.compare_exchange(FREE, TAKEN, success, failure);
        result.ok().map(|_| BorrowedStripe::new(self, cells))
    }
}

/// A stripe that the calling thread has taken; returned on drop, also by a panic.
pub(super) struct BorrowedStripe<'r> {
    stripe: &'r Stripe,
    cells: &'r [AtomicU64],
    /// The stripe of the recording that this one interrupts, or null.
    outer: *const Stripe,
}

impl<'r> BorrowedStripe<'r> {
    /// The caller has taken the stripe, which has these cells.
    #[inline]
    fn new(stripe: &'r Stripe, cells: &'r [AtomicU64]) -> Self {
        BorrowedStripe {
            stripe,
            cells,
            outer: with_flags(|flags| flags.stripe.replace(stripe)),
        }
    }

    #[inline]
    pub(super) fn cells(&self) -> &[AtomicU64] {
        self.cells
    }

    /// The newest [`generation`](super::generation) for which the cells are valid.
    #[inline]
    pub(super) fn seen(&self) -> &AtomicU64 {
        &self.stripe.seen
    }
}

impl Drop for BorrowedStripe<'_> {
    #[inline]
    fn drop(&mut self) {
        with_flags(|flags| flags.stripe.set(self.outer));
        // Release: pairs with the Acquire of the next borrower.
        self.stripe.flag.store(FREE, Ordering::Release);
    }
}

impl Region {
    /// Takes a stripe that no thread has; adds one if there is none.
    ///
    /// Returns `None` if the region is not crowded, if the thread is exempt from the limit, or if a
    /// stripe would have to be added and this recording comes from an allocator that a cold path of
    /// this thread has called.
    #[inline]
    pub(super) fn borrow_stripe(&self) -> Option<BorrowedStripe<'_>> {
        let stripes = self.stripes.get()?;
        if !stripes.is_crowded() {
            return None;
        }
        let list = with_flags(|flags| flags.list.get());
        let first = stripes_of(stripes.lists.get(list)?).next();
        match first.and_then(Stripe::take) {
            Some(borrowed) => Some(borrowed),
            None => self.find_stripe(stripes, list),
        }
    }

    /// Searches all lists, beginning with the one that has this index.
    #[cold]
    #[inline(never)]
    fn find_stripe<'r>(&self, stripes: &'r Stripes, first: usize) -> Option<BorrowedStripe<'r>> {
        for list in (first..STRIPE_LISTS).chain(0..first) {
            let mut all = stripes_of(&stripes.lists[list]).peekable();
            let is_empty = all.peek().is_none();
            if let Some(borrowed) = all.find_map(Stripe::take) {
                with_flags(|flags| flags.list.set(list));
                return Some(borrowed);
            }
            if is_empty {
                return self.add_stripe(stripes, list);
            }
        }
        self.add_stripe(stripes, first)
    }

    /// Adds a stripe to the list with this index, and takes it.
    fn add_stripe<'r>(&self, stripes: &'r Stripes, list: usize) -> Option<BorrowedStripe<'r>> {
        let stripe = without_reentry(|| {
            let copies = OnceLock::new();
            if matches!(self.layout, Layout::Histogram { .. }) {
                copies.get_or_init(|| CopyBuffer::new(self.layout.cells(), || AtomicU64::new(0)));
            }
            let stripe = Box::new(Stripe {
                flag: AtomicU32::new(FREE),
                seen: AtomicU64::new(0),
                cells: CellBlock::zeroed(self.len, self.layout),
                copies,
                next: AtomicPtr::new(ptr::null_mut()),
            });
            stripe.flag.store(TAKEN, Ordering::Relaxed);
            // The new cells are zero, so they are valid for all series up to the newest one.
            // Acquire: pairs with the Release in `generation::claim`.
            let newest = self.newest_generation.load(Ordering::Acquire);
            stripe.seen.store(newest, Ordering::Relaxed);
            if self.layout.has_resets() {
                // A scrape sees the stripe with the marks of series that are about to be reset, or
                // not at all.
                lock_out_scrapes(|| {
                    self.mark(stripe.cells());
                    stripes.push(list, stripe)
                })
            } else {
                stripes.push(list, stripe)
            }
        })?;
        with_flags(|flags| flags.list.set(list));
        Some(BorrowedStripe::new(stripe, stripe.cells()))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        sync::mpsc,
        thread,
    };

    use super::*;
    use crate::storage::{
        Reader,
        histogram_block::{COUNT_OUT, Sum},
        observe, release_thread_storage,
        scalar::increment,
        sync,
        thread::borrowed_copies,
    };

    const HISTOGRAM: Layout = Layout::Histogram {
        buckets: 2,
        sum: Sum::Nanos,
        native: None,
        has_quantiles: false,
    };

    /// A region that has as many owners as it may, although no thread has cells of it.
    fn crowded(layout: Layout) -> Region {
        let region = Region::single(layout);
        region.index(true);
        let stripes = region.stripes.get().expect("it has heap cells");
        stripes.owners.store(stripes.max_owners, Ordering::Relaxed);
        region
    }

    fn count(region: &Region) {
        region.record_closed(0, None, |cells| increment(&cells[0]));
    }

    fn total(region: &Region) -> u64 {
        let mut total = 0;
        region.read(&mut Reader::default(), [0], |_, values| total = values[0]);
        total
    }

    fn owners(region: &Region) -> usize {
        let stripes = region.stripes.get();
        stripes.map_or(0, |stripes| stripes.owners.load(Ordering::Relaxed) as usize)
    }

    /// Starts threads that call `record` one after the other and stay; calls `run`, and then ends
    /// the threads.
    fn with_threads(number: usize, record: impl Fn() + Sync, run: impl FnOnce()) {
        thread::scope(|scope| {
            let mut running = Vec::new();
            for _ in 0..number {
                let (done, recorded) = mpsc::channel();
                let (end, ends) = mpsc::channel::<()>();
                let record = &record;
                let thread = scope.spawn(move || {
                    record();
                    done.send(()).expect("the test waits");
                    ends.recv().expect_err("the test only drops the sender");
                });
                recorded.recv().expect("the thread has recorded");
                running.push((end, thread));
            }
            run();
            for (end, thread) in running {
                drop(end);
                // Without this, the scope might end before the thread's destructors have run.
                thread.join().expect("the thread ends");
            }
        });
    }

    #[test]
    fn many_threads_that_take_turns_share_one_stripe() {
        let region = Region::single(Layout::Count);
        let max = sync::max_owners();
        with_threads(
            max + 100,
            || count(&region),
            || {
                assert_eq!(owners(&region), max);
                assert_eq!(region.stripes().count(), 1);
                assert_eq!(total(&region), max as u64 + 100);
            },
        );
        assert_eq!(owners(&region), 0);
        assert_eq!(total(&region), max as u64 + 100);
    }

    #[test]
    fn a_thread_owns_cells_once_another_has_given_its_cells_back() {
        let region = Region::single(Layout::Count);
        let release = || {
            count(&region);
            release_thread_storage();
        };
        let max = sync::max_owners();
        with_threads(
            max - 1,
            || count(&region),
            || {
                with_threads(1, release, || {
                    assert_eq!(owners(&region), max - 1);
                    with_threads(1, || count(&region), || assert_eq!(owners(&region), max));
                });
            },
        );
        assert_eq!(region.stripes().count(), 0);
        assert_eq!(total(&region), max as u64 + 1);
    }

    #[test]
    fn a_thread_that_reads_its_own_recordings_owns_cells_of_a_crowded_region() {
        let region = crowded(Layout::Count);
        let mut read = Vec::new();
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut reader = Reader::for_this_thread();
                count(&region);
                region.read(&mut reader, [0], |_, values| read = values.to_vec());
            });
        });
        assert_eq!(read, [1]);
    }

    #[test]
    fn a_stopped_borrower_delays_neither_recordings_nor_scrapes() {
        let region = crowded(HISTOGRAM);
        let record = || {
            region.record_closed(0, None, |cells| observe(cells, 0, Sum::Nanos, 1));
        };
        let observations = || {
            let mut count = 0;
            region.read(&mut Reader::default(), [0], |_, values| {
                count = values[COUNT_OUT];
            });
            count
        };
        record();
        let stopped = region.borrow_stripe().expect("it is crowded");
        thread::scope(|scope| {
            scope.spawn(|| {
                record();
                assert_eq!(observations(), 2);
            });
        });
        record();
        assert_eq!(observations(), 3);
        drop(stopped);
        assert_eq!(region.stripes().count(), 2);
    }

    #[test]
    fn a_recording_inside_of_a_borrowed_recording_takes_another_stripe() {
        let region = crowded(Layout::Count);
        region.record_closed(0, None, |cells| {
            count(&region);
            increment(&cells[0]);
            count(&region);
        });
        assert_eq!(region.stripes().count(), 2);
        assert_eq!(total(&region), 3);
    }

    #[test]
    fn a_recording_on_a_cold_path_borrows_an_existing_stripe_only() {
        let region = crowded(Layout::Count);
        without_reentry(|| count(&region));
        assert_eq!(region.stripes().count(), 0);
        count(&region);
        without_reentry(|| count(&region));
        assert_eq!(region.stripes().count(), 1);
        assert_eq!(total(&region), 3);
    }

    #[test]
    fn a_panic_returns_the_stripe() {
        let region = crowded(Layout::Count);
        let panics = || region.record_closed(0, None, |_| panic!("expected by the test"));
        assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
        assert!(borrowed_copies(&[]).is_none());
        count(&region);
        assert_eq!(region.stripes().count(), 1);
    }

    #[test]
    fn a_borrower_copies_blocks_of_the_stripe_only_into_its_buffer() {
        let region = crowded(HISTOGRAM);
        let own = Region::single(HISTOGRAM);
        let is_inside = |cells: &[AtomicU64]| borrowed_copies(cells).is_some();
        region.record_closed(0, None, |borrowed| {
            assert!(is_inside(borrowed));
            own.record_closed(0, None, |cells| assert!(!is_inside(cells)));
            region.record_closed(0, None, |inner| {
                assert!(is_inside(inner));
                assert!(!is_inside(borrowed));
            });
            assert!(is_inside(borrowed));
        });
    }

    #[test]
    fn stripes_used_at_the_same_time_are_found_in_all_lists() {
        let region = crowded(Layout::Count);
        let borrow = || region.borrow_stripe().expect("it is crowded");
        let borrowed: Vec<_> = (0..3 * STRIPE_LISTS).map(|_| borrow()).collect();
        for stripe in &borrowed {
            increment(&stripe.cells()[0]);
        }
        assert_eq!(region.stripes().count(), borrowed.len());
        assert_eq!(total(&region), borrowed.len() as u64);
        drop(borrowed);
        count(&region);
        assert_eq!(region.stripes().count(), 3 * STRIPE_LISTS);
    }
}
