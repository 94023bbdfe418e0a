//! [`KeyArena`]: the memory for the parts of keys that do not fit into their entries.
//!
//! Each part is a *run*: consecutive words, preceded by a word with their number. A run belongs to
//! the entry of a series until the series is removed; then another key may get it. Its memory is
//! freed with the index, so that a reader may look at a run at any time. The version of an entry
//! tells the reader whether the run is still that of the entry (see `entry.rs`).

use std::{
    collections::BTreeMap,
    sync::{OnceLock, atomic::Ordering},
};

use crate::storage::sync::{AtomicU64, FIRST_CHUNK};

/// The number of low bits of a position that hold the offset in a chunk; the bits above hold the
/// number of the chunk.
const OFFSET_BITS: u32 = 26;
/// The number of chunks. Each is a quarter as large as all chunks before it together, so that at
/// most a fifth of the memory is unused; together they have room for more than 2^26 words.
const CHUNKS: usize = 1 << (u32::BITS - OFFSET_BITS);

/// The memory of all runs of an index.
#[derive(Debug)]
pub(crate) struct KeyArena {
    chunks: [OnceLock<Box<[AtomicU64]>>; CHUNKS],
}

/// The parts of a [`KeyArena`] that no key uses; a part of the index's state, which the lock
/// protects.
#[derive(Debug, Default)]
pub(crate) struct FreeRuns {
    /// The positions of the runs of removed series, by the number of their words.
    by_len: BTreeMap<usize, Vec<u32>>,
    /// The number of chunks in use.
    chunks: usize,
    /// The part of the last chunk that has not been used: its first word, and the number of words.
    unused: (usize, usize),
    /// The number of words of all chunks.
    total: usize,
}

impl KeyArena {
    pub(crate) fn new() -> Self {
        KeyArena {
            chunks: [const { OnceLock::new() }; CHUNKS],
        }
    }

    /// Whether the run at a position begins with these words.
    ///
    /// The position may be that of any key, so the words of several keys may be compared, or none.
    #[inline(always)]
    pub(crate) fn starts_with(&self, position: u32, words: &[u64]) -> bool {
        self.run(position, words.len()).is_some_and(|run| {
            // Two words a step, because the loop itself takes as many instructions as a word.
            let (run_pairs, run_last) = run.as_chunks::<2>();
            let (pairs, last) = words.as_chunks::<2>();
            for (run, pair) in run_pairs.iter().zip(pairs) {
                if !begins_with(run, pair) {
                    return false;
                }
            }
            begins_with(run_last, last)
        })
    }

    /// The first `len` words from a position on, after the word with the run's length.
    #[inline(always)]
    fn run(&self, position: u32, len: usize) -> Option<&[AtomicU64]> {
        let offset = (position & ((1 << OFFSET_BITS) - 1)) as usize + 1;
        let chunk = self.chunks[(position >> OFFSET_BITS) as usize].get()?;
        chunk.get(offset..)?.get(..len)
    }

    /// Takes a free run for this number of words and returns its position; `None` if there is no
    /// memory left.
    pub(crate) fn take(&self, free: &mut FreeRuns, words: usize) -> Option<u32> {
        let len = run_len(words);
        let mut longer = free.by_len.range_mut(len..);
        if let Some((_, positions)) = longer.find(|(_, positions)| !positions.is_empty()) {
            return positions.pop();
        }
        if free.unused.1 <= len {
            self.add_chunk(free, len + 1)?;
        }
        let (first, rest) = free.unused;
        free.unused = (first + len + 1, rest - len - 1);
        let chunk = free.chunks - 1;
        self.chunks[chunk].get()?[first].store(len as u64, Ordering::Relaxed);
        Some((chunk << OFFSET_BITS | first) as u32)
    }

    /// Writes words into a run that was taken for their number.
    pub(crate) fn write(&self, position: u32, words: &[u64]) {
        let run = self.run(position, words.len()).unwrap_or_default();
        for (slot, word) in run.iter().zip(words) {
            slot.store(*word, Ordering::Relaxed);
        }
    }

