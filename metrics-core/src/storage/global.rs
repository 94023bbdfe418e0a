//! The state that all threads share: lists of the running threads and of the storage of metrics.
//!
//! Its lock orders scrapes, recordings on cold paths, and the start and the end of threads; the
//! [module documentation](super) lists when it is taken.
//!
//! A global allocator may record, and a recording may take the lock: so nothing is allocated or
//! freed while the lock is held. Functions that need memory allocate it before they lock, and
//! return to their caller what must be freed.

#![allow(unsafe_code, reason = "reads other threads' cells")]

use std::{
    ptr::{self, NonNull},
    slice,
    sync::{Arc, OnceLock, PoisonError, atomic::Ordering},
};

use crate::storage::sync::{AtomicU64, Mutex, MutexGuard, shared_static};
use crate::storage::{
    cells::CellBlock,
    directory::{Directory, Slot, ThreadEntry},
    histogram_block::CopyBuffer,
    layout::Layout,
    region::{Region, RegionEntry},
    region_indices::RegionIndices,
    scalar,
};

shared_static! {
    /// The lock around the global state.
    pub(super) static GLOBAL: GlobalLock = GlobalLock(Mutex::new(GlobalState {
        threads: Vec::new(),
        regions: Vec::new(),
        indices: RegionIndices::new(),
        last_ticket: 0,
    }));
}

pub(super) struct GlobalLock(Mutex<GlobalState>);

impl GlobalLock {
    /// Takes the lock. Nothing may be allocated or freed until it is released.
    pub(super) fn lock(&self) -> MutexGuard<'_, GlobalState> {
        // Ignores poisoning: no code panics between two writes to the state, so the state is
        // consistent.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lock when there is room for one more thread, and, if `regions` is not 0, for that
    /// number of regions with consecutive indices; allocates larger lists first if there is not.
    pub(super) fn lock_with_capacity(&self, regions: usize) -> MutexGuard<'_, GlobalState> {
        loop {
            let state = self.lock();
            let new_threads = missing_capacity(&state.threads, state.threads.len() + 1);
            let (new_regions, new_indices) = match regions {
                0 => (0, 0),
                _ => state.missing_for_regions(regions),
            };
            if new_threads + new_regions + new_indices == 0 {
                return state;
            }
            drop(state);
            let mut threads = Vec::with_capacity(new_threads);
            let mut regions = Vec::with_capacity(new_regions);
            let mut indices = Vec::with_capacity(new_indices);
            let mut state = self.lock();
            move_into_larger(&mut state.threads, &mut threads);
            move_into_larger(&mut state.regions, &mut regions);
            state.indices.grow(&mut indices);
            // The old lists are freed without the lock.
            drop(state);
        }
    }
}

/// The binary logarithm of the length of the run of indices that `regions` regions get.
fn order_of(regions: usize) -> u32 {
    regions.next_power_of_two().ilog2()
}

/// The capacity of a larger list that has room for `len` elements; 0 if `list` has that room.
fn missing_capacity<T>(list: &Vec<T>, len: usize) -> usize {
    if len <= list.capacity() {
        0
    } else {
        (2 * list.len()).max(len).max(8)
    }
}

/// Moves the elements of `list` to `larger`, which is empty, and swaps the two lists; does nothing
/// if the capacity of `larger` is not larger.
fn move_into_larger<T>(list: &mut Vec<T>, larger: &mut Vec<T>) {
    if larger.capacity() > list.capacity() {
        larger.append(list);
        std::mem::swap(larger, list);
    }
}

pub(super) struct GlobalState {
    pub(super) threads: Vec<ThreadEntry>,
    /// The regions by their index in directories, up to the highest index in use; `None` where no
    /// region has the index.
    pub(super) regions: Vec<Option<RegionEntry>>,
    indices: RegionIndices,
    /// The last ticket that a scrape has used: see [`histogram_block`](super::histogram_block).
    pub(super) last_ticket: u64,
}

impl GlobalState {
    /// The capacities of larger lists of regions and of indices that have room for `regions` more
    /// regions; 0 for a list that has room, and for the list of regions if indices are missing.
    fn missing_for_regions(&self, regions: usize) -> (usize, usize) {
        let order = order_of(regions);
        match self.indices.lowest_free(order) {
            Some(first) => (missing_capacity(&self.regions, first + regions), 0),
            None => (0, self.indices.grown_capacity(order)),
        }
    }

    /// Adds regions and returns the index of the first; the others follow it.
    ///
    /// Needs [capacity](GlobalLock::lock_with_capacity), and does nothing without it. Leaves
    /// `entries` empty, to be freed without the lock.
    pub(super) fn add_regions(&mut self, entries: &mut Vec<RegionEntry>) -> Option<usize> {
        let (number, order) = (entries.len(), order_of(entries.len()));
        let first = self.indices.lowest_free(order)?;
        self.indices.take(first, order);
        while self.regions.len() < first + number {
            self.regions.push(None);
        }
        for (slot, entry) in self.regions[first..].iter_mut().zip(entries.drain(..)) {
            *slot = Some(entry);
        }
        Some(first)
    }

