//! The sparse buckets of a native histogram: a table in the words of a series.
//!
//! A table is found in each thread's words, in the words that ended threads have left, and in
//! what a scrape reads; words that are all zero are an empty one:
//!
//! * `SHIFT` says how many bits of an index in the finest schema are too many: those that the
//!   declared schema does without, and one for each time that the resolution was halved;
//! * `THRESHOLD` holds the bits of the zero threshold, as declared or wider;
//! * then the counts: of each slot, and of the zero bucket;
//! * then the keys: which bucket each slot is of.
//!
//! Shift and threshold stand there before the first key does.
//!
//! A bucket has the slot of its index, modulo their number, or the next that is free: indices
//! that lie together, as they mostly do, do not collide. What is recorded is not asked first
//! whether it can be: NaN and negative values have no bucket, where none are declared, and the
//! bucket that infinity would belong to is never where it is looked for first.
//!
//! The words of a thread are written by it alone, by the protocol of `block.rs`: the counts are
//! those that add up to its `COMMIT`. A slot's key stands before anything is counted in it, and
//! a reader takes the counts before the keys, so that it knows the bucket of all it has counted.
//! A thread that finds no room for another bucket takes the lock of scrapes and merges buckets;
//! no scrape sees that halfway.
//!
//! Each thread keeps the limit on its own, as its buckets are some of the series'. Scrapes add
//! the tables up under the same limit. Whoever makes the buckets coarser leaves the new scale and
//! zero threshold in the shared table as well, so that the series never gets any finer.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{
    NativeConfig,
    index::{self, COARSEST, FINEST},
    merge::Table,
};
use crate::storage;

pub(super) const SHIFT: usize = 0;
pub(super) const THRESHOLD: usize = 1;
/// Where the counts begin: with that of the first slot.
pub(crate) const COUNTS: usize = 2;

/// The most slots of a table, and words.
pub(super) const MAX_SLOTS: usize = 512;
pub(crate) const MAX_WORDS: usize = words(MAX_SLOTS);

const fn words(slots: usize) -> usize {
    COUNTS + slots + 1 + slots
}

/// Which bucket a slot is of; all zero in a slot that is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(u64);

impl Key {
    pub(super) const NONE: Key = Key(0);

    #[inline(always)]
    pub(super) fn new(index: i64, negative: bool) -> Self {
        Key((index + Self::BASE) as u64 | u64::from(negative) << Self::NEGATIVE)
    }

    pub(super) fn index(self) -> i64 {
        (self.0 & ((1 << Self::NEGATIVE) - 1)).cast_signed() - Self::BASE
    }

    #[inline(always)]
    pub(super) fn is_negative(self) -> bool {
        self.0 >> Self::NEGATIVE != 0
    }

    #[inline(always)]
    pub(super) fn from_word(word: u64) -> Self {
        Key(word)
    }

    pub(super) fn word(self) -> u64 {
        self.0
    }

    /// Makes indices positive: the farthest are some 275,000 from zero. No bits of a slot's.
    const BASE: i64 = 1 << 30;
    /// The bit of buckets below zero.
    const NEGATIVE: u32 = 32;
}

impl NativeConfig {
    /// The most buckets that there can be, the zero bucket aside: not even the coarsest schema
    /// can always keep to the limit.
    pub(super) const fn most_buckets(self) -> usize {
        let exponent = match (self.zero_threshold >> 52) as i32 {
            0 => -1074,
            biased => biased - 1023,
        };
        // From the zero threshold up to 2^1024, each 16 powers of two wide.
        let most = 64 - exponent.div_euclid(1 << -COARSEST) + 1;
        let most = most as usize * (1 + self.negative as usize);
        if most > self.max_buckets as usize {
            most
        } else {
            self.max_buckets as usize
        }
    }

    /// How many slots a table needs: a power of two, of which at most two thirds are in use.
    pub(super) const fn enough_slots(self) -> u16 {
        let most = self.most_buckets();
        (most + most / 2).next_power_of_two() as u16
    }

    #[inline(always)]
    pub(super) const fn slots(self) -> usize {
        self.slots as usize
    }

    /// Words of a table.
    pub(crate) const fn words(self) -> usize {
        words(self.slots())
    }

