//! The sparse buckets of a native histogram: a table in the words of a series.
//!
//! A table is found in each thread's words, in the words that ended threads have left, and in
//! what a scrape reads; words that are all zero are an empty one:
//!
//! * `SCALE` says how often the declared resolution was halved;
//! * `WIDENED` holds the bits of the zero threshold, where it is wider than declared;
//! * then the counts: of the zero bucket, and of each slot;
//! * then the keys, two to a word: which bucket each slot is of.
//!
//! A bucket has the slot of its index, modulo their number, or the next that is free: indices
//! that lie together, as they mostly do, do not collide.
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
    Native,
    index::{self, COARSEST, FINEST},
    merge::Table,
};
use crate::cell;

pub(super) const SCALE: usize = 0;
pub(super) const WIDENED: usize = 1;
/// Where the counts begin: with that of the zero bucket.
pub(crate) const COUNTS: usize = 2;
pub(super) const ZERO: usize = COUNTS;
pub(super) const SLOTS: usize = ZERO + 1;

/// The most slots of a table, and words.
pub(super) const MAX_SLOTS: usize = 512;
pub(crate) const MAX_WORDS: usize = words(MAX_SLOTS);

const fn words(slots: usize) -> usize {
    SLOTS + slots + slots / 2
}

/// Which bucket a slot is of; all zero in a slot that is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(u32);

impl Key {
    pub(super) const NONE: Key = Key(0);

    #[inline(always)]
    pub(super) fn new(index: i64, negative: bool) -> Self {
        Key((index as u32) << 2 | u32::from(negative) << 1 | 1)
    }

    pub(super) fn index(self) -> i64 {
        i64::from(self.0.cast_signed() >> 2)
    }

    #[inline(always)]
    pub(super) fn is_negative(self) -> bool {
        self.0 & 2 != 0
    }

    /// The key of a slot in the word that has it.
    #[inline(always)]
    pub(super) fn of(word: u64, slot: usize) -> Self {
        Key((word >> (slot % 2 * 32)) as u32)
    }

    /// The word with this key for a slot that was free.
    pub(super) fn in_word(self, word: u64, slot: usize) -> u64 {
        word | u64::from(self.0) << (slot % 2 * 32)
    }
}

impl Native {
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
        1 + self.slots()
    }

    /// The word that has a slot's key.
    #[inline(always)]
    pub(super) const fn key_word(self, slot: usize) -> usize {
        SLOTS + self.slots() + slot / 2
    }

    /// The slot where the search for a bucket begins.
    #[inline(always)]
    pub(super) fn home(self, key: Key) -> usize {
        // Buckets to both sides of zero have like indices: those of one begin halfway round.
        let around = usize::from(key.is_negative()) * (self.slots() / 2);
        ((key.0 >> 2) as usize + around) & (self.slots() - 1)
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

    /// What there is to know of a value before the table is there.
    #[inline(always)]
    pub(crate) fn observed(self, value: f64) -> Observed {
        let magnitude = value.abs().to_bits();
        Observed {
            magnitude,
            // Anything will do for what goes to the zero bucket in any case.
            finest: if magnitude > self.zero_threshold {
                index::finest(magnitude)
            } else {
                0
            },
            negative: self.negative && value < 0.0,
        }
    }

    /// The bucket of a value, in a thread's table; `None` for the zero bucket.
    #[inline(always)]
    fn bucket(self, table: &[AtomicU64], observed: Observed) -> Option<Key> {
        let widened = table[WIDENED].load(Ordering::Relaxed);
        if observed.magnitude <= self.zero_threshold.max(widened) {
            return None;
        }
        let shift = self.shift(table[SCALE].load(Ordering::Relaxed));
        let index = index::coarser(observed.finest, shift);
        Some(Key::new(index, observed.negative))
    }

    /// Which of the counts in this thread's table an observation adds to, where that is seen at
    /// once; [`seek`] knows the others.
    #[inline(always)]
    pub(crate) fn place(self, table: &[AtomicU64], observed: Observed) -> Option<usize> {
        let Some(key) = self.bucket(table, observed) else {
            return Some(0);
        };
        let slot = self.home(key);
        let found = Key::of(table[self.key_word(slot)].load(Ordering::Relaxed), slot);
        (found == key).then_some(1 + slot)
    }
}

/// A value, as far as it can be told apart from the others in its bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Observed {
    /// Bits of a float that is not negative.
    magnitude: u64,
    /// The index in the finest schema.
    finest: i64,
    negative: bool,
}

/// Finds the slot of a value that is not where it is looked for first, or gives it one.
pub(crate) fn seek<'s>(
    native: Native,
    table: &[AtomicU64],
    value: f64,
    shared: &dyn Fn() -> Option<&'s [AtomicU64]>,
) -> usize {
    let key_of = |slot| Key::of(table[native.key_word(slot)].load(Ordering::Relaxed), slot);
    let value = native.observed(value);
    loop {
        if let Some(place) = find(native, table, value) {
            return place;
        }
        let used = (0..native.slots()).filter(|slot| key_of(*slot) != Key::NONE);
        if used.count() >= native.max_buckets.into()
            && cell::exclusively(|| make_room(native, table, shared()))
        {
            continue;
        }
        let Some(key) = native.bucket(table, value) else {
            return 0;
        };
        let mut slot = native.home(key);
        while key_of(slot) != Key::NONE {
            slot = native.after(slot);
        }
        let word = &table[native.key_word(slot)];
        let both = key.in_word(word.load(Ordering::Relaxed), slot);
        // Release, as every store of a thread: whoever sees the key sees no less than before.
        word.store(both, Ordering::Release);
        return 1 + slot;
    }
}

/// The place of a value, unless it is the first in its bucket.
fn find(native: Native, table: &[AtomicU64], value: Observed) -> Option<usize> {
    let Some(key) = native.bucket(table, value) else {
        return Some(0);
    };
    let mut slot = native.home(key);
    loop {
        match Key::of(table[native.key_word(slot)].load(Ordering::Relaxed), slot) {
            Key::NONE => return None,
            found if found == key => return Some(1 + slot),
            _ => slot = native.after(slot),
        }
    }
}

/// Makes the buckets of this thread's table fewer, under the lock; false when nothing will.
///
/// The shared table knows how coarse the series has become. No thread's table is any coarser, and
/// none becomes coarser before it has taken over the zero threshold, which was a bound of all
/// tables when it was chosen: so the threshold cuts no bucket of any table in two.
fn make_room(native: Native, table: &[AtomicU64], shared: Option<&[AtomicU64]>) -> bool {
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
    native: Native,
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