    /// Allocates a chunk of at least `len` words. The unused words at the end of the chunk before it
    /// become a free run, so that a later key can get them.
    fn add_chunk(&self, free: &mut FreeRuns, len: usize) -> Option<()> {
        let size = len.max(free.total / 4).max(FIRST_CHUNK);
        if free.chunks == CHUNKS || size >= 1 << OFFSET_BITS {
            return None;
        }
        if free.unused.1 > 1 {
            let (first, rest) = free.unused;
            let last = free.chunks - 1;
            self.chunks[last].get()?[first].store(rest as u64 - 1, Ordering::Relaxed);
            let position = (last << OFFSET_BITS | first) as u32;
            free.by_len.entry(rest - 1).or_default().push(position);
        }
        self.chunks[free.chunks].get_or_init(|| (0..size).map(|_| AtomicU64::default()).collect());
        free.chunks += 1;
        free.total += size;
        free.unused = (0, size);
        Some(())
    }

    /// Makes the run of a removed series free.
    pub(crate) fn free(&self, free: &mut FreeRuns, position: u32) {
        let offset = (position & ((1 << OFFSET_BITS) - 1)) as usize;
        let chunk = self.chunks[(position >> OFFSET_BITS) as usize].get();
        if let Some(len) = chunk.and_then(|chunk| chunk.get(offset)) {
            let len = len.load(Ordering::Relaxed) as usize;
            free.by_len.entry(len).or_default().push(position);
        }
    }
}

/// Whether the words begin with these; compares at most as many as there are.
#[inline(always)]
pub(crate) fn begins_with(words: &[AtomicU64], key: &[u64]) -> bool {
    let mut pairs = words.iter().zip(key);
    pairs.all(|(word, key)| word.load(Ordering::Relaxed) == *key)
}

/// The length of the run for this number of words: the number itself up to 8, then rounded up to
/// one of four lengths for each power of two, so that keys of many lengths share runs.
fn run_len(words: usize) -> usize {
    let step = (words.next_power_of_two() / 8).max(1);
    words.next_multiple_of(step)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn store(arena: &KeyArena, free: &mut FreeRuns, words: &[u64]) -> u32 {
        let position = arena.take(free, words.len()).expect("room");
        arena.write(position, words);
        position
    }

    proptest! {
        #[test]
        fn a_run_holds_the_words_of_its_key_until_it_is_freed(
            steps in prop::collection::vec((any::<bool>(), 1..90_usize, 0..1000_usize), 0..400),
        ) {
            let (arena, mut free) = (KeyArena::new(), FreeRuns::default());
            let mut stored: Vec<(u32, Vec<u64>)> = Vec::new();
            for (at, (is_removal, len, other)) in steps.into_iter().enumerate() {
                if is_removal && !stored.is_empty() {
                    let (position, _) = stored.swap_remove(other % stored.len());
                    arena.free(&mut free, position);
                } else {
                    let words: Vec<u64> = (0..len).map(|word| (at * 100 + word) as u64).collect();
                    let position = store(&arena, &mut free, &words);
                    stored.push((position, words));
                }
                for (position, words) in &stored {
                    prop_assert!(arena.starts_with(*position, words));
                    let mut other = words.clone();
                    other[len % words.len()] ^= 1;
                    prop_assert!(!arena.starts_with(*position, &other));
                }
            }
        }
    }

    #[test]
    fn the_memory_of_removed_keys_is_used_again() {
        let (arena, mut free) = (KeyArena::new(), FreeRuns::default());
        for _ in 0..100 {
            let positions = [3, 20, 300].map(|len| arena.take(&mut free, len).expect("room"));
            for position in positions {
                arena.free(&mut free, position);
            }
        }
        assert!(free.total < 500, "{free:?}");
    }

    #[test]
    fn at_most_a_fifth_of_the_memory_is_unused() {
        let (arena, mut free) = (KeyArena::new(), FreeRuns::default());
        let mut used = 0;
        for _ in 0..20_000 {
            arena.take(&mut free, 6).expect("room");
            used += 7;
            assert!(
                used * 5 + 7 * FIRST_CHUNK >= free.total * 4,
                "{used} of {}",
                free.total
            );
        }
    }

    #[test]
    fn a_key_may_have_a_million_words() {
        let (arena, mut free) = (KeyArena::new(), FreeRuns::default());
        let words = vec![1; 1 << 20];
        let position = store(&arena, &mut free, &words);
        assert!(arena.starts_with(position, &words));
    }
}
