//! Finds the cells (64-bit words of storage) for a recording: this thread's cells, which the thread
//! may have to attach first, or cells that all threads share. Passes them to a closure `op`.
//!
//! A function with a parameter `on_first` calls it before `op` if it does not find cells of this
//! thread.
//!
//! [`observe`] and [`observe_twice`] record one observation into the cells of a histogram.

use std::{sync::atomic::Ordering, thread::LocalKey};

use crate::storage::sync::AtomicU64;
use crate::storage::{
    generation,
    global::GLOBAL,
    histogram_block::{self, MAX_NANOS, Overflow, Sum},
    local::{LocalStorage, attach, sealed},
    region::Region,
    thread::{RaisedFlag, answer_request, attach_block, lock_out_scrapes},
    thread_state,
};

/// Records into this thread's cells of a metric or function whose label values are known at compile
/// time. `key` is the thread-local value declared for the metric or function.
#[inline(always)]
pub(crate) fn record_local<L: LocalStorage>(
    key: &'static LocalKey<L>,
    region: &'static Region,
    on_first: impl FnOnce(),
    op: impl FnOnce(&[AtomicU64]),
) {
    match sealed::Local::cells(key, region) {
        Some(cells) => op(cells),
        None => record_local_cold(key, region, on_first, op),
    }
}

/// Like [`record_local`], but only if this thread's cells are attached; else returns `None`.
///
/// For a long `op`: [`record_local`] calls `op` in two places, so the compiler would not inline it
/// there.
#[inline(always)]
pub(crate) fn try_record_local<L: LocalStorage, R>(
    key: &'static LocalKey<L>,
    region: &'static Region,
    op: impl FnOnce(&[AtomicU64]) -> R,
) -> Option<R> {
    sealed::Local::cells(key, region).map(op)
}

#[cold]
#[inline(never)]
fn record_local_cold<L: LocalStorage>(
    key: &'static LocalKey<L>,
    region: &'static Region,
    on_first: impl FnOnce(),
    op: impl FnOnce(&[AtomicU64]),
) {
    let attach = || {
        on_first();
        attach(key, region);
        sealed::Local::cells(key, region)
    };
    region.record_without_cells(0, attach, op);
}

impl Region {
    /// Records into this thread's cells, found through the directory.
    #[inline(always)]
    pub(crate) fn record(&self, on_first: impl FnOnce(), op: impl FnOnce(&[AtomicU64])) {
        match self.thread_cells() {
            Some((cells, _)) => op(cells),
            None => self.record_cold(on_first, op),
        }
    }

    #[cold]
    #[inline(never)]
    fn record_cold(&self, on_first: impl FnOnce(), op: impl FnOnce(&[AtomicU64])) {
        let attach = || {
            on_first();
            self.attach_thread_cells(None)
        };
        self.record_without_cells(0, attach, op);
    }

    /// Records into this thread's cells of a series that exists from the start, found through the
    /// directory.
    ///
    /// `attach` attaches the cells of a declared metric; `None` for a dynamic one, whose cells are
    /// a heap block that this function attaches.
    #[inline(always)]
    pub(crate) fn record_closed(
        &self,
        series: usize,
        attach: Option<fn()>,
        op: impl FnOnce(&[AtomicU64]),
    ) {
        let start = series * self.width;
        let op = |cells: &[AtomicU64]| op(&cells[start..][..self.width]);
        match self.thread_cells() {
            Some((cells, _)) => op(cells),
            None => self.record_without_cells(0, || self.attach_thread_cells(attach), op),
        }
    }

    /// This thread's cells of a series whose label values are not known at compile time; `None` if
    /// [`record_open`](Self::record_open) must be used. See also [`Regions::ready`].
    ///
    /// [`Regions::ready`]: super::Regions::ready
    #[inline(always)]
    pub(crate) fn ready(&self, series: usize, generation: u64) -> Option<&[AtomicU64]> {
        let (cells, seen) = self.thread_cells()?;
        let cells = cells.get(series * self.width..)?.get(..self.width)?;
        (seen >= generation).then_some(cells)
    }

    /// Records into a series whose label values are not known at compile time and whose cells are
    /// not [`ready`](Self::ready).
    #[cold]
    #[inline(never)]
    pub(crate) fn record_open(
        &self,
        series: usize,
        generation: u64,
        op: impl FnOnce(&[AtomicU64]),
    ) {
        let op = |cells: &[AtomicU64]| {
            // Drops the recording if another series has claimed the place, because the cells may
            // already count for that series.
            if self.generation(series) == generation {
                op(&cells[series * self.width..][..self.width]);
            }
        };
        match self.thread_cells() {
            Some((cells, _)) => {
                self.catch_up_thread(cells, generation);
                op(cells);
            }
            None => self.record_without_cells(generation, || self.attach_thread_cells(None), op),
        }
    }

    /// Zeroes this thread's cells of places that new series have claimed, unless the thread has
    /// seen `generation`.
    fn catch_up_thread(&self, cells: &[AtomicU64], generation: u64) {
        let index = self.id.load(Ordering::Relaxed).wrapping_sub(1);
        if let Some(slot) = thread_state::slots().get(index as usize) {
            self.catch_up(cells, &slot.seen, generation, thread_state::start_epoch);
        }
    }

