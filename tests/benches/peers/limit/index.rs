//! Minimal code for counters with labels whose values are not known at compile time: all threads
//! share a prebuilt index of the series, and each thread has its own counts.

use std::{
    cell::Cell,
    collections::BTreeSet,
    iter::repeat_with,
    sync::{
        LazyLock,
        atomic::{
            AtomicU64,
            Ordering::{Acquire, Relaxed},
        },
    },
};

use crate::support::inputs;

use super::{cells::add, texts::pack};

/// An index from two texts to a series.
pub(super) struct Index {
    seeds: [u64; 4],
    /// The upper half of a hash and the number of its entry, or 0 for a free slot. At least half of
    /// the slots are free.
    slots: Box<[AtomicU64]>,
    entries: Box<[Entry]>,
}

/// A series, on its own cache line.
#[derive(Default)]
#[repr(align(64))]
struct Entry {
    key: [AtomicU64; 4],
    series: AtomicU64,
}

thread_local! {
    /// This thread's cells by series number.
    static BLOCK: Cell<&'static [AtomicU64]> = const { Cell::new(&[]) };
}

impl Index {
    #[inline(always)]
    pub(super) fn count(&self, tenant: &str, path: &str) {
        let series = self.find(key(tenant, path)) as usize;
        match BLOCK.get().get(series) {
            Some(cell) => add(cell, 1),
            None => self.make_block(),
        }
    }

    #[inline(always)]
    fn find(&self, key: [u64; 4]) -> u64 {
        let hash = self.hash(key);
        let mut at = hash as usize;
        loop {
            let slot = self.slots[at & (self.slots.len() - 1)].load(Acquire);
            if slot >> 32 == hash >> 32 {
                let entry = &self.entries[slot as u32 as usize];
                if entry.is(key) {
                    return entry.series.load(Relaxed);
                }
            }
            assert_ne!(slot, 0, "the index contains every series");
            at = at.wrapping_add(1);
        }
    }

    #[inline(always)]
    fn hash(&self, key: [u64; 4]) -> u64 {
        let seeded = |word: usize| key[word] ^ self.seeds[word];
        fold(seeded(0), seeded(1)) ^ fold(seeded(2), seeded(3))
    }

    /// Allocates the cells of this thread; the recording that found no cells is lost.
    #[cold]
    fn make_block(&self) {
        let cells: Vec<_> = repeat_with(AtomicU64::default)
            .take(self.entries.len())
            .collect();
        BLOCK.set(cells.leak());
    }

    pub(super) fn of_few() -> &'static Self {
        static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(inputs::few_texts().iter()));
        &INDEX
    }

    pub(super) fn of_many() -> &'static Self {
        static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(inputs::many_texts().iter()));
        &INDEX
    }

    pub(super) fn of_same() -> &'static Self {
        static INDEX: LazyLock<Index> = LazyLock::new(|| Index::new(inputs::same_texts().iter()));
        &INDEX
    }

    fn new<'a>(texts: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let keys: BTreeSet<_> = texts.map(|(tenant, path)| key(tenant, path)).collect();
        let slots = (2 * keys.len()).next_power_of_two();
        let mut index = Self {
            seeds: SEEDS,
            slots: repeat_with(AtomicU64::default).take(slots).collect(),
            entries: keys.iter().map(|_| Entry::default()).collect(),
        };
        for (number, key) in keys.into_iter().enumerate() {
            index.entries[number] = Entry {
                key: key.map(AtomicU64::new),
                series: AtomicU64::new(number as u64),
            };
            let hash = index.hash(key);
            let mut at = hash as usize;
            while *index.slots[at & (slots - 1)].get_mut() != 0 {
                at = at.wrapping_add(1);
            }
            *index.slots[at & (slots - 1)].get_mut() = hash >> 32 << 32 | number as u64;
        }
        index
    }
}

impl Entry {
    #[inline(always)]
    fn is(&self, key: [u64; 4]) -> bool {
        let differs = |word: usize| self.key[word].load(Relaxed) ^ key[word];
        differs(0) | differs(1) | differs(2) | differs(3) == 0
    }
}

#[inline(always)]
fn key(tenant: &str, path: &str) -> [u64; 4] {
    let ([one, two], [three, four]) = (pack(tenant), pack(path));
    [one, two, three, four]
}

/// Mixes two words: the exclusive or of the halves of their product.
#[inline(always)]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

/// Digits of pi; a library would use random seeds per process.
const SEEDS: [u64; 4] = [
    0x243F_6A88_85A3_08D3,
    0x1319_8A2E_0370_7344,
    0xA409_3822_299F_31D0,
    0x082E_FA98_EC4E_6C89,
];