    /// Removes `number` regions that were added together, the first of which has the index `first`.
    ///
    /// Moves their entries to `entries`, which has the capacity for them, to be freed without the
    /// lock.
    pub(super) fn remove_regions(
        &mut self,
        first: usize,
        number: usize,
        entries: &mut Vec<RegionEntry>,
    ) {
        let removed = self.regions[first..][..number].iter_mut();
        entries.extend(removed.filter_map(Option::take));
        self.indices.release(first, order_of(number));
        self.regions.truncate(self.indices.used_len());
    }

    /// Takes the threads' heap blocks of a region out of their directories.
    ///
    /// Moves them to `blocks`, which has capacity for a block of each thread, to be freed without
    /// the lock. For a region with static cells, the addresses are taken out and nothing is moved.
    ///
    /// # Safety
    ///
    /// From now on no thread uses a reference to its cells of this region.
    pub(super) unsafe fn take_cells(&mut self, index: usize, blocks: &mut Vec<CellBlock>) {
        let Some(entry) = self.regions[index].as_ref() else {
            return;
        };
        for thread in &self.threads {
            let Some(slot) = thread.slots().get(index) else {
                continue;
            };
            let cells = slot.cells.swap(ptr::null_mut(), Ordering::Relaxed);
            let Some(first) = NonNull::new(cells).filter(|_| entry.stripes.is_some()) else {
                continue;
            };
            // SAFETY: the slots of a region with heap cells hold blocks of `len` cells that
            // `attach` turned into raw pointers. The swap above removed this one from the slot, so
            // that ownership is taken once. By the contract of this function, no reference to the
            // cells is used any more.
            blocks.push(unsafe { CellBlock::from_raw(first, entry.len, entry.layout) });
        }
    }

    /// Each running thread's cells of a region, and those of the [stripes](super::stripes).
    pub(super) fn cells_of<'s>(
        &'s self,
        region: &'s Region,
    ) -> impl Iterator<Item = WrittenCells<'s>> {
        let threads = self.threads.iter();
        let own = threads.filter_map(|thread| cells_of_thread(thread, region));
        own.chain(region.stripes().map(|stripe| WrittenCells {
            cells: stripe.cells(),
            seen: &stripe.seen,
            copies: &stripe.copies,
        }))
    }

    /// The cells of a region of the running thread that has this directory.
    pub(super) fn cells_with_directory<'s>(
        &'s self,
        directory: *const [Slot],
        region: &'s Region,
    ) -> Option<WrittenCells<'s>> {
        let mut threads = self.threads.iter();
        let thread = threads.find(|thread| thread.has(directory))?;
        cells_of_thread(thread, region)
    }

    /// Adds the counts of the running threads to the first number of each element of `totals`,
    /// which has one element per region.
    ///
    /// Reads the first cell of each region. Regions with another layout than [`Layout::Count`] are
    /// skipped. `ids` has capacity for all regions, because this function must not allocate.
    pub(super) fn sum_counters<'r>(
        &self,
        regions: impl Iterator<Item = &'r Region>,
        ids: &mut Vec<u32>,
        totals: &mut [[u64; 2]],
    ) {
        // Loads all ids first, because each region is elsewhere in memory, so that each load may
        // miss the cache. In two short loops, the processor waits for many cache lines at once.
        ids.clear();
        ids.extend(regions.map(|region| match region.layout {
            Layout::Count => region.id.load(Ordering::Relaxed),
            _ => 0,
        }));
        for thread in &self.threads {
            for (id, [total, _]) in ids.iter().zip(&mut *totals) {
                // SAFETY: a counter has at least one cell, and `'r`, for which the region with
                // this id is borrowed, includes this call.
                if let Some((cells, _)) = unsafe { cells_in(thread, *id, 1) } {
                    *total = total.saturating_add(count_in(cells));
                }
            }
        }
    }

    /// Adds the calling thread to the list of threads, or replaces its directory by a larger one.
    ///
    /// Needs [capacity](GlobalLock::lock_with_capacity). Returns the old directory, to be freed
    /// without the lock; the thread must already use `directory` instead.
    pub(super) fn set_directory(
        &mut self,
        old: *const [Slot],
        directory: Directory,
        copies: &Arc<OnceLock<CopyBuffer<AtomicU64>>>,
    ) -> Option<Directory> {
        let Some(thread) = self.threads.iter_mut().find(|thread| thread.has(old)) else {
            self.threads.push(ThreadEntry {
                directory,
                copies: Arc::clone(copies),
            });
            return None;
        };
        for (new, old) in directory.slots().iter().zip(thread.slots()) {
            let (cells, seen) = (&old.cells, &old.seen);
            let relaxed = Ordering::Relaxed;
            new.cells.store(cells.load(relaxed), relaxed);
            new.seen.store(seen.load(relaxed), relaxed);
        }
        Some(std::mem::replace(&mut thread.directory, directory))
    }

    /// Removes the calling thread and adds its cells to the shared ones.
    ///
    /// Moves the thread's heap cells to `blocks`, which has the capacity for them. The entry and
    /// the blocks are to be freed without the lock.
    ///
    /// # Safety
    ///
    /// The calling thread, which has this directory, uses no reference to cells from now on.
    pub(super) unsafe fn remove_thread(
        &mut self,
        directory: *const [Slot],
        blocks: &mut Vec<CellBlock>,
        scratch: &mut [u64],
    ) -> Option<ThreadEntry> {
        let mut threads = self.threads.iter();
        let at = threads.position(|thread| thread.has(directory))?;
        let thread = self.threads.swap_remove(at);
        // SAFETY: these are the slots of the calling thread. The rest is the contract of this
        // function.
        unsafe { self.fold_cells(thread.slots(), Fold::All, blocks, scratch) };
        Some(thread)
    }

    /// Adds the calling thread's cells to the shared ones and takes them out of its directory,
    /// which has these slots.
    ///
    /// Moves heap cells to `blocks`, which has the capacity for them, to be freed without the lock.
    ///
    /// # Safety
    ///
    /// The calling thread uses no reference to these cells from now on.
    pub(super) unsafe fn fold_cells(
        &self,
        slots: &[Slot],
        which: Fold,
        blocks: &mut Vec<CellBlock>,
        scratch: &mut [u64],
    ) {
        for (slot, entry) in slots.iter().zip(&self.regions) {
            let Some(entry) = entry else {
                continue;
            };
            if which == Fold::Heap && entry.stripes.is_none() {
                continue;
            }
            let first = slot.cells.swap(ptr::null_mut(), Ordering::Relaxed);
            let Some(first) = NonNull::new(first) else {
                continue;
            };
            // SAFETY: `attach` put the address of `len` cells there, in a block or in the static
            // storage of the calling thread. A block is freed by the owner of the address alone,
            // which is this function since the swap.
            let cells = unsafe { slice::from_raw_parts(first.as_ptr(), entry.len) };
            entry.fold(cells, slot.seen.load(Ordering::Relaxed), scratch);
            if let Some(stripes) = &entry.stripes {
                // SAFETY: the slots of a region with heap cells hold blocks of `len` cells that
                // `attach` turned into raw pointers. The swap above removed this one from the slot,
                // so that ownership is taken once. By the contract of this function, no reference
                // to cells is used any more.
                blocks.push(unsafe { CellBlock::from_raw(first, entry.len, entry.layout) });
                stripes.remove_owner();
            }
        }
    }
}

