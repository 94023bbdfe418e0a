//! [`SeriesCache`]: a thread's cache of the series of one metric whose label values are not known
//! at compile time.
//!
//! The cache is a hash table with linear probing that belongs to the thread. A hit saves most of a
//! search in the metric's index of series, which all threads share, and the check whether the
//! thread's storage of the series is ready.

#![allow(unsafe_code, reason = "owns a table that it hands out references to")]

use std::{
    cell::Cell,
    ptr::{self, NonNull},
    sync::atomic::AtomicU64,
    thread::LocalKey,
};

use crate::storage::{
    cached_cells::CachedCells,
    local::{ConstInit, local_storage, sealed},
    region::Region,
    thread::{detach_at_end, without_reentry},
    thread_state::Detach,
};

/// Caches the series (`T`) that the thread has recently used, each with the address of its `N`
/// cells in the thread's storage.
///
/// A thread that has more than [`MAX_CACHED`] series to cache stops caching, unless many of them
/// were removed. The reason is that a larger table would take most of the processor's first-level
/// cache, and a hit would cost as much as a search in the index.
#[derive(Debug)]
#[doc(hidden)]
pub struct SeriesCache<T: Copy + 'static, const N: usize> {
    /// The slot of the series used last.
    last: Cell<Option<&'static CacheSlot<T, N>>>,
    /// Empty, or a boxed table with a power of two of slots, at most a quarter of them used.
    slots: Cell<&'static [CacheSlot<T, N>]>,
    used: Cell<usize>,
    /// Whether the last two long look-ups found the same series: see [`find`](Self::find).
    is_repeated: Cell<bool>,
    has_given_up: Cell<bool>,
    /// Whether the thread's end will empty the cache.
    is_registered: Cell<bool>,
}

type CacheSlot<T, const N: usize> = Cell<Option<CacheEntry<T, N>>>;

/// A series, and the address of the thread's cells of it.
#[derive(Clone, Copy, Debug)]
struct CacheEntry<T, const N: usize> {
    series: T,
    cells: NonNull<[AtomicU64; N]>,
}

/// The largest number of series of one metric that a thread caches; the table then takes 16 KiB.
const MAX_CACHED: usize = 128;
/// The number of slots of the first table.
const FIRST_SLOTS: usize = 32;

impl<T: Copy, const N: usize> ConstInit for SeriesCache<T, N> {
    const INIT: Self = SeriesCache {
        last: Cell::new(None),
        slots: Cell::new(&[]),
        used: Cell::new(0),
        is_repeated: Cell::new(false),
        has_given_up: Cell::new(false),
        is_registered: Cell::new(false),
    };
}

impl<T: Copy + 'static, const N: usize> sealed::Local for SeriesCache<T, N> {
    fn cells<'r>(_: &'static LocalKey<Self>, _: &'r Region) -> Option<&'r [AtomicU64]> {
        None
    }

    fn attach(_: &'static LocalKey<Self>, _: &'static Region) {}
}

impl<T: Copy + 'static, const N: usize> Detach for LocalKey<SeriesCache<T, N>> {
    fn finds_heap_cells(&self) -> bool {
        true
    }

    fn detach(&'static self) {
        let cache = local_storage(self);
        cache.is_registered.set(false);
        cache.clear();
    }
}