    /// Zeroes cells, which only this thread may write now, of places that new series have claimed,
    /// unless `seen` shows that they are valid for `generation`.
    ///
    /// Does not change other cells: until a thread has seen the generation of a new series, its
    /// cells do not count for that series. `generation` was read from the index of series. `seen`
    /// and `forget` are those of [`generation::catch_up`].
    #[inline]
    fn catch_up(&self, cells: &[AtomicU64], seen: &AtomicU64, generation: u64, forget: fn()) {
        if seen.load(Ordering::Relaxed) < generation {
            self.catch_up_cold(cells, seen, generation, forget);
        }
    }

    #[cold]
    #[inline(never)]
    fn catch_up_cold(&self, cells: &[AtomicU64], seen: &AtomicU64, generation: u64, forget: fn()) {
        let catch_up = || {
            let generations = self.generations();
            let newest = &self.newest_generation;
            generation::catch_up(
                generations,
                newest,
                generation,
                self.layout,
                cells,
                seen,
                forget,
            );
        };
        if self.layout.has_resets() {
            // Zeroing the cells also removes the marks of series that are about to be reset, so
            // `mark` sets them again before a scrape can run.
            lock_out_scrapes(|| {
                catch_up();
                self.mark(cells);
            });
        } else {
            catch_up();
        }
    }

    /// Attaches this thread's cells; `None` if the thread cannot have cells.
    #[cold]
    #[inline(never)]
    fn attach_thread_cells(&self, attach: Option<fn()>) -> Option<&[AtomicU64]> {
        match attach {
            Some(attach) => attach(),
            None => {
                attach_block(self)?;
            }
        }
        let (cells, _) = self.thread_cells()?;
        Some(cells)
    }

    /// Records for a thread that has no cells of this region: into a stripe if the region is
    /// crowded, else into the cells that `attach` attaches, and into the shared cells if it cannot.
    ///
    /// `generation` is that of the series, or 0 if the region's series exist from the start.
    #[inline]
    fn record_without_cells<'r>(
        &'r self,
        generation: u64,
        attach: impl FnOnce() -> Option<&'r [AtomicU64]>,
        op: impl FnOnce(&[AtomicU64]),
    ) {
        if let Some(stripe) = self.borrow_stripe() {
            // Forgets nothing, because no reference to a stripe's cells is kept.
            self.catch_up(stripe.cells(), stripe.seen(), generation, || ());
            return op(stripe.cells());
        }
        match attach() {
            Some(cells) => {
                // New cells are zero, but `generation` may be newer than what they have seen.
                self.catch_up_thread(cells, generation);
                op(cells);
            }
            None => self.record_late(op),
        }
    }

    /// Records into the shared cells under the lock.
    #[cold]
    fn record_late(&self, op: impl FnOnce(&[AtomicU64])) {
        let cells = self.shared();
        let _state = GLOBAL.lock();
        let _flag = RaisedFlag::raise(|flags| &flags.holds_lock);
        op(cells);
    }
}

/// Records one observation into a histogram's block: see [`histogram_block::observe`].
#[inline(always)]
pub(crate) fn observe(block: &[AtomicU64], count: usize, sum: Sum, value: u64) {
    match histogram_block::observe(block, count, sum, value) {
        Ok(false) => {}
        // Ignores whether the observation must be repeated: that happens after a reset only, and
        // blocks without native buckets are never reset.
        Ok(true) => _ = answer_request(block),
        // `observe_after_carry` is called last in this function, so that the fast path need not
        // save registers for the call.
        Err(Overflow) => {
            _ = observe_after_carry(block, value, move |block, value| {
                histogram_block::observe(block, count, sum, value)
            });
        }
    }
}

/// Like [`observe`], for a native bucket. Returns true if the block has been emptied for a new
/// period and the observation must be repeated.
#[inline(always)]
#[must_use]
pub(crate) fn observe_native(block: &[AtomicU64], count: usize, sum: Sum, value: u64) -> bool {
    match histogram_block::observe(block, count, sum, value) {
        Ok(false) => false,
        Ok(true) => answer_request(block),
        Err(Overflow) => observe_after_carry(block, value, move |block, value| {
            histogram_block::observe(block, count, sum, value)
        }),
    }
}

/// Records one observation that is counted in a classic and in a native bucket: see
/// [`histogram_block::observe_twice`]. Returns the same as [`observe_native`].
#[inline(always)]
#[must_use]
pub(crate) fn observe_twice(
    block: &[AtomicU64],
    counts: [usize; 2],
    buckets: [usize; 2],
    sum: Sum,
    value: u64,
) -> bool {
    match histogram_block::observe_twice(block, counts, buckets, sum, value) {
        Ok(false) => false,
        Ok(true) => answer_request(block),
        Err(Overflow) => observe_after_carry(block, value, move |block, value| {
            histogram_block::observe_twice(block, counts, buckets, sum, value)
        }),
    }
}

/// Records an observation whose nanoseconds do not fit into the sum's cell.
#[cold]
#[inline(never)]
fn observe_after_carry(
    block: &[AtomicU64],
    nanos: u64,
    observe: impl FnOnce(&[AtomicU64], u64) -> Result<bool, Overflow>,
) -> bool {
    lock_out_scrapes(|| histogram_block::carry(block));
    matches!(observe(block, nanos.min(MAX_NANOS)), Ok(true)) && answer_request(block)
}

/// Empties a block, and returns true, if a reset has closed it; called under the lock by the thread
/// that records into the block, between two observations.
pub(crate) fn reopen_if_closed(block: &[AtomicU64]) -> bool {
    let is_closed = histogram_block::is_closed(block);
    if is_closed {
        histogram_block::reopen(block);
    }
    is_closed
}
