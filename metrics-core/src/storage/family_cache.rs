//! [`FamilyCache`]: a thread's cache of the series of all metrics that the program creates while it
//! runs. [`CacheOwner`]: owns the series of one such metric.
//!
//! A declared metric has a thread-local value of its own, a [`SeriesCache`](super::SeriesCache). A
//! metric that is created at run time cannot have one, so all of them share this cache. A hit
//! replaces a search in the index of series and the check whether the thread's storage of the
//! series is ready.
//!
//! # Why a dropped metric is not read
//!
//! The cache holds addresses of parts of an owner, and does not keep the owner alive. Each entry has
//! the owner's number, which no other owner ever has. A look-up borrows an owner, and uses the
//! addresses of entries with its number only. Entries of dropped owners are never used again, until
//! others take their places.

#![allow(unsafe_code, reason = "keeps addresses of parts of an owner")]

use std::{
    cell::Cell,
    ops::Deref,
    ptr::{self, NonNull},
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    thread::LocalKey,
};

use crate::storage::{
    cached_cells::CachedCells,
    local::{ConstInit, local_storage, sealed},
    region::Region,
    thread::{detach_at_end, without_reentry},
    thread_state::Detach,
};

/// Owns a value whose parts the threads' caches hold addresses of.
///
/// The value is never borrowed mutably and never moved, so a part that was borrowed from it once
/// stays where it is until the value is dropped.
#[derive(Debug)]
pub(crate) struct CacheOwner<O>(Box<Numbered<O>>);

/// The value is the first field, so that its address needs no offset.
#[derive(Debug)]
#[repr(C)]
struct Numbered<O> {
    value: O,
    /// Differs for all owners; 0 if there are no more numbers, so that nothing is cached.
    number: u32,
}

impl<O> CacheOwner<O> {
    pub(crate) fn new(value: O) -> Self {
        // Not `sync::AtomicU32`, because the numbers only have to differ, and order no other
        // accesses.
        static LAST: AtomicU32 = AtomicU32::new(0);
        let next = |last: u32| last.checked_add(1);
        let last = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        let number = last.map_or(0, |last| last + 1);
        CacheOwner(Box::new(Numbered { value, number }))
    }

    /// The number of this owner, and 32 bits of a hash.
    #[inline(always)]
    fn tag(&self, hash: u64) -> u64 {
        u64::from(self.0.number) << 32 | u64::from(hash as u32)
    }
}

impl<O> Deref for CacheOwner<O> {
    type Target = O;

    #[inline(always)]
    fn deref(&self) -> &O {
        &self.0.value
    }
}

/// Caches series that the thread has recently used: `S` identifies a series among those of its
/// owner, and an `E` is a part of the owner that belongs to the series.
#[derive(Debug)]
pub(crate) struct FamilyCache<S: Copy + 'static, E: 'static> {
    /// Empty, or a boxed table with a power of two of sets.
    sets: Cell<&'static [Set<S, E>]>,
    /// The number of series that were not cached because their set was full.
    not_cached: Cell<u32>,
    /// Whether the thread's end will empty the cache.
    is_registered: Cell<bool>,
}

/// The number of series in a set. A series is in the set that its hash selects.
const WAYS: usize = 4;
/// The number of sets of the first table.
const FIRST_SETS: usize = 8;
/// The largest number of sets; the table then takes 24 KiB.
const MAX_SETS: usize = 128;
/// The number of series found in the index while their sets were full, of which only the last is
/// cached, in the place of another series.
///
/// A replacement is work in addition to the search in the index. With one in sixteen, a thread that
/// uses more series than fit seldom does it, and series that are used often are cached nevertheless.
const REPLACED: u32 = 16;

/// Series with the same lower bits of their hash.
#[derive(Debug)]
#[repr(align(64))]
struct Set<S: Copy, E> {
    /// The tags are together, so that a search which finds nothing loads one cache line. A tag is
    /// never 0, except that of an unused way.
    tags: [Cell<u64>; WAYS],
    entries: [Cell<Option<CacheEntry<S, E>>>; WAYS],
}

/// A series, the part of the owner, and the address of the thread's cells.
#[derive(Debug)]
struct CacheEntry<S: Copy, E> {
    part: NonNull<E>,
    cells: NonNull<[AtomicU64]>,
    series: S,
}

impl<S: Copy, E> Clone for CacheEntry<S, E> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Copy, E> Copy for CacheEntry<S, E> {}

/// A series that a look-up has found, with the part of the owner, and the thread's cells if they are
/// ready.
pub(crate) type FoundSeries<'o, S, E> = (S, &'o E, Option<CachedCells<'o, [AtomicU64]>>);

impl<S: Copy, E> ConstInit for FamilyCache<S, E> {
    const INIT: Self = FamilyCache {
        sets: Cell::new(&[]),
        not_cached: Cell::new(0),
        is_registered: Cell::new(false),
    };
}

impl<S: Copy, E> sealed::Local for FamilyCache<S, E> {
    fn cells<'r>(_: &'static LocalKey<Self>, _: &'r Region) -> Option<&'r [AtomicU64]> {
        None
    }

    fn attach(_: &'static LocalKey<Self>, _: &'static Region) {}
}

impl<S: Copy + 'static, E: 'static> Detach for LocalKey<FamilyCache<S, E>> {
    fn finds_heap_cells(&self) -> bool {
        true
    }

    fn detach(&'static self) {
        let cache = local_storage(self);
        cache.is_registered.set(false);
        cache.replace_table(&[]);
    }
}