impl<T: Copy + 'static, const N: usize> SeriesCache<T, N> {
    /// Calls `is_it` with the series used last; if that returns `Some`, returns it with the
    /// thread's cells.
    #[inline(always)]
    pub(crate) fn last<R>(
        &self,
        is_it: impl FnOnce(&T) -> Option<R>,
    ) -> Option<(R, CachedCells<'static, [AtomicU64; N]>)> {
        let entry = self.last.get()?.get()?;
        Some((is_it(&entry.series)?, entry.cached_cells()))
    }

    /// Whether the last [`find`](Self::find) with `notes_repetition` found the series used before, so
    /// that the next look-up is likely to find it again.
    #[inline(always)]
    pub(crate) fn is_repeated(&self) -> bool {
        self.is_repeated.get()
    }

    /// Calls `is_it` with each cached series on the probe path of `hash` until it returns `Some`.
    ///
    /// If `notes_repetition`, it then notes for [`is_repeated`](Self::is_repeated) whether it found
    /// the series used last.
    #[inline(always)]
    pub(crate) fn find<R>(
        &self,
        hash: u64,
        notes_repetition: bool,
        is_it: impl Fn(&T) -> Option<R>,
    ) -> Option<(R, CachedCells<'static, [AtomicU64; N]>)> {
        let slots = self.slots.get();
        let mut at = hash as usize;
        // The loop ends, because most slots are unused.
        loop {
            let slot = slots.get(at & slots.len().wrapping_sub(1))?;
            let entry = slot.get()?;
            if let Some(found) = is_it(&entry.series) {
                if notes_repetition {
                    let is_last = |last: &CacheSlot<T, N>| ptr::eq(last, slot);
                    self.is_repeated.set(self.last.get().is_some_and(is_last));
                }
                self.last.set(Some(slot));
                return Some((found, entry.cached_cells()));
            }
            at = at.wrapping_add(1);
        }
    }

    /// A slot for a series with this hash: unused, or that of a removed series.
    fn free_slot(
        &self,
        hash: u64,
        is_removed: impl Fn(&T) -> bool,
    ) -> Option<&'static CacheSlot<T, N>> {
        if 4 * self.used.get() >= self.slots.get().len() {
            self.replace_table(&is_removed)?;
        }
        let slots = self.slots.get();
        let mut at = hash as usize;
        loop {
            let slot = &slots[at & (slots.len() - 1)];
            match slot.get() {
                Some(entry) if !is_removed(&entry.series) => at = at.wrapping_add(1),
                Some(_) => return Some(slot),
                None => {
                    self.used.set(self.used.get() + 1);
                    return Some(slot);
                }
            }
        }
    }

    /// Replaces the table, of which a quarter is used, by an empty one, which is larger unless many
    /// of the cached series were removed.
    ///
    /// Returns `None` if the thread stops caching, or if this recording comes from an allocator
    /// that a cold path of this thread has called.
    fn replace_table(&self, is_removed: impl Fn(&T) -> bool) -> Option<()> {
        let is_removed = |slot: &&CacheSlot<T, N>| {
            let entry = slot.get();
            entry.is_some_and(|entry| is_removed(&entry.series))
        };
        let slots = self.slots.get();
        let size = if slots.iter().filter(is_removed).count() > slots.len() / 8 {
            slots.len()
        } else {
            (2 * slots.len()).max(FIRST_SLOTS)
        };
        if size > 4 * MAX_CACHED {
            self.has_given_up.set(true);
            without_reentry(|| self.clear());
            return None;
        }
        without_reentry(|| {
            let slots: Box<[CacheSlot<T, N>]> = (0..size).map(|_| Cell::new(None)).collect();
            // Discards the old table: its series are cached again when they are next found in the
            // index.
            self.clear();
            self.slots.set(Box::leak(slots));
        })
    }

    /// Empties the cache and frees the table.
    fn clear(&self) {
        self.last.set(None);
        self.used.set(0);
        let slots = ptr::from_ref(self.slots.replace(&[]));
        // SAFETY: `slots` was empty, for which any address is that of an empty box, or it was
        // leaked from a box by `replace_table`. `last` held the only reference that outlives a
        // call, and no caller in this file uses a slot from before the call.
        drop(unsafe { Box::from_raw(slots.cast_mut()) });
    }
}

impl<T, const N: usize> CacheEntry<T, N> {
    #[inline(always)]
    fn cached_cells(&self) -> CachedCells<'static, [AtomicU64; N]> {
        // SAFETY: `insert` took the address from `CachedCells` of this thread. The thread has
        // neither ended nor given its heap cells back since, as both empty the cache.
        unsafe { CachedCells::new(self.cells) }
    }
}

/// Caches a series that was found in the index, together with this thread's cells if they are
/// [`ready`](super::Regions::ready).
///
/// `cache` is this thread's value of `key`.
#[inline(always)]
pub(crate) fn cache_series<T: Copy + 'static, const N: usize>(
    key: &'static LocalKey<SeriesCache<T, N>>,
    cache: &SeriesCache<T, N>,
    hash: u64,
    series: T,
    cells: Option<CachedCells<'static, [AtomicU64; N]>>,
    is_removed: impl Fn(&T) -> bool,
) {
    if let Some(cells) = cells
        && !cache.has_given_up.get()
    {
        insert(key, cache, hash, series, cells, is_removed);
    }
}

#[cold]
#[inline(never)]
fn insert<T: Copy + 'static, const N: usize>(
    key: &'static LocalKey<SeriesCache<T, N>>,
    cache: &SeriesCache<T, N>,
    hash: u64,
    series: T,
    cells: CachedCells<'static, [AtomicU64; N]>,
    is_removed: impl Fn(&T) -> bool,
) {
    if !cache.is_registered.get() {
        cache.is_registered.set(detach_at_end(key));
    }
    if cache.is_registered.get()
        && let Some(slot) = cache.free_slot(hash, is_removed)
    {
        slot.set(Some(CacheEntry {
            series,
            cells: cells.address(),
        }));
        cache.last.set(Some(slot));
    }
}
