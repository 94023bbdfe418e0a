//! Models of the entries of the index of series: threads look up a series and keep it from
//! expiring, while a writer removes the series and gives its entry to another series.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use crate::{
    run::{check, join, spawn},
    series::{
        entry::{Entry, INLINE_WORDS, Removal},
        key_arena::{FreeRuns, KeyArena},
    },
};

/// The generations of the first series in an entry and of the next one.
const OLD: u64 = 3;
const NEW: u64 = 5;

const LONG: usize = INLINE_WORDS + 2;

/// Two entries, and an arena in which a key gets the words of the key that was removed before.
struct Keys {
    entries: [Entry; 2],
    arena: KeyArena,
    /// Only one thread of a model uses it, so that the lock adds no ordering to the model.
    free: Mutex<FreeRuns>,
}

impl Keys {
    fn new() -> Self {
        Keys {
            entries: [Entry::new(), Entry::new()],
            arena: KeyArena::new(),
            free: Mutex::default(),
        }
    }

    fn write(&self, at: usize, generation: u64, key: &[u64]) {
        let words = key.len().saturating_sub(INLINE_WORDS);
        let rest = (words > 0).then(|| {
            let mut free = self.free.lock().expect("no panic");
            self.arena.take(&mut free, words).expect("room")
        });
        self.entries[at].write(generation, key, rest, &self.arena);
    }

    fn clear(&self, at: usize) {
        self.entries[at].remove(Removal::Requested);
        if let Some(rest) = self.entries[at].rest() {
            let mut free = self.free.lock().expect("no panic");
            self.arena.free(&mut free, rest);
        }
    }

    fn matches(&self, at: usize, key: &[u64]) -> Option<u64> {
        self.entries[at].matches(key, &self.arena)
    }
}

/// A key of which two words do not fit into the entry.
fn long_key(rest: [u64; 2]) -> [u64; LONG] {
    let mut key = [7; LONG];
    key[INLINE_WORDS..].copy_from_slice(&rest);
    key
}

pub fn an_entry_matches_only_the_key_of_its_series() {
    check(2, || {
        let keys = Arc::new(Keys::new());
        keys.write(0, OLD, &[1, 1]);
        let writer = spawn({
            let keys = Arc::clone(&keys);
            move || {
                keys.clear(0);
                keys.write(0, NEW, &[2, 2]);
            }
        });
        for mixed in [[2, 1], [1, 2]] {
            assert_eq!(keys.matches(0, &mixed), None, "{mixed:?}");
        }
        assert!(matches!(keys.matches(0, &[1, 1]), None | Some(OLD)));
        assert!(matches!(keys.matches(0, &[2, 2]), None | Some(NEW)));
        join([writer]);
        assert_eq!(keys.matches(0, &[1, 1]), None);
        assert_eq!(keys.matches(0, &[2, 2]), Some(NEW));
    });
}

/// A thread compares the key with a cached entry, without the hash table.
pub fn a_cached_entry_matches_only_the_key_of_its_series() {
    check(3, || {
        let keys = Arc::new(Keys::new());
        keys.write(0, OLD, &[1, 1]);
        let writer = spawn({
            let keys = Arc::clone(&keys);
            move || {
                keys.clear(0);
                keys.write(0, NEW, &[2, 2]);
            }
        });
        let entry = &keys.entries[0];
        for other in [[1, 2], [2, 1], [2, 2]] {
            assert!(
                !entry.still_matches(OLD, &other, || &keys.arena),
                "{other:?}"
            );
        }
        join([writer]);
        assert!(!entry.still_matches(OLD, &[1, 1], || &keys.arena));
    });
}

/// The writer gives both the entry and the words in the arena to another series, while a reader
/// compares the key, as after a look-up in the hash table or in a thread's cache.
pub fn an_entry_matches_only_the_long_key_of_its_series() {
    let readers: [fn(&Keys, &[u64]) -> bool; 2] = [
        |keys, key| keys.matches(0, key).is_some(),
        |keys, key| keys.entries[0].still_matches(OLD, key, || &keys.arena),
    ];
    for (matches, mixed) in readers.into_iter().zip([[2, 1], [1, 2]]) {
        // Each comparison reads nine values that the writer changes, so there is only one.
        check(2, move || {
            let keys = Arc::new(Keys::new());
            keys.write(0, OLD, &long_key([1, 1]));
            let writer = spawn({
                let keys = Arc::clone(&keys);
                move || {
                    keys.clear(0);
                    keys.write(0, NEW, &long_key([2, 2]));
                }
            });
            assert!(!matches(&keys, &long_key(mixed)));
            join([writer]);
            assert_eq!(keys.matches(0, &long_key([1, 1])), None);
            assert_eq!(keys.matches(0, &long_key([2, 2])), Some(NEW));
        });
    }
}

