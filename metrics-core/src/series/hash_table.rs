//! [`HashTable`]: finds the entries of an index that may have a key, by the key's hash and linear
//! probing.
//!
//! Readers take no lock; writers hold the lock on the index's state. The table never frees or moves
//! slots that a reader may look at: it consists of segments, and grows by a segment that has as
//! many slots as all others together. All segments are in use, so that growing leaves no memory
//! behind.
//!
//! A reader that runs while entries are moved may miss one of them. `moves`, which is odd
//! meanwhile, tells a reader whether it may have missed one.

use std::{
    ptr,
    sync::{OnceLock, atomic::Ordering},
};

use crate::storage::sync::{AtomicU32, AtomicU64};

/// The word of a slot that has not been used. The word of a used slot has the place plus 1 in its
/// lower [`PLACE_BITS`] bits, and above them the *tag*: the upper bits of the hash.
///
/// Half a word is enough, so that twice as many slots fit into a cache: the tags of two different
/// keys are equal once in 1,024 times, and then the keys are compared.
const EMPTY: u32 = 0;
/// The word of a slot whose entry was removed. No place is so large.
const REMOVED: u32 = PLACE_MASK;

const PLACE_BITS: u32 = 22;
const PLACE_MASK: u32 = (1 << PLACE_BITS) - 1;

/// The number of slots of the first segment.
const FIRST: usize = 64;

/// The number of segments of a table with the most series, of which a quarter of the slots is used.
const SEGMENTS: usize = 18;

#[derive(Debug)]
pub(crate) struct HashTable<const SIZE: usize = FIRST> {
    /// The number of slots; the index of a hash's first slot is the hash modulo this power of two.
    len: AtomicU64,
    /// The slots: the first `SIZE` of them, the next `SIZE`, the next `2 * SIZE`, and so on.
    segments: [OnceLock<Box<[AtomicU32]>>; SEGMENTS],
    /// The number of times that writers began or ended to move entries: odd while they move.
    moves: AtomicU64,
}

impl<const SIZE: usize> HashTable<SIZE> {
    pub(crate) fn new() -> Self {
        HashTable {
            len: AtomicU64::default(),
            segments: [const { OnceLock::new() }; SEGMENTS],
            moves: AtomicU64::default(),
        }
    }

    /// Calls `look` with the places of entries that may have this hash until it returns `Some`.
    #[inline(always)]
    pub(crate) fn find<T>(&self, hash: u32, mut look: impl FnMut(u32) -> Option<T>) -> Option<T> {
        // Acquire, pairs with `grow`: the segments are complete.
        let len = self.len.load(Ordering::Acquire);
        // Searches at most one round, because a segment may have no empty slot to stop at.
        for slot in probes(self.segment(hash, len)?, hash) {
            // Acquire, pairs with `put`: the entry was written before the slot.
            let word = slot.load(Ordering::Acquire);
            // A tag of 0 also matches unused slots and those of removed entries. `look` returns
            // `None` for their places, which do not exist.
            if (word ^ hash) >> PLACE_BITS == 0
                && let found @ Some(_) = look((word & PLACE_MASK).wrapping_sub(1))
            {
                return found;
            }
            if word == EMPTY {
                return None;
            }
        }
        None
    }

    /// Whether an entry is certainly not in the table: `find` returned false, and no entries were
    /// moved during the call.
    pub(crate) fn lacks(&self, find: impl FnOnce() -> bool) -> bool {
        // Acquire, pairs with the end of `moving`: the table is complete.
        let before = self.moves.load(Ordering::Acquire);
        let found = find();
        !found && before & 1 == 0 && self.moves.load(Ordering::Relaxed) == before
    }

