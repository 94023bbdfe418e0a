//! Gives a [`Region`] (the storage of a metric or of some of its series) its index, gives places of
//! removed series to new ones, and frees all threads' cells on drop.

#![allow(
    unsafe_code,
    reason = "frees the cells of dropped regions in all threads"
)]

use std::{slice, sync::atomic::Ordering};

use crate::storage::{
    generation,
    global::GLOBAL,
    region::{Region, RegionEntry},
};

impl Region {
    /// The region's index in the threads' directories; registers the region if necessary.
    ///
    /// The registration decides whether the threads' cells are heap blocks or static thread-local
    /// storage. Returns `None` if the region is registered for the other kind.
    pub(super) fn index(&self, has_heap_cells: bool) -> Option<usize> {
        if self.id.load(Ordering::Acquire) == 0 {
            register(slice::from_ref(self), has_heap_cells);
        }
        // Acquire: pairs with the Release in `register`, so that `has_heap_cells` is known.
        let index = self.id.load(Ordering::Acquire) as usize - 1;
        (self.has_heap_cells.load(Ordering::Relaxed) == has_heap_cells).then_some(index)
    }

    /// Gives the place `series`, which another series had before, to a new series, which starts at
    /// zero.
    pub(crate) fn claim(&self, series: usize, generation: u64) {
        let _state = GLOBAL.lock();
        let shared = self.shared.get().get(series * self.width..);
        let shared = shared.and_then(|cells| cells.get(..self.width));
        let place = &self.generations()[series];
        let shared = shared.unwrap_or(&[]);
        let newest = &self.newest_generation;
        generation::claim(place, newest, self.layout, shared, generation);
        self.reset_highest_sums(series);
    }
}

/// Gives regions consecutive indices and returns the first.
///
/// Two threads may register one region at the same time if `regions` has no other; the second
/// thread then gets the index that the first has set.
pub(super) fn register(regions: &[Region], has_heap_cells: bool) -> usize {
    let entries = regions.iter().map(|region| region.entry(has_heap_cells));
    let mut entries: Vec<RegionEntry> = entries.collect();
    let mut state = GLOBAL.lock_with_capacity(regions.len());
    if let [region] = regions
        && let Some(index) = region.id.load(Ordering::Relaxed).checked_sub(1)
    {
        // Releases the lock first, because the return frees `entries`.
        drop(state);
        return index as usize;
    }
    let first = state
        .add_regions(&mut entries)
        .expect("`lock_with_capacity` returns when there is room");
    for (region, id) in regions.iter().zip(first as u32 + 1..) {
        region
            .has_heap_cells
            .store(has_heap_cells, Ordering::Relaxed);
        region.id.store(id, Ordering::Release);
    }
    first
}

/// Frees the threads' cells of regions that one call of [`register`] has registered, and frees the
/// indices of these regions.
///
/// Does nothing if the regions are not registered.
pub(super) fn unregister(regions: &mut [Region]) {
    let first = regions.first();
    let id = first.map_or(0, |region| region.id.load(Ordering::Relaxed));
    let Some(first) = (id as usize).checked_sub(1) else {
        return;
    };
    let number = regions.len();
    let mut blocks = Vec::new();
    let mut freed = 0;
    while freed < number {
        let mut state = GLOBAL.lock();
        let threads = state.threads.len();
        if threads <= blocks.capacity() {
            // SAFETY: a thread uses its cells of a region through a borrow of the region, which is
            // borrowed exclusively. The exception, `LocalBlock`, is for regions that are never
            // dropped.
            unsafe { state.take_cells(first + freed, &mut blocks) };
            freed += 1;
        }
        drop(state);
        // The lock is released while blocks are freed and memory is reserved.
        blocks.clear();
        blocks.reserve(threads);
    }
    let mut entries = Vec::with_capacity(number);
    GLOBAL.lock().remove_regions(first, number, &mut entries);
    drop(entries);
    for region in regions {
        region.id.store(0, Ordering::Relaxed);
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        unregister(slice::from_mut(self));
    }
}