/// The words of a removed key in the arena belong to the key of another entry, which begins with
/// equal words.
pub fn an_entry_does_not_match_with_words_of_another_key() {
    check(3, || {
        let keys = Arc::new(Keys::new());
        let [first, second] = [[1, 1], [1, 2]].map(long_key);
        keys.write(0, OLD, &first);
        let writer = spawn({
            let keys = Arc::clone(&keys);
            move || {
                keys.clear(0);
                keys.write(1, NEW, &second);
                assert_eq!(keys.entries[1].rest(), keys.entries[0].rest());
            }
        });
        assert_eq!(keys.matches(0, &second), None);
        assert!(!keys.entries[0].still_matches(OLD, &second, || &keys.arena));
        assert!(matches!(keys.matches(1, &second), None | Some(NEW)));
        assert_eq!(keys.matches(1, &first), None);
        join([writer]);
        assert_eq!(keys.matches(0, &first), None);
        assert_eq!(keys.matches(1, &second), Some(NEW));
    });
}

/// A short key gets the entry of a long one, of which only the words in the arena differ from those
/// of a third key.
pub fn a_long_key_is_not_found_in_an_entry_with_a_short_one() {
    check(2, || {
        let keys = Arc::new(Keys::new());
        let [old, other] = [[1, 1], [1, 2]].map(long_key);
        keys.write(0, OLD, &old);
        let writer = spawn({
            let keys = Arc::clone(&keys);
            move || {
                keys.clear(0);
                keys.write(0, NEW, &[8; 2]);
                keys.write(1, NEW + 2, &other);
            }
        });
        assert_eq!(keys.matches(0, &other), None);
        assert!(matches!(keys.matches(0, &old), None | Some(OLD)));
        assert!(matches!(keys.matches(1, &other), None | Some(_)));
        join([writer]);
        assert_eq!(keys.matches(0, &[8; 2]), Some(NEW));
        assert_eq!(keys.matches(0, &old), None);
    });
}

/// An entry, with flags that its handles and the writer set. Loom does not see the flags, which are
/// atomics of the standard library, so they add no ordering to the model.
struct Place {
    entry: Entry,
    is_in_use: AtomicBool,
    is_given: AtomicBool,
}

impl Place {
    /// Notes that a handle that pins the series is in use.
    fn start_use(&self) {
        assert!(!self.is_given.load(Ordering::Relaxed), "pinned too late");
        self.is_in_use.store(true, Ordering::Relaxed);
    }

    /// Notes that the last handle is dropped, and unpins the entry.
    fn end_use(&self) {
        assert!(
            self.entry.version() <= OLD + 1,
            "the entry has another series"
        );
        self.is_in_use.store(false, Ordering::Relaxed);
        self.entry.unpin();
    }

    /// Gives the entry to another series, unless it is pinned.
    fn give(&self) -> bool {
        if self.entry.is_pinned() {
            return false;
        }
        assert!(
            !self.is_in_use.load(Ordering::Relaxed),
            "given to another series while in use"
        );
        self.is_given.store(true, Ordering::Relaxed);
        self.entry.write(NEW, &[2], None, &KeyArena::new());
        true
    }

    /// Removes the series and gives its entry to another one. If the entry is pinned, tries again
    /// once, as `Index::take_place` does at later insertions.
    fn replace(&self) {
        self.entry.remove(Removal::Requested);
        let _ = self.give() || self.give();
    }
}

fn place() -> Arc<Place> {
    let place = Place {
        entry: Entry::new(),
        is_in_use: AtomicBool::new(false),
        is_given: AtomicBool::new(false),
    };
    place.entry.write(OLD, &[1], None, &KeyArena::new());
    Arc::new(place)
}

pub fn a_pinned_entry_is_not_given_to_another_series() {
    check(3, || {
        let place = place();
        let writer = spawn({
            let place = Arc::clone(&place);
            move || place.replace()
        });
        if place.entry.pin(OLD) {
            place.start_use();
            place.end_use();
        }
        join([writer]);
        assert!(!place.entry.is_pinned());
    });
}

/// A handle is cloned and the first of the two is dropped, while another thread tries to pin, maybe
/// too late.
pub fn an_entry_stays_pinned_until_the_last_handle_is_dropped() {
    check(2, || {
        let place = place();
        let writer = spawn({
            let place = Arc::clone(&place);
            move || place.replace()
        });
        let late = spawn({
            let place = Arc::clone(&place);
            move || {
                if place.entry.pin(OLD) {
                    assert!(!place.is_given.load(Ordering::Relaxed), "pinned too late");
                    place.entry.unpin();
                }
            }
        });
        if place.entry.pin(OLD) {
            place.start_use();
            place.entry.pin_again();
            place.entry.unpin();
            place.end_use();
        }
        join([writer]);
        join([late]);
        assert!(!place.entry.is_pinned());
    });
}