    /// The number of slots; called under the lock.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed) as usize
    }

    /// Adds an entry. Returns whether it took an empty slot; `None` if it got no slot, because the
    /// segment is full.
    pub(crate) fn put(&self, hash: u32, place: u32) -> Option<bool> {
        put(self.segment(hash, self.len() as u64)?, hash, place)
    }

    /// Removes an entry.
    pub(crate) fn remove(&self, hash: u32, place: u32) {
        let Some(segment) = self.segment(hash, self.len() as u64) else {
            return;
        };
        let word = word(hash, place);
        let mut probes = probes(segment, hash);
        if let Some(slot) = probes.find(|slot| slot.load(Ordering::Relaxed) == word) {
            slot.store(REMOVED, Ordering::Relaxed);
        }
    }

    /// Doubles the number of slots. `hash_of` returns the hash of the entry at a place.
    ///
    /// Returns the number of used slots.
    pub(crate) fn grow(&self, hash_of: impl Fn(u32) -> u32) -> usize {
        let len = self.len();
        let number = (len / SIZE).checked_ilog2().map_or(0, |log| log + 1) as usize;
        // The last segment is large enough for the highest limit on series.
        let Some(segment) = self.segments.get(number) else {
            return self.tidy(hash_of);
        };
        let size = len.max(SIZE);
        let added = segment.get_or_init(|| (0..size).map(|_| AtomicU32::default()).collect());
        // An entry belongs to the added segment if its hash has the bit that the larger length adds
        // to the index. It is in both segments until `tidy` removes it from the old one, so that
        // readers find it with either length.
        for slot in self.slots().take(len) {
            let word = slot.load(Ordering::Relaxed);
            if let Some(place) = place(word)
                && hash_of(place) as usize & len != 0
            {
                put(added, hash_of(place), place);
            }
        }
        // Release: readers that see the new length find the added segment complete.
        self.len.store((len + size) as u64, Ordering::Release);
        self.tidy(hash_of)
    }

    /// Makes slots of removed entries empty, and moves entries closer to their first slots, so that
    /// they are found without these slots. `hash_of` returns the hash of the entry at a place.
    ///
    /// Returns the number of used slots.
    pub(crate) fn tidy(&self, hash_of: impl Fn(u32) -> u32) -> usize {
        let len = self.len() as u64;
        self.moves.fetch_add(1, Ordering::Relaxed);
        for segment in self.segments.iter().map_while(OnceLock::get) {
            let segment = &segment[..];
            let belongs = |hash| {
                let right = self.segment(hash, len);
                right.is_some_and(|right| ptr::eq(right, segment))
            };
            tidy(segment, &hash_of, belongs);
        }
        // Release: pairs with the first load in `lacks`.
        self.moves.fetch_add(1, Ordering::Release);
        let words = self.slots().map(|slot| slot.load(Ordering::Relaxed));
        words.filter(|word| *word != EMPTY).count()
    }

    fn slots(&self) -> impl Iterator<Item = &AtomicU32> {
        let segments = self.segments.iter().map_while(OnceLock::get);
        segments.flat_map(|segment| segment.iter())
    }

    /// The segment in which an entry of this hash is if the table has `len` slots.
    #[inline(always)]
    fn segment(&self, hash: u32, len: u64) -> Option<&[AtomicU32]> {
        // If the table has no slots yet, the number is that of a segment which does not exist.
        let index = u64::from(hash) & len.wrapping_sub(1);
        let number = ((index / (SIZE as u64 / 2)) | 1).ilog2();
        Some(self.segments.get(number as usize)?.get()?)
    }
}

/// Removes the entries from a segment that do not belong there, makes slots of removed entries
/// empty, and moves entries closer to their first slots.
fn tidy(segment: &[AtomicU32], hash_of: impl Fn(u32) -> u32, belongs: impl Fn(u32) -> bool) {
    let word_of = |slot: &AtomicU32| slot.load(Ordering::Relaxed);
    // Begins behind an empty slot, so that an entry's slots before its own come first.
    let empty = segment.iter().position(|slot| word_of(slot) == EMPTY);
    let (before, after) = segment.split_at(empty.unwrap_or(0));
    for slot in after.iter().chain(before) {
        let word = word_of(slot);
        let Some(place) = place(word) else {
            continue;
        };
        let hash = hash_of(place);
        // All stores release the first step of `moves`: a reader that misses a moved entry sees
        // that entries are being moved.
        if !belongs(hash) {
            slot.store(REMOVED, Ordering::Release);
            continue;
        }
        let closer = probes(segment, hash).take_while(|closer| !ptr::eq(*closer, slot));
        let mut free = closer.filter(|closer| self::place(word_of(closer)).is_none());
        if let Some(free) = free.next() {
            free.store(word, Ordering::Release);
            slot.store(REMOVED, Ordering::Release);
        }
    }
    // No entry has a slot of a removed one before its own any more. Without an empty slot to begin
    // at, that is not certain.
    if empty.is_some() {
        for slot in segment.iter().filter(|slot| word_of(slot) == REMOVED) {
            slot.store(EMPTY, Ordering::Release);
        }
    }
}

/// The hash of a key: products of pairs of words, each folded so that every bit counts, as in
/// wyhash. The products are independent of each other, which takes less time than a chain.
///
/// The seed is random, so a client that chooses label values cannot foresee the hash. In particular,
/// each factor is a word combined with a number that the client does not know. It therefore cannot
/// choose a word that makes the factor 0, so that the other factor would not matter; in hashes with
/// known factors, such words yield any number of keys with the same hash. The two factors of a
/// product use independent halves of the seed. Each pair of words uses another number, which differs
/// from that of the pair before by an unknown one, so that a client cannot choose two pairs whose
/// products cancel each other out. The last product mixes the bits once more, in case the
/// products with this seed are bad for the keys' words.
#[inline(always)]
pub(crate) fn hash_key(key: &[u64], seed: [u64; 2]) -> u64 {
    let [mut first_seed, second_seed] = seed;
    let mut next_seed = || {
        let seed = first_seed;
        first_seed = first_seed.wrapping_add(second_seed);
        seed
    };
    let mut hash = 0_u64;
    let (fours, last) = key.as_chunks();
    for [a, b, c, d] in fours {
        // Without the rotation, the compiler vectorizes the loop, and the hash of 12 words takes 131
        // instructions instead of 88.
        hash = hash.rotate_left(1)
            ^ fold(a ^ next_seed(), b ^ second_seed)
            ^ fold(c ^ next_seed(), d ^ second_seed);
    }
    let (pairs, last) = last.as_chunks();
    for [a, b] in pairs {
        hash ^= fold(a ^ next_seed(), b ^ second_seed);
    }
    if let [last] = last {
        hash ^= fold(last ^ next_seed(), second_seed);
    }
    fold(hash, 0x9e37_79b9_7f4a_7c15)
}

