//! Tables of hashes, which lead to the entries of an index by linear probing.
//!
//! Readers take no lock, writers take turns. A reader that meets a table being rebuilt may miss
//! what is there; whether that is possible, `rebuilds` tells, which is odd meanwhile.

use std::sync::{
    OnceLock,
    atomic::{AtomicU64, Ordering},
};

use crate::storage::atomic::Atomic;

/// A table's word for a place never used, and for one whose key was removed. Others are the
/// upper half of the hash and, below it, the place plus 1.
const EMPTY: u64 = 0;
const REMOVED: u64 = u32::MAX as u64;

/// Tables double from this size on.
const FIRST: usize = 64;

#[derive(Debug)]
pub(crate) struct Hashes<W = AtomicU64, const SIZE: usize = FIRST> {
    tables: [OnceLock<Box<[W]>>; 20],
    /// Which table is in use.
    current: W,
    /// Odd while a table is rebuilt.
    rebuilds: W,
}

impl<W: Atomic + Default, const SIZE: usize> Hashes<W, SIZE> {
    pub(crate) fn new() -> Self {
        Hashes {
            tables: [const { OnceLock::new() }; 20],
            current: W::default(),
            rebuilds: W::default(),
        }
    }

    /// Shows places of this hash, until one is what is looked for.
    #[inline(always)]
    pub(crate) fn find<T>(&self, hash: u64, mut look: impl FnMut(u32) -> Option<T>) -> Option<T> {
        let table = self.tables[self.current.load(Ordering::Acquire) as usize].get()?;
        // Bounded: a table that is being rebuilt need not have an empty place in sight.
        for slot in probes(table, hash) {
            // Acquire: the entry was written before the table led to it.
            let word = slot.load(Ordering::Acquire);
            if (word ^ hash) >> 32 == 0
                && let found @ Some(_) = look((word as u32).wrapping_sub(1))
            {
                return found;
            }
            if word == EMPTY {
                return None;
            }
        }
        None
    }

    /// Whether it is certain that something is not there: it was not found, and not because of a
    /// rebuild.
    pub(crate) fn lacks(&self, find: impl FnOnce() -> bool) -> bool {
        // Acquire: the table that was rebuilt last is seen whole.
        let before = self.rebuilds.load(Ordering::Acquire);
        let found = find();
        !found && before & 1 == 0 && self.rebuilds.load(Ordering::Relaxed) == before
    }

    /// The table in use, as writers see it.
    fn table(&self) -> &[W] {
        let table = self.tables[self.current.load(Ordering::Relaxed) as usize].get();
        table.map_or(&[], |table| table)
    }

    /// How many places there are.
    pub(crate) fn size(&self) -> usize {
        self.table().len()
    }

    /// Leads to an entry; true when this took a place that had never been used.
    pub(crate) fn put(&self, hash: u64, place: u32) -> bool {
        put(self.table(), hash, place)
    }

    /// Leads no more to an entry.
    pub(crate) fn remove(&self, hash: u64, place: u32) {
        let word = word(hash, place);
        let mut probes = probes(self.table(), hash);
        if let Some(slot) = probes.find(|slot| slot.load(Ordering::Relaxed) == word) {
            slot.store(REMOVED, Ordering::Relaxed);
        }
    }

    /// Leads to these entries only, in the same table or a larger one; returns how many places of
    /// it are used.
    pub(crate) fn rebuild(&self, size: usize, live: impl Iterator<Item = (u64, u32)>) -> usize {
        let wanted = size.next_power_of_two().max(SIZE);
        let next = (wanted / SIZE).trailing_zeros() as usize;
        let current = self.current.load(Ordering::Relaxed) as usize;
        let next = next.max(current).min(self.tables.len() - 1);
        let table =
            self.tables[next].get_or_init(|| (0..SIZE << next).map(|_| W::default()).collect());
        self.rebuilds.fetch_add(1, Ordering::Relaxed);
        for word in table {
            // Release: whoever sees the place empty sees that a rebuild has begun.
            word.store(EMPTY, Ordering::Release);
        }
        let used = live
            .filter(|(hash, place)| put(table, *hash, *place))
            .count();
        // Release: readers of the new table find it filled.
        self.current.store(next as u64, Ordering::Release);
        self.rebuilds.fetch_add(1, Ordering::Release);
        used
    }
}

#[inline(always)]
fn word(hash: u64, place: u32) -> u64 {
    (hash >> 32 << 32) | u64::from(place + 1)
}

/// Where a hash may stand, in the order in which it is looked for.
#[inline(always)]
fn probes<W>(table: &[W], hash: u64) -> impl Iterator<Item = &W> {
    let mask = table.len().wrapping_sub(1);
    (0..table.len()).map(move |probe| &table[(hash as usize).wrapping_add(probe) & mask])
}

fn put<W: Atomic>(table: &[W], hash: u64, place: u32) -> bool {
    for slot in probes(table, hash) {
        let before = slot.load(Ordering::Relaxed);
        if before == EMPTY || before == REMOVED {
            slot.store(word(hash, place), Ordering::Release);
            return before == EMPTY;
        }
    }
    // Tables are rebuilt when half full.
    false
}
