//! The state that all threads share: lists of the running threads and of the registered regions.
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
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::storage::{
    cells::CellBlock,
    directory::{Directory, Slot, ThreadEntry},
    histogram_block::CopyBuffer,
    layout::Layout,
    region::{Region, RegionEntry},
    scalar,
};

/// The lock around the global state.
pub(super) static GLOBAL: GlobalLock = GlobalLock(Mutex::new(GlobalState {
    threads: Vec::new(),
    regions: Vec::new(),
    free_indices: Vec::new(),
    last_ticket: 0,
}));

pub(super) struct GlobalLock(Mutex<GlobalState>);

impl GlobalLock {
    /// Takes the lock. Nothing may be allocated or freed until it is released.
    pub(super) fn lock(&self) -> MutexGuard<'_, GlobalState> {
        // No code panics between two writes to the state, so a poisoned state is consistent.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the lock when the lists have capacity for `regions` more regions, one more thread, and
    /// one more free index; allocates larger lists first if they do not.
    pub(super) fn lock_with_capacity(&self, regions: usize) -> MutexGuard<'_, GlobalState> {
        loop {
            let state = self.lock();
            let new_threads = missing_capacity(&state.threads, 1);
            let new_regions = missing_capacity(&state.regions, regions);
            let new_free = missing_capacity(&state.free_indices, 1);
            if new_threads + new_regions + new_free == 0 {
                return state;
            }
            drop(state);
            let mut threads = Vec::with_capacity(new_threads);
            let mut regions = Vec::with_capacity(new_regions);
            let mut free_indices = Vec::with_capacity(new_free);
            let mut state = self.lock();
            move_into_larger(&mut state.threads, &mut threads);
            move_into_larger(&mut state.regions, &mut regions);
            move_into_larger(&mut state.free_indices, &mut free_indices);
            // The old lists, now empty, are freed without the lock.
            drop(state);
        }
    }
}

/// The capacity of a larger list that has room for `more` elements beyond those of `list`; 0 if
/// `list` has that room.
fn missing_capacity<T>(list: &Vec<T>, more: usize) -> usize {
    if list.len() + more <= list.capacity() {
        0
    } else {
        (2 * list.len()).max(list.len() + more).max(8)
    }
}

/// Replaces `list` by `larger`, which is empty, and moves its elements there; does nothing if the
/// capacity of `larger` is not larger.
fn move_into_larger<T>(list: &mut Vec<T>, larger: &mut Vec<T>) {
    if larger.capacity() > list.capacity() {
        larger.append(list);
        std::mem::swap(larger, list);
    }
}

pub(super) struct GlobalState {
    pub(super) threads: Vec<ThreadEntry>,
    /// The regions by their index in directories; `None` where the region was dropped.
    pub(super) regions: Vec<Option<RegionEntry>>,
    /// Indices of dropped regions.
    free_indices: Vec<u32>,
    /// The last ticket that a scrape has used: see [`histogram_block`](super::histogram_block).
    pub(super) last_ticket: u64,
}

impl GlobalState {
    /// Adds regions and returns the index of the first; the others follow it.
    ///
    /// Needs [capacity](GlobalLock::lock_with_capacity). Leaves `entries` empty, to be freed
    /// without the lock.
    pub(super) fn add_regions(&mut self, entries: &mut Vec<RegionEntry>) -> usize {
        if entries.len() == 1
            && let Some(free) = self.free_indices.pop()
        {
            self.regions[free as usize] = entries.pop();
            return free as usize;
        }
        let first = self.regions.len();
        self.regions.extend(entries.drain(..).map(Some));
        first
    }

    /// Removes the region with this index. Needs [capacity](GlobalLock::lock_with_capacity).
    pub(super) fn remove_region(&mut self, index: usize) -> Option<RegionEntry> {
        self.free_indices.push(index as u32);
        self.regions[index].take()
    }

