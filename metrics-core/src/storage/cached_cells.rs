//! [`CachedCells`]: the address of a thread's storage of one series, valid until the thread's
//! *epoch* changes, a number that is unique to the thread. [`Regions`]: storage of consecutive
//! series of a metric, which finds such addresses.

#![allow(unsafe_code, reason = "keeps the address of cells")]

use std::{marker::PhantomData, ptr::NonNull, slice, sync::atomic::Ordering};

use crate::storage::sync::AtomicU64;
use crate::storage::{lifecycle, region::Region, thread_state};

/// The address of a thread's cells of one series, valid in one epoch of that thread.
///
/// `C` is `[AtomicU64; N]` for a series whose number of cells is known at compile time, and
/// `[AtomicU64]` for another one. `'r` is the borrow of the region that has the cells, which
/// therefore is not dropped.
#[derive(Debug)]
pub(crate) struct CachedCells<'r, C: ?Sized> {
    cells: NonNull<C>,
    epoch: u64,
    region: PhantomData<&'r Region>,
}

impl<C: ?Sized> Clone for CachedCells<'_, C> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<C: ?Sized> Copy for CachedCells<'_, C> {}

// SAFETY: `get` dereferences the address only in the thread that created the value, and `C` is a
// type of atomics.
unsafe impl<C: ?Sized + Sync> Send for CachedCells<'_, C> {}

// SAFETY: as for `Send`: `get` dereferences the address only in the thread that created the value.
unsafe impl<C: ?Sized + Sync> Sync for CachedCells<'_, C> {}

impl<C: ?Sized> CachedCells<'_, C> {
    /// Stores the address of cells together with the calling thread's current epoch.
    ///
    /// # Safety
    ///
    /// The cells are the calling thread's, in a region that is not dropped during the lifetime
    /// `'r`, and the thread has not freed them.
    #[inline(always)]
    pub(super) unsafe fn new(cells: NonNull<C>) -> Self {
        CachedCells {
            cells,
            epoch: thread_state::epoch(),
            region: PhantomData,
        }
    }

    /// The cells; `None` in another thread or another epoch.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&C> {
        if thread_state::epoch() != self.epoch {
            return None;
        }
        // SAFETY: a thread that has cells has an epoch other than 0, which no other thread ever
        // has. The epoch changes before the thread frees its cells, and the region does not free
        // them either, by the condition of `new`.
        Some(unsafe { self.cells.as_ref() })
    }
}

#[cfg(not(metrics_fallback_storage))]
impl<C: ?Sized> CachedCells<'static, C> {
    /// The address, for a cache that is emptied before the thread frees its cells.
    pub(super) fn address(&self) -> NonNull<C> {
        self.cells
    }
}

/// Regions from [`Region::open`] of the same size, with consecutive indices.
///
/// [`ready`](Self::ready) computes a region's index from that of the first region, so that it does
/// not load the region's id.
#[derive(Debug)]
pub(crate) struct Regions {
    first_index: usize,
    /// The number of cells of each region.
    len: usize,
    /// The number of cells of a series.
    width: usize,
    all: Box<[Region]>,
}

impl Regions {
    /// Makes `number` regions with `region` and registers them.
    pub(crate) fn new(number: usize, mut region: impl FnMut() -> Region) -> Self {
        let regions: Box<[Region]> = (0..number).map(|_| region()).collect();
        Regions {
            first_index: lifecycle::register(&regions, true),
            len: regions.first().map_or(0, |region| region.len),
            width: regions.first().map_or(0, |region| region.width),
            all: regions,
        }
    }

    #[inline(always)]
    pub(crate) fn get(&self, region: usize) -> &Region {
        &self.all[region]
    }