    /// How many counts there are in a table.
    pub(crate) const fn counts(self) -> usize {
        self.slots() + 1
    }

    /// Which of the counts is the zero bucket's.
    #[inline(always)]
    pub(super) const fn zero(self) -> usize {
        self.slots()
    }

    /// The word that has a slot's key.
    #[inline(always)]
    pub(super) const fn key_word(self, slot: usize) -> usize {
        COUNTS + self.counts() + slot
    }

    /// The slot that is a bucket's if it can be.
    #[inline(always)]
    fn home(self, key: Key) -> usize {
        // Buckets to both sides of zero have like indices: those of one begin halfway round.
        let around = u64::from(key.is_negative()) * (self.slots() / 2) as u64;
        ((key.0 + around) & (self.slots() - 1) as u64) as usize
    }

    /// The slot where the search for a bucket begins that is not where it is looked for first.
    pub(super) fn first(self, key: Key, shift: u32) -> usize {
        let home = self.home(key);
        if key.index() == index::coarser(index::OF_INFINITY, shift) {
            self.after(home)
        } else {
            home
        }
    }

    #[inline(always)]
    pub(super) fn after(self, slot: usize) -> usize {
        (slot + 1) & (self.slots() - 1)
    }

    /// How many bits of an index in the finest schema are too many after `scale` halvings.
    #[inline(always)]
    pub(super) const fn shift(self, scale: u64) -> u32 {
        (FINEST - self.schema) as u32 + scale as u32
    }

    /// The bits of a value without its sign.
    #[inline(always)]
    fn magnitude(self, value: f64) -> u64 {
        if self.negative { value.abs() } else { value }.to_bits()
    }

    /// The bucket of a value above the zero threshold; of what is no such value, none that values
    /// have, save infinity.
    #[inline(always)]
    fn key(self, value: f64, shift: u32) -> Key {
        let magnitude = self.magnitude(value);
        let finest = if self.zero_threshold >= f64::MIN_POSITIVE.to_bits() {
            index::finest_normal(magnitude)
        } else {
            index::finest(magnitude)
        };
        let index = index::coarser(finest, shift);
        Key::new(index, self.negative && value < 0.0)
    }

    /// Which of the counts in this thread's table an observation adds to, where that is seen at
    /// once; [`find_or_insert_bucket`] knows the others. None for what cannot be observed.
    #[inline(always)]
    pub(crate) fn find_bucket(self, table: &[AtomicU64], value: f64) -> Option<usize> {
        // As long as the threshold and the shift are not there, no key is that could be found.
        if self.magnitude(value) <= table[THRESHOLD].load(Ordering::Relaxed) {
            return Some(self.zero());
        }
        let key = self.key(value, shift_of(table));
        let slot = self.home(key);
        (key_at(self, table, slot) == key).then_some(slot)
    }
}

/// Finds the slot of a value that is not where it is looked for first, or gives it one.
pub(crate) fn find_or_insert_bucket<'s>(
    native: NativeConfig,
    table: &[AtomicU64],
    value: f64,
    shared: &dyn Fn() -> Option<&'s [AtomicU64]>,
) -> usize {
    let key_of = |slot| key_at(native, table, slot);
    loop {
        for (at, least) in [
            (SHIFT, native.shift(0).into()),
            (THRESHOLD, native.zero_threshold),
        ] {
            let word = &table[at];
            word.store(word.load(Ordering::Relaxed).max(least), Ordering::Release);
        }
        if native.magnitude(value) <= table[THRESHOLD].load(Ordering::Relaxed) {
            return native.zero();
        }
        let shift = shift_of(table);
        let key = native.key(value, shift);
        let mut slot = native.first(key, shift);
        while key_of(slot) != key && key_of(slot) != Key::NONE {
            slot = native.after(slot);
        }
        if key_of(slot) == key {
            return slot;
        }
        let used = (0..native.slots()).filter(|slot| key_of(*slot) != Key::NONE);
        if used.count() >= native.max_buckets.into()
            && storage::lock_out_scrapes(|| make_room(native, table, shared()))
        {
            continue;
        }
        // Release, as every store of a thread: whoever sees the key sees no less than before.
        table[native.key_word(slot)].store(key.word(), Ordering::Release);
        return slot;
    }
}