/// Which cells of a thread are added to the shared cells.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    /// All, when the thread ends.
    All,
    /// Those on the heap, when a running thread gives them back.
    Heap,
}

/// Cells of a region that one thread at a time records into: a running thread's own, or those of a
/// stripe.
#[derive(Clone, Copy)]
pub(super) struct WrittenCells<'s> {
    pub(super) cells: &'s [AtomicU64],
    /// The newest [`generation`](super::generation) for which the cells are valid.
    pub(super) seen: &'s AtomicU64,
    /// The buffer into which the recording thread copies blocks of histograms.
    pub(super) copies: &'s OnceLock<CopyBuffer<AtomicU64>>,
}

fn cells_of_thread<'s>(thread: &'s ThreadEntry, region: &'s Region) -> Option<WrittenCells<'s>> {
    let id = region.id.load(Ordering::Relaxed);
    // SAFETY: `region` has this id and this length, and is borrowed while the result is used.
    let (cells, seen) = unsafe { cells_in(thread, id, region.len) }?;
    Some(WrittenCells {
        cells,
        seen,
        copies: &thread.copies,
    })
}

/// The count in a region's first cell; 0 if the cells have not been allocated.
#[inline(always)]
pub(super) fn count_in(cells: &[AtomicU64]) -> u64 {
    let cell = cells.first();
    cell.map_or(0, |cell| scalar::count(cell.load(Ordering::Acquire)))
}

/// A thread's cells of the region with this id, and the newest [`generation`](super::generation)
/// for which they are valid.
///
/// The thread is borrowed from the [`GlobalState`], so the lock is held while the result is used.
///
/// # Safety
///
/// If a region has this id, it is borrowed while the result is used, and has at least `len` cells.
#[inline(always)]
unsafe fn cells_in(
    thread: &ThreadEntry,
    id: u32,
    len: usize,
) -> Option<(&[AtomicU64], &AtomicU64)> {
    // An id of 0 wraps to an index that no directory has.
    let slot = thread.slots().get((id as usize).wrapping_sub(1))?;
    // Acquire: pairs with the Release in `attach`, which stores the address after the cells were
    // initialised.
    let first = NonNull::new(slot.cells.load(Ordering::Acquire))?;
    // SAFETY: `attach` put the address of all cells of the region there. By the contract of this
    // function, these are at least `len`. They are freed by the region's drop, which cannot run
    // while the region is borrowed, or by the thread, when it ends or gives its heap cells back,
    // for which it first takes the lock; `thread` can only be borrowed under it.
    let cells = unsafe { slice::from_raw_parts(first.as_ptr(), len) };
    Some((cells, &slot.seen))
}