    /// This thread's cells of a series; `None` if the thread must first attach cells, or zero them
    /// for the series of this generation. `N` is the number of cells of a series.
    ///
    /// The caller has just found the series in the index. If the series is removed now, and a new
    /// series claims its place, a recording does not count for the new series: a thread's cells do
    /// not count for generations that the thread has not seen.
    #[inline(always)]
    pub(crate) fn ready<const N: usize>(
        &self,
        region: usize,
        series: usize,
        generation: u64,
    ) -> Option<CachedCells<'_, [AtomicU64; N]>> {
        let cells = self.ready_cells(region, series * N, generation)?;
        let cells = cells.first_chunk()?;
        // SAFETY: these are cells of the calling thread, which has not ended, because its directory
        // has a slot; the region is borrowed.
        Some(unsafe { CachedCells::new(NonNull::from(cells)) })
    }

    /// Like [`ready`](Self::ready), for a number of cells that is known only at run time.
    #[inline(always)]
    pub(crate) fn ready_slice(
        &self,
        region: usize,
        series: usize,
        generation: u64,
    ) -> Option<CachedCells<'_, [AtomicU64]>> {
        let cells = self.ready_cells(region, series * self.width, generation)?;
        let cells = cells.get(..self.width)?;
        // SAFETY: as in `ready`.
        Some(unsafe { CachedCells::new(NonNull::from(cells)) })
    }

    /// This thread's cells of a region from the cell `from` on, if the thread has seen this
    /// generation.
    #[inline(always)]
    fn ready_cells(&self, region: usize, from: usize, generation: u64) -> Option<&[AtomicU64]> {
        if region >= self.all.len() {
            return None;
        }
        let slot = thread_state::slots().get(self.first_index + region)?;
        let first = NonNull::new(slot.cells.load(Ordering::Relaxed))?;
        if slot.seen.load(Ordering::Relaxed) < generation {
            return None;
        }
        // SAFETY: `attach` put the address of this thread's cells of the region with this index in
        // the slot, `len` of them. They are freed by this thread, when it ends or gives its heap
        // cells back, which it cannot do here, or by the drop of the region, which is borrowed.
        let cells = unsafe { slice::from_raw_parts(first.as_ptr(), self.len) };
        cells.get(from..)
    }
}

impl Drop for Regions {
    fn drop(&mut self) {
        // Unregisters all regions at once, because their indices were allocated as one run and are
        // freed as one.
        lifecycle::unregister(&mut self.all);
    }
}

#[cfg(all(test, not(metrics_fallback_storage)))]
mod tests {
    use std::{
        cell::Cell,
        sync::{
            LazyLock,
            atomic::{AtomicBool, AtomicU64},
        },
        thread,
    };

    use super::*;
    use crate::storage::{
        layout::Layout,
        scalar::increment,
        thread::{detach_at_end, release_thread_storage},
        thread_state::Detach,
    };

    static REGIONS: LazyLock<Regions> =
        LazyLock::new(|| Regions::new(1, || Region::open(Layout::Count, 1, 1)));

    /// Looks the counter up when it is detached, as an allocator might that frees memory then.
    struct Probe;

    impl Detach for Probe {
        fn finds_heap_cells(&self) -> bool {
            true
        }

        fn detach(&'static self) {
            FOUND.set(REGIONS.ready(0, 0, 0));
        }
    }

    thread_local! {
        static FOUND: Cell<Option<CachedCells<'static, [AtomicU64; 1]>>> = const { Cell::new(None) };
        static LAST: AtEnd = const { AtEnd };
    }

    static WAS_FOUND: AtomicBool = AtomicBool::new(false);

    fn is_found_and_unusable() -> bool {
        FOUND.get().is_some_and(|found| found.get().is_none())
    }

    /// Dropped after the thread's storage, because it is used before that.
    struct AtEnd;

    impl Drop for AtEnd {
        fn drop(&mut self) {
            WAS_FOUND.store(is_found_and_unusable(), Ordering::Relaxed);
        }
    }

    fn attach() {
        REGIONS
            .get(0)
            .record_open(0, 0, |cells| increment(&cells[0]));
        assert!(detach_at_end(&Probe));
    }

    #[test]
    fn cells_that_are_cached_while_they_are_given_back_are_not_used_afterwards() {
        attach();
        release_thread_storage();
        assert!(is_found_and_unusable());
    }

    #[test]
    fn cells_that_are_cached_while_the_thread_ends_are_not_used_afterwards() {
        let ends = || {
            LAST.with(|_| ());
            attach();
        };
        thread::spawn(ends)
            .join()
            .expect("the thread does not panic");
        assert!(WAS_FOUND.load(Ordering::Relaxed));
    }
}