#[inline(always)]
fn shift_of(table: &[AtomicU64]) -> u32 {
    table[SHIFT].load(Ordering::Relaxed) as u32
}

/// The key of a slot in a thread's table.
#[inline(always)]
fn key_at(native: NativeConfig, table: &[AtomicU64], slot: usize) -> Key {
    Key::from_word(table[native.key_word(slot)].load(Ordering::Relaxed))
}

/// Makes the buckets of this thread's table fewer, under the lock; false when nothing will.
///
/// The shared table knows how coarse the series has become. No thread's table is any coarser, and
/// none becomes coarser before it has taken over the zero threshold, which was a bound of all
/// tables when it was chosen: so the threshold cuts no bucket of any table in two.
fn make_room(native: NativeConfig, table: &[AtomicU64], shared: Option<&[AtomicU64]>) -> bool {
    let mut words = [0; MAX_WORDS];
    let mut own = Table::new(native, load(native, table, &mut words));
    // A thread that has ended records in the shared table.
    let shared = shared.filter(|shared| shared.as_ptr() != table.as_ptr());
    let Some(shared) = shared else {
        let made = own.make_room(0);
        store(table, own.words);
        return made;
    };
    let mut words = [0; MAX_WORDS];
    let mut series = Table::new(native, load(native, shared, &mut words));
    let (scale, threshold) = (series.view().scale(), series.view().zero_threshold());
    let before = own.used;
    if threshold > own.view().zero_threshold() {
        own.rebuild(own.view().scale(), threshold);
    }
    let made = own.used < before || own.make_room(scale);
    store(table, own.words);
    series.coarsen(own.view());
    store(shared, series.words);
    made
}

/// Reads a table that nobody writes meanwhile.
pub(super) fn load<'w>(
    native: NativeConfig,
    table: &[AtomicU64],
    words: &'w mut [u64; MAX_WORDS],
) -> &'w mut [u64] {
    let words = &mut words[..native.words()];
    for (word, from) in words.iter_mut().zip(table) {
        *word = from.load(Ordering::Relaxed);
    }
    words
}

/// Writes a table, under the lock.
pub(super) fn store(table: &[AtomicU64], words: &[u64]) {
    for (to, word) in table.iter().zip(words) {
        to.store(*word, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(native: NativeConfig, value: f64) -> Vec<AtomicU64> {
        let table: Vec<_> = (0..native.words()).map(|_| AtomicU64::new(0)).collect();
        find_or_insert_bucket(native, &table, value, &|| None);
        table
    }

    #[test]
    fn what_was_counted_once_is_found_at_once() {
        for growth in [1.002, 1.1, 4.0, 60_000.0] {
            let native = NativeConfig::DEFAULT
                .growth(growth)
                .with_classic_bounds(&[]);
            for value in [1e-30, 0.3, 1.0, 7e200] {
                let table = counted(native, value);
                assert!(
                    native.find_bucket(&table, value).is_some(),
                    "{value}, {growth}"
                );
            }
        }
    }

    #[test]
    fn what_cannot_be_observed_is_found_nowhere() {
        for growth in [1.002, 1.1, 4.0, 60_000.0] {
            let both = NativeConfig::DEFAULT
                .growth(growth)
                .negative()
                .with_classic_bounds(&[]);
            for native in [
                NativeConfig::DEFAULT
                    .growth(growth)
                    .with_classic_bounds(&[]),
                both,
            ] {
                for counted_before in [f64::MAX, 1.0, 1e-30] {
                    let table = counted(native, counted_before);
                    for value in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                        let found = native.find_bucket(&table, value);
                        assert_eq!(found, None, "{value} after {counted_before}, {growth}");
                    }
                    if !native.negative {
                        for value in [-0.0, -counted_before] {
                            assert_eq!(
                                native.find_bucket(&table, value),
                                None,
                                "{value}, {growth}"
                            );
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn the_largest_values_share_a_bucket_however_it_is_looked_for() {
        let native = NativeConfig::DEFAULT.with_classic_bounds(&[]);
        let table = counted(native, f64::MAX);
        let place = |value| find_or_insert_bucket(native, &table, value, &|| None);
        assert_eq!(place(f64::MAX), place(f64::MAX * 0.99));
        assert_ne!(place(f64::MAX), place(1.0));
    }
}
