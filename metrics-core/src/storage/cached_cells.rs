//! [`CachedCells`]: the address of a thread's storage of one series, valid until the thread's
//! *epoch* changes, a number that is unique to the thread. [`Regions`]: storage of consecutive
//! series of a metric, which finds such addresses.

#![allow(unsafe_code, reason = "keeps the address of cells")]

use std::{ptr::NonNull, slice, sync::atomic::Ordering};

use crate::storage::sync::AtomicU64;
use crate::storage::{lifecycle, region::Region, thread_state};

/// The address of a thread's cells of one series, valid in one epoch of that thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CachedCells<const N: usize> {
    /// The address, in a region that is never dropped.
    cells: NonNull<[AtomicU64; N]>,
    epoch: u64,
}

// SAFETY: `get` dereferences the address only in the thread that created the value.
unsafe impl<const N: usize> Send for CachedCells<N> {}

// SAFETY: as for `Send`: `get` dereferences the address only in the thread that created the value.
unsafe impl<const N: usize> Sync for CachedCells<N> {}

impl<const N: usize> CachedCells<N> {
    /// Stores the address of cells together with the calling thread's current epoch.
    ///
    /// # Safety
    ///
    /// The cells are the calling thread's, in a region that is never dropped, and the thread has
    /// not ended.
    #[inline(always)]
    pub(super) unsafe fn new(cells: NonNull<[AtomicU64; N]>) -> Self {
        CachedCells {
            cells,
            epoch: thread_state::epoch(),
        }
    }

    /// The cells; `None` in another thread or another epoch.
    #[inline(always)]
    pub(crate) fn get(&self) -> Option<&[AtomicU64; N]> {
        if thread_state::epoch() != self.epoch {
            return None;
        }
        // SAFETY: a thread that has cells has an epoch other than 0, which no other thread ever
        // has. The epoch changes before the thread frees its cells, and the region does not free
        // them either, by the condition of `new`.
        Some(unsafe { self.cells.as_ref() })
    }

    /// The address, for a cache that is emptied at the thread's end.
    #[cfg(not(metrics_fallback_storage))]
    pub(super) fn address(&self) -> NonNull<[AtomicU64; N]> {
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
    all: Box<[Region]>,
}

impl Regions {
    /// Makes `number` regions with `region` and registers them.
    pub(crate) fn new(number: usize, mut region: impl FnMut() -> Region) -> Self {
        let regions: Box<[Region]> = (0..number).map(|_| region()).collect();
        Regions {
            first_index: lifecycle::register(&regions, true),
            len: regions.first().map_or(0, |region| region.len),
            all: regions,
        }
    }

    #[inline(always)]
    pub(crate) fn get(&self, region: usize) -> &Region {
        &self.all[region]
    }

    /// This thread's cells of a series; `None` if the thread must first attach cells, or zero them
    /// for the series of this generation.
    ///
    /// The caller has just found the series in the index. If the series is removed now, and a new
    /// series claims its place, a recording does not count for the new series: a thread's cells do
    /// not count for generations that the thread has not seen.
    #[inline(always)]
    pub(crate) fn ready<const N: usize>(
        &'static self,
        region: usize,
        series: usize,
        generation: u64,
    ) -> Option<CachedCells<N>> {
        if region >= self.all.len() {
            return None;
        }
        let slot = thread_state::slots().get(self.first_index + region)?;
        let first = NonNull::new(slot.cells.load(Ordering::Relaxed))?;
        if slot.seen.load(Ordering::Relaxed) < generation {
            return None;
        }
        // SAFETY: `attach` put the address of this thread's cells of the region with this index in
        // the slot, `len` of them. This thread's end frees them, after it has emptied the
        // directory; the region is never dropped, as `self` is borrowed for `'static`.
        let cells = unsafe { slice::from_raw_parts(first.as_ptr(), self.len) };
        let cells = cells.get(series * N..)?.first_chunk()?;
        // SAFETY: as above; the thread has not ended, as its directory has a slot.
        Some(unsafe { CachedCells::new(NonNull::from(cells)) })
    }
}

impl Drop for Regions {
    fn drop(&mut self) {
        // Unregisters all regions at once, because their indices were allocated as one run and are
        // freed as one.
        lifecycle::unregister(&mut self.all);
    }
}
