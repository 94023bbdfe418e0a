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
    },
    storage::sync::AtomicU64,
};

type Key = [u64; 2];

/// All keys have the same hash, so they are in consecutive slots.
const HASH: u64 = 1 << 32;
/// The number of slots of the smallest table.
const SIZE: usize = 4;

struct Index {
    table: HashTable<SIZE>,
    entries: [Entry; 3],
}

impl Index {
    fn new(keys: &[(u32, u64, Key)]) -> Arc<Self> {
        let index = Index {
            table: HashTable::new(),
            entries: [Entry::new(), Entry::new(), Entry::new()],
        };
        index.rebuild(0, &[]);
        for (place, generation, key) in keys {
            index.insert(*place, *generation, *key);
        }
        Arc::new(index)
    }

    fn find(&self, key: Key) -> Option<(u32, u64)> {
        self.table.find(HASH, |place| {
            let entry = self.entries.get(place as usize)?;
            let generation = entry.matches(&key, |_, _| unreachable!("a short key"))?;
            Some((place, generation))
        })
    }

    fn lacks(&self, key: Key) -> bool {
        self.table.lacks(|| self.find(key).is_some())
    }

    fn write(&self, place: u32, generation: u64, key: Key) {
        let entry = &self.entries[place as usize];
        entry.write(generation, &key, || unreachable!("a short key"));
    }

    fn insert(&self, place: u32, generation: u64, key: Key) {
        self.write(place, generation, key);
        self.table.put(HASH, place);
    }

    fn remove(&self, place: u32) {
        self.table.remove(HASH, place);
        self.entries[place as usize].remove(Removal::Requested);
    }

    fn rebuild(&self, size: usize, live: &[u32]) {
        let live = live.iter().map(|place| (HASH, *place));
        self.table.rebuild(size, live);
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

/// The table is rebuilt in place: `key` moves to the slot of a removed key, and a third key takes
/// the slot that `key` has left.
pub fn a_key_is_not_reported_as_missing_during_a_rebuild_in_place() {
    check(2, || {
        let key = [2, 2];
        let index = Index::new(&[(0, 3, [1, 1]), (1, 5, key)]);
        let writer = spawn({
            let index = Arc::clone(&index);
            move || {
                index.remove(0);
                index.write(2, 7, [3, 3]);
                index.rebuild(0, &[1, 2]);
            }
        });
        assert!(!index.lacks(key));
        join([writer]);
        assert!(!index.lacks(key));
        assert_eq!(index.find(key), Some((1, 5)));
        assert!(index.lacks([1, 1]), "the rebuild has ended");
    });
}

/// A key is found as soon as a larger table contains it.
pub fn a_key_is_not_reported_as_missing_while_the_table_grows() {
    check(3, || {
        let (old, new) = ([1, 1], [2, 2]);
        let index = Index::new(&[(0, 3, old)]);
        let is_there = Arc::new(AtomicU64::new(0));
        let writer = spawn({
            let (index, is_there) = (Arc::clone(&index), Arc::clone(&is_there));
            move || {
                index.write(1, 5, new);
                index.rebuild(2 * SIZE, &[0, 1]);
                is_there.store(1, Ordering::Release);
            }
        });
        assert!(!index.lacks(old));
        if is_there.load(Ordering::Acquire) == 1 {
            assert!(!index.lacks(new));
        }
        join([writer]);
        assert_eq!(index.find(old), Some((0, 3)));
        assert_eq!(index.find(new), Some((1, 5)));
    });
}
