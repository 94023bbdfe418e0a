//! [`HashTable`]: finds the entries of an index that may have a key, by the key's hash and linear
//! probing.
//!
//! Readers take no lock; writers hold the lock on the index's state. A reader that runs during a
//! rebuild may miss an entry that is in the table. `rebuilds`, which is odd during a rebuild, tells
//! a reader whether it may have missed one.

use std::sync::{OnceLock, atomic::Ordering};

use crate::storage::sync::AtomicU64;

/// The word of a slot that has not been used. A used slot holds the upper half of the hash and,
/// below it, the place plus 1.
const EMPTY: u64 = 0;
/// The word of a slot whose entry was removed.
const REMOVED: u64 = u32::MAX as u64;

/// The length of the smallest table; each larger one is twice as long as the one before.
const FIRST: usize = 64;

#[derive(Debug)]
pub(crate) struct HashTable<const SIZE: usize = FIRST> {
    /// Tables stay allocated, because a reader may still look at one that was replaced.
    tables: [OnceLock<Box<[AtomicU64]>>; 20],
    /// The number of the table in use.
    current: AtomicU64,
    /// The number of beginnings and ends of rebuilds: odd during a rebuild.
    rebuilds: AtomicU64,
}

impl<const SIZE: usize> HashTable<SIZE> {
    pub(crate) fn new() -> Self {
        HashTable {
            tables: [const { OnceLock::new() }; 20],
            current: AtomicU64::default(),
            rebuilds: AtomicU64::default(),
        }
    }

    /// Calls `look` with the places of entries that may have this hash until it returns `Some`.
    #[inline(always)]
    pub(crate) fn find<T>(&self, hash: u64, mut look: impl FnMut(u32) -> Option<T>) -> Option<T> {
        let table = self.tables[self.current.load(Ordering::Acquire) as usize].get()?;
        // Searches at most one round, because a table that is being rebuilt may have no empty slot
        // to stop at.
        for slot in probes(table, hash) {
            // Acquire, pairs with `put`: the entry was written before the slot.
            let word = slot.load(Ordering::Acquire);
            // A hash whose upper half is 0 also matches unused slots and those of removed entries.
            // `look` returns `None` for their places, which do not exist.
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

    /// Whether an entry is certainly not in the table: `find` returned false, and no rebuild ran
    /// during the call.
    pub(crate) fn lacks(&self, find: impl FnOnce() -> bool) -> bool {
        // Acquire, pairs with the end of `rebuild`: the newest table is complete.
        let before = self.rebuilds.load(Ordering::Acquire);
        let found = find();
        !found && before & 1 == 0 && self.rebuilds.load(Ordering::Relaxed) == before
    }

    /// The table in use; called under the lock.
    fn table(&self) -> &[AtomicU64] {
        let table = self.tables[self.current.load(Ordering::Relaxed) as usize].get();
        table.map_or(&[], |table| table)
    }

    /// The number of slots.
    pub(crate) fn len(&self) -> usize {
        self.table().len()
    }

    /// Adds an entry; true if it took an empty slot.
    pub(crate) fn put(&self, hash: u64, place: u32) -> bool {
        put(self.table(), hash, place)
    }

    /// Removes an entry.
    pub(crate) fn remove(&self, hash: u64, place: u32) {
        let word = word(hash, place);
        let mut probes = probes(self.table(), hash);
        if let Some(slot) = probes.find(|slot| slot.load(Ordering::Relaxed) == word) {
            slot.store(REMOVED, Ordering::Relaxed);
        }
    }

    /// Fills the current table, or a larger one if the current one has less than `len` slots, with
    /// these entries.
    ///
    /// Returns the number of used slots.
    pub(crate) fn rebuild(&self, len: usize, entries: impl Iterator<Item = (u64, u32)>) -> usize {
        let len = len.next_power_of_two().max(SIZE);
        let next = (len / SIZE).trailing_zeros() as usize;
        let current = self.current.load(Ordering::Relaxed) as usize;
        let next = next.max(current).min(self.tables.len() - 1);
        let table = self.tables[next]
            .get_or_init(|| (0..SIZE << next).map(|_| AtomicU64::default()).collect());
        self.rebuilds.fetch_add(1, Ordering::Relaxed);
        for word in table {
            // Release: a reader that sees the slot empty sees that a rebuild has begun.
            word.store(EMPTY, Ordering::Release);
        }
        let used = entries
            .filter(|(hash, place)| put(table, *hash, *place))
            .count();
        // Release: readers of the new table find it complete.
        self.current.store(next as u64, Ordering::Release);
        self.rebuilds.fetch_add(1, Ordering::Release);
        used
    }
}

/// The hash of a key: products of pairs of words, each folded so that every bit counts, as in
/// wyhash. The products are independent of each other, which takes less time than a chain.
///
/// With a random seed, a client that chooses label values cannot foresee the hash. The last product
/// mixes the bits once more, in case the products with this seed are bad for the keys' words.
#[inline(always)]
pub(crate) fn hash_key(key: &[u64], mut seed: u64) -> u64 {
    let mut hash = 0;
    for pair in key.chunks(2) {
        let second = pair.get(1).copied().unwrap_or(0);
        hash ^= fold(pair[0] ^ seed, second ^ seed.rotate_left(32));
        seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    }
    fold(hash, 0x9e37_79b9_7f4a_7c15)
}

/// Multiplies to 128 bits and combines the halves.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

#[inline(always)]
fn word(hash: u64, place: u32) -> u64 {
    (hash >> 32 << 32) | u64::from(place + 1)
}

/// The slots in which an entry of this hash may be, in probing order.
#[inline(always)]
fn probes(table: &[AtomicU64], hash: u64) -> impl Iterator<Item = &AtomicU64> {
    let mask = table.len().wrapping_sub(1);
    (0..table.len()).map(move |probe| &table[(hash as usize).wrapping_add(probe) & mask])
}

fn put(table: &[AtomicU64], hash: u64, place: u32) -> bool {
    for slot in probes(table, hash) {
        let before = slot.load(Ordering::Relaxed);
        if before == EMPTY || before == REMOVED {
            slot.store(word(hash, place), Ordering::Release);
            return before == EMPTY;
        }
    }
    // Unreachable: a table is rebuilt when it is half full.
    false
}