/// Multiplies to 128 bits and combines the halves.
#[inline]
fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product >> 64) as u64 ^ product as u64
}

/// The hash as the table uses it: the bits of a key's hash that are mixed best.
#[inline(always)]
pub(crate) fn table_hash(hash: u64) -> u32 {
    (hash >> 32) as u32
}

#[inline(always)]
fn word(hash: u32, place: u32) -> u32 {
    hash & !PLACE_MASK | (place + 1)
}

/// The place of the entry in a slot with this word, if it has one.
fn place(word: u32) -> Option<u32> {
    (word != EMPTY && word != REMOVED).then(|| (word & PLACE_MASK) - 1)
}

/// The slots of a segment in which an entry of this hash may be, in probing order.
#[inline(always)]
fn probes(segment: &[AtomicU32], hash: u32) -> impl Iterator<Item = &AtomicU32> {
    let mask = segment.len().wrapping_sub(1);
    (0..segment.len()).map(move |probe| &segment[(hash as usize).wrapping_add(probe) & mask])
}

fn put(segment: &[AtomicU32], hash: u32, place: u32) -> Option<bool> {
    for slot in probes(segment, hash) {
        let before = slot.load(Ordering::Relaxed);
        if before == EMPTY || before == REMOVED {
            slot.store(word(hash, place), Ordering::Release);
            return Some(before == EMPTY);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;
    use crate::series::place::{MAX_SERIES, blocks_for, place_of};

    #[test]
    fn every_place_fits_into_a_slot() {
        let last = place_of(2 * MAX_SERIES + 16);
        assert!(last + 1 < REMOVED);
        assert_eq!(last >> 12, blocks_for(2 * MAX_SERIES) as u32 - 1);
        const { assert!(FIRST << (SEGMENTS - 1) >= 4 * 2 * MAX_SERIES) };
    }

    #[derive(Clone, Debug)]
    enum Step {
        Put(u32),
        Remove(usize),
        Tidy,
        Grow,
    }

    fn step() -> impl Strategy<Value = Step> {
        // Few different tags and indices, so that many entries have the same slots.
        let hash = (0..4_u32, 0..48_u32).prop_map(|(tag, index)| tag << PLACE_BITS | index);
        let hash = prop_oneof![hash, any::<u32>()];
        prop_oneof![
            8 => hash.prop_map(Step::Put),
            5 => any::<usize>().prop_map(Step::Remove),
            1 => Just(Step::Tidy),
            1 => Just(Step::Grow),
        ]
    }

    proptest! {
        #[test]
        fn the_table_finds_exactly_the_entries_that_were_put_and_not_removed(
            steps in prop::collection::vec(step(), 0..200),
        ) {
            let table = HashTable::<16>::new();
            let mut model = HashMap::new();
            let (mut used, mut next) = (0, 0);
            for step in steps {
                let hash_of = |place: u32| model[&place];
                match step {
                    Step::Put(hash) => {
                        let place = next;
                        next += 1;
                        let took_empty = loop {
                            match table.put(hash, place) {
                                Some(took_empty) => break took_empty,
                                // Too many entries for the segment of their hashes.
                                None if table.len() > 1 << 10 => return Ok(()),
                                None => used = table.grow(hash_of),
                            }
                        };
                        used += usize::from(took_empty);
                        model.insert(place, hash);
                    }
                    Step::Remove(at) => {
                        let mut places: Vec<u32> = model.keys().copied().collect();
                        places.sort_unstable();
                        if let Some(place) = places.get(at % places.len().max(1)) {
                            table.remove(model[place], *place);
                            model.remove(place);
                        }
                    }
                    Step::Tidy => used = table.tidy(hash_of),
                    Step::Grow if table.len() < 1 << 8 => used = table.grow(hash_of),
                    Step::Grow => {}
                }
                for (place, hash) in &model {
                    let found = table.find(*hash, |found| (found == *place).then_some(()));
                    prop_assert!(found.is_some(), "{place} of {hash:x}");
                }
                let words = table.slots().map(|slot| slot.load(Ordering::Relaxed));
                let (mut listed, mut not_empty) = (Vec::new(), 0);
                for word in words {
                    listed.extend(place(word));
                    not_empty += usize::from(word != EMPTY);
                }
                listed.sort_unstable();
                let mut expected: Vec<u32> = model.keys().copied().collect();
                expected.sort_unstable();
                prop_assert_eq!(listed, expected);
                prop_assert_eq!(not_empty, used);
            }
        }
    }
}