/// Finds a series of `owner` that has this hash, and for which `is_it` returns true, in the thread's
/// cache `key`, or else with `search`, whose result is cached if the thread's cells are ready.
#[inline(always)]
pub(crate) fn find_series<'o, O, S: Copy + 'static, E: 'static>(
    key: &'static LocalKey<FamilyCache<S, E>>,
    owner: &'o CacheOwner<O>,
    hash: u64,
    is_it: impl Fn(S, &'o E) -> bool,
    search: impl for<'a> FnOnce(&'a O) -> Option<FoundSeries<'a, S, E>>,
) -> Option<FoundSeries<'o, S, E>> {
    let cache = local_storage(key);
    let tag = owner.tag(hash);
    for way in 0..WAYS {
        // Gets the set for each way, so that no reference into the table exists while `is_it` runs.
        let Some(set) = cache.set(tag) else {
            break;
        };
        if set.tags[way].get() == tag
            && let Some(entry) = set.entries[way].get()
        {
            // SAFETY: the tag contains the number of `owner`, which no other owner has: `insert`
            // took the address from a reference that `search` had found in the value of this owner.
            // `search` accepts a borrow of any length, so that the reference was valid for as long
            // as the value was borrowed. The value has neither been moved nor borrowed mutably
            // since, and is borrowed for `'o` now.
            let part = unsafe { entry.part.as_ref() };
            if is_it(entry.series, part) {
                // SAFETY: `insert` took the address from valid `CachedCells` of this thread. The
                // thread has neither ended nor given its heap cells back since, as both empty the
                // cache. The region is a part of the value of `owner`, for the reason above.
                let cells = unsafe { CachedCells::new(entry.cells) };
                return Some((entry.series, part, Some(cells)));
            }
        }
    }
    let found = search(owner)?;
    if let (series, part, Some(cells)) = found {
        insert(key, cache, tag, series, part, cells);
    }
    Some(found)
}

#[cold]
#[inline(never)]
fn insert<S: Copy + 'static, E: 'static>(
    key: &'static LocalKey<FamilyCache<S, E>>,
    cache: &FamilyCache<S, E>,
    tag: u64,
    series: S,
    part: &E,
    cells: CachedCells<'_, [AtomicU64]>,
) {
    // Owners without a number share the number 0.
    if tag >> 32 == 0 {
        return;
    }
    if !cache.is_registered.get() {
        cache.is_registered.set(detach_at_end(key));
    }
    if !cache.is_registered.get() {
        return;
    }
    let part = NonNull::from(part);
    if let Some(cells) = cells.get()
        && let Some((set, way)) = cache.way(tag, part)
    {
        set.tags[way].set(tag);
        set.entries[way].set(Some(CacheEntry {
            part,
            cells: NonNull::from(cells),
            series,
        }));
    }
}

impl<S: Copy, E> FamilyCache<S, E> {
    /// The set of the series with this tag; `None` before anything is cached.
    #[inline(always)]
    fn set(&self, tag: u64) -> Option<&Set<S, E>> {
        let sets = self.sets.get();
        sets.get(tag as usize & sets.len().wrapping_sub(1))
    }

    /// The set of the series with this tag, and the way to store the series in; `None` if it is not
    /// to be cached.
    fn way(&self, tag: u64, part: NonNull<E>) -> Option<(&Set<S, E>, usize)> {
        loop {
            if let Some(set) = self.set(tag) {
                let has_part = |entry: &Cell<Option<CacheEntry<S, E>>>| {
                    entry.get().is_some_and(|entry| entry.part == part)
                };
                // An earlier series had the same part. Its tag may be another one.
                let same = set.entries.iter().position(has_part);
                let unused = || set.tags.iter().position(|tag| tag.get() == 0);
                if let Some(way) = same.or_else(unused) {
                    return Some((set, way));
                }
            }
            if self.sets.get().len() == MAX_SETS {
                break;
            }
            without_reentry(|| self.grow())?;
        }
        let number = self.not_cached.get().wrapping_add(1);
        self.not_cached.set(number);
        let way = (number / REPLACED) as usize % WAYS;
        number
            .is_multiple_of(REPLACED)
            .then_some((self.set(tag)?, way))
    }

    /// Doubles the number of sets.
    fn grow(&self) {
        let unused = || Set {
            tags: [const { Cell::new(0) }; WAYS],
            entries: [const { Cell::new(None) }; WAYS],
        };
        let old = self.sets.get();
        let size = (2 * old.len()).max(FIRST_SETS);
        let sets: Box<[Set<S, E>]> = (0..size).map(|_| unused()).collect();
        for set in old {
            for (tag, entry) in set.tags.iter().zip(&set.entries) {
                let new = &sets[tag.get() as usize & (size - 1)];
                // Finds an unused way, because all series of the new set come from one old set.
                if let Some(way) = new.tags.iter().position(|tag| tag.get() == 0) {
                    new.tags[way].set(tag.get());
                    new.entries[way].set(entry.get());
                }
            }
        }
        self.replace_table(Box::leak(sets));
    }

    /// Sets the table and frees the old one.
    fn replace_table(&self, sets: &'static [Set<S, E>]) {
        let old = ptr::from_ref(self.sets.replace(sets));
        // SAFETY: `old` was empty, for which any address is that of an empty box, or it was leaked
        // from a box by `grow`. No reference into it is used after this call: `find_series` holds
        // none while it calls other functions, `way` and `insert` use none from before a call of
        // `grow`, and `grow` does not use `old` any more.
        drop(unsafe { Box::from_raw(old.cast_mut()) });
    }
}
