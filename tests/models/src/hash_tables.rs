//! Models of look-ups in an index while a writer inserts, removes and rebuilds the table.
//!
//! The table and its entries are the library's code. `find`, `insert` and `remove` in this file
//! call that code as the methods `find_in_block`, `insert` and `remove_place` of the library's
//! `Index` do.

use std::sync::{Arc, atomic::Ordering};

use crate::{
    run::{check, join, spawn},
    series::{
        entry::{Entry, Removal},
        hash_table::HashTable,
        key_arena::KeyArena,
    },
    storage::sync::AtomicU64,
};

type Key = [u64; 2];

/// The hash of most keys, which are therefore in consecutive slots.
const HASH: u32 = 1 << 22;
/// The hash of an entry that is in the same slots as the others until the table grows.
const MOVING: u32 = HASH | SIZE as u32;
/// The number of slots of the first segment.
const SIZE: usize = 4;

struct Index {
    table: HashTable<SIZE>,
    entries: [Entry; 3],
    /// Empty, because the keys fit into their entries.
    arena: KeyArena,
    /// The hashes of the entries' keys.
    hashes: [u32; 3],
}

impl Index {
    fn new(keys: &[(u32, u64, Key)]) -> Arc<Self> {
        Self::with_hashes([HASH; 3], keys)
    }

    fn with_hashes(hashes: [u32; 3], keys: &[(u32, u64, Key)]) -> Arc<Self> {
        let index = Index {
            table: HashTable::new(),
            entries: [Entry::new(), Entry::new(), Entry::new()],
            arena: KeyArena::new(),
            hashes,
        };
        index.table.grow(|_| unreachable!("the table is empty"));
        for (place, generation, key) in keys {
            index.insert(*place, *generation, *key);
        }
        Arc::new(index)
    }

    fn find(&self, key: Key) -> Option<(u32, u64)> {
        self.find_hashed(key, HASH)
    }

    fn find_hashed(&self, key: Key, hash: u32) -> Option<(u32, u64)> {
        self.table.find(hash, |place| {
            let entry = self.entries.get(place as usize)?;
            let generation = entry.matches(&key, &self.arena)?;
            Some((place, generation))
        })
    }

    fn lacks(&self, key: Key) -> bool {
        self.lacks_hashed(key, HASH)
    }

    fn lacks_hashed(&self, key: Key, hash: u32) -> bool {
        self.table.lacks(|| self.find_hashed(key, hash).is_some())
    }

    fn hash_of(&self) -> impl Fn(u32) -> u32 {
        |place| self.hashes[place as usize]
    }

    fn write(&self, place: u32, generation: u64, key: Key) {
        let entry = &self.entries[place as usize];
        entry.write(generation, &key, None, &self.arena);
    }

    fn insert(&self, place: u32, generation: u64, key: Key) {
        self.write(place, generation, key);
        let put = self.table.put(self.hashes[place as usize], place);
        assert!(put.is_some(), "the segment has room");
    }

    fn remove(&self, place: u32) {
        self.table.remove(self.hashes[place as usize], place);
        self.entries[place as usize].remove(Removal::Requested);
    }
}

/// Both places are given to other keys; one place gets the key that the other place had.
pub fn a_reader_never_finds_the_series_of_another_key() {
    check(2, || {
        let (a, b) = ([1, 1], [2, 2]);
        let index = Index::new(&[(0, 3, a), (1, 5, b)]);
        let writer = spawn({
            let index = Arc::clone(&index);
            move || {
                index.remove(1);
                index.remove(0);
                index.insert(0, 7, b);
                index.insert(1, 9, [1, 2]);
            }
        });
        assert!(matches!(index.find([1, 2]), None | Some((1, 9))));
        assert!(matches!(index.find(b), None | Some((1, 5) | (0, 7))));
        join([writer]);
        assert_eq!(index.find(a), None);
        assert_eq!(index.find(b), Some((0, 7)));
        assert_eq!(index.find([1, 2]), Some((1, 9)));
    });
}

pub fn a_key_is_found_behind_one_that_is_removed() {
    check(3, || {
        let (other, key) = ([1, 1], [2, 2]);
        let index = Index::new(&[(0, 3, other), (1, 5, key)]);
        let writer = spawn({
            let index = Arc::clone(&index);
            move || {
                index.remove(0);
                index.insert(2, 7, [3, 3]);
            }
        });
        assert_eq!(index.find(key), Some((1, 5)), "the table is not rebuilt");
        assert!(matches!(index.find([3, 3]), None | Some((2, 7))));
        join([writer]);
    });
}

/// `key` moves to the slot of a removed key, and a third key takes the slot that `key` has left.
pub fn a_key_is_not_reported_as_missing_while_it_moves_to_the_slot_of_a_removed_one() {
    check(2, || {
        let key = [2, 2];
        let index = Index::new(&[(0, 3, [1, 1]), (1, 5, key)]);
        let writer = spawn({
            let index = Arc::clone(&index);
            move || {
                index.remove(0);
                index.table.tidy(index.hash_of());
                index.insert(2, 7, [3, 3]);
            }
        });
        assert!(!index.lacks(key));
        join([writer]);
        assert!(!index.lacks(key));
        assert_eq!(index.find(key), Some((1, 5)));
        assert!(index.lacks([1, 1]), "no entries are being moved");
    });
}

/// The first key moves to the segment that is added, and the second to the slot that it leaves.
pub fn keys_are_not_reported_as_missing_while_the_table_grows() {
    for is_first in [true, false] {
        check(2, move || {
            let (first, second) = ([1, 1], [2, 2]);
            let keys = [(0, 3, first), (1, 5, second)];
            let index = Index::with_hashes([MOVING, HASH, HASH], &keys);
            let writer = spawn({
                let index = Arc::clone(&index);
                move || _ = index.table.grow(index.hash_of())
            });
            if is_first {
                assert!(!index.lacks_hashed(first, MOVING));
            } else {
                assert!(!index.lacks(second));
            }
            join([writer]);
            assert_eq!(index.find_hashed(first, MOVING), Some((0, 3)));
            assert_eq!(index.find(second), Some((1, 5)));
        });
    }
}

/// A key that is inserted after the table has grown is found as soon as the insertion has ended.
pub fn a_key_is_not_reported_as_missing_once_it_was_inserted_into_a_larger_table() {
    check(2, || {
        let (old, new) = ([1, 1], [2, 2]);
        let index = Index::with_hashes([HASH, MOVING, HASH], &[(0, 3, old)]);
        let is_there = Arc::new(AtomicU64::new(0));
        let writer = spawn({
            let (index, is_there) = (Arc::clone(&index), Arc::clone(&is_there));
            move || {
                index.table.grow(index.hash_of());
                index.insert(1, 5, new);
                is_there.store(1, Ordering::Release);
            }
        });
        assert!(!index.lacks(old));
        if is_there.load(Ordering::Acquire) == 1 {
            assert!(!index.lacks_hashed(new, MOVING));
        }
        join([writer]);
        assert_eq!(index.find_hashed(new, MOVING), Some((1, 5)));
    });
}