    /// Takes one thread's heap block of a region out of the thread's directory; `None` if no thread
    /// has one.
    ///
    /// For a region with static cells, the addresses are taken out of all directories, and `None`
    /// is returned, as nothing must be freed.
    ///
    /// # Safety
    ///
    /// From now on no thread uses a reference to its cells of this region.
    pub(super) unsafe fn take_cells(&mut self, index: usize) -> Option<CellBlock> {
        let entry = self.regions[index].as_ref()?;
        self.threads.iter().find_map(|thread| {
            let slot = thread.slots().get(index)?;
            let cells = slot.cells.swap(ptr::null_mut(), Ordering::Relaxed);
            let first = NonNull::new(cells).filter(|_| entry.has_heap_cells)?;
            // SAFETY: the slots of a region with heap cells hold blocks of `len` cells that
            // `attach` turned into raw pointers. The swap above removed this one from the slot, so
            // that ownership is taken once; by the caller, no reference to the cells is used.
            Some(unsafe { CellBlock::from_raw(first, entry.len) })
        })
    }

    /// Each running thread's cells of a region, the newest generation the thread has seen, and the
    /// thread.
    pub(super) fn cells_of<'s>(
        &'s self,
        region: &'s Region,
    ) -> impl Iterator<Item = (&'s [AtomicU64], &'s AtomicU64, &'s ThreadEntry)> {
        let id = region.id.load(Ordering::Relaxed);
        self.threads.iter().filter_map(move |thread| {
            // SAFETY: `region` has this id and this length, and is borrowed for `'s`.
            let (cells, seen) = unsafe { cells_in(thread, id, region.len) }?;
            Some((cells, seen, thread))
        })
    }

    /// Adds the counts of the running threads to the first number of each element of `totals`,
    /// which has one element per region.
    ///
    /// Reads the first cell of each region. Regions with another layout than [`Layout::Count`] are
    /// skipped. `ids` is a buffer with enough capacity, as this must not allocate.
    pub(super) fn sum_counters<'r>(
        &self,
        regions: impl Iterator<Item = &'r Region>,
        ids: &mut Vec<u32>,
        totals: &mut [[u64; 2]],
    ) {
        // Each region is elsewhere in memory, so each load may miss the cache. Two short loops let
        // the processor wait for many cache lines at once.
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

    /// Adds the calling thread to the threads, or replaces its directory by a larger one.
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
        for (slot, entry) in thread.slots().iter().zip(&self.regions) {
            let first = slot.cells.swap(ptr::null_mut(), Ordering::Relaxed);
            let (Some(first), Some(entry)) = (NonNull::new(first), entry) else {
                continue;
            };
            // SAFETY: `attach` put the address of `len` cells there, in a block or in the static
            // storage of the calling thread. A block is freed by the owner of the address alone,
            // which is this function since the swap.
            let cells = unsafe { slice::from_raw_parts(first.as_ptr(), entry.len) };
            entry.fold(cells, slot.seen.load(Ordering::Relaxed), scratch);
            if entry.has_heap_cells {
                // SAFETY: the slots of a region with heap cells hold blocks of `len` cells that
                // `attach` turned into raw pointers. The swap above removed this one from the slot,
                // so that ownership is taken once; by the caller, no reference to cells is used.
                blocks.push(unsafe { CellBlock::from_raw(first, entry.len) });
            }
        }
        Some(thread)
    }
}

/// The count in a region's first cell; 0 if the cells have not been allocated.
#[inline(always)]
pub(super) fn count_in(cells: &[AtomicU64]) -> u64 {
    let cell = cells.first();
    cell.map_or(0, |cell| scalar::count(cell.load(Ordering::Acquire)))
}

/// A thread's cells of the region with this id, and the newest generation it has seen there.
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
    // SAFETY: `attach` put the address of all cells of the region there, at least `len` by the
    // caller. They are freed by the region's drop, which cannot run while the region is borrowed,
    // or by the thread's end, which first takes the lock; `thread` can only be borrowed under it.
    let cells = unsafe { slice::from_raw_parts(first.as_ptr(), len) };
    Some((cells, &slot.seen))
}
