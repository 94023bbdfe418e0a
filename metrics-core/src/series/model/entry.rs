//! The protocols of `entry.rs` under a model checker: readers and holders of a series while a
//! writer removes it and gives its entry to another.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use loom::thread;

use crate::{
    series::entry::{self, INLINE, continues},
    storage::model::loom_atomic::{AtomicU32, AtomicU64, check},
};

type Entry = entry::Entry<AtomicU64, AtomicU32>;
type Tail = entry::Tail<AtomicU64, AtomicU32>;

/// The first series in an entry, and the one after it.
const OLD: u64 = 3;
const NEW: u64 = 5;

const LONG: usize = INLINE + 1;

/// Two entries, and the tail that their keys take in turn.
struct Keys {
    entries: [Entry; 2],
    tail: Tail,
}

impl Keys {
    fn new() -> Self {
        Keys {
            entries: [Entry::new(), Entry::new()],
            tail: Tail::default(),
        }
    }

    fn write(&self, at: usize, generation: u64, key: &[u64]) {
        self.entries[at].write(generation, key, || (0, &self.tail));
    }

    fn clear(&self, at: usize) {
        self.entries[at].clear();
        self.entries[at].tails(|_| &self.tail, |_| ());
    }

    fn matches(&self, at: usize, key: &[u64]) -> Option<u64> {
        self.entries[at].matches(key, |next, rest| continues(next, rest, |_| &self.tail))
    }
}

#[test]
fn an_entry_matches_the_key_of_its_series_only() {
    check(3, || {
        let keys = Arc::new(Keys::new());
        keys.write(0, OLD, &[1, 1]);
        let writer = thread::spawn({
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
        writer.join().expect("the writer ends");
        assert_eq!(keys.matches(0, &[1, 1]), None);
        assert_eq!(keys.matches(0, &[2, 2]), Some(NEW));
    });
}

/// What a thread has found once, it asks for again without looking at the table.
#[test]
fn a_series_that_was_found_still_matches_its_own_key_only() {
    check(4, || {
        let keys = Arc::new(Keys::new());
        keys.write(0, OLD, &[1, 1]);
        let writer = thread::spawn({
            let keys = Arc::clone(&keys);
            move || {
                keys.clear(0);
                keys.write(0, NEW, &[2, 2]);
            }
        });
        let entry = &keys.entries[0];
        for other in [[1, 2], [2, 1], [2, 2]] {
            assert!(!entry.still_matches(OLD, &other), "{other:?}");
        }
        writer.join().expect("the writer ends");
        assert!(!entry.still_matches(OLD, &[1, 1]));
    });
}

/// The tail of a key goes to another entry, where it continues a key that begins alike.
#[test]
fn an_entry_does_not_continue_in_a_tail_that_was_its_own() {
    check(3, || {
        let keys = Arc::new(Keys::new());
        let [first, second] = [1, 2].map(|last| {
            let mut key = [7; LONG];
            key[INLINE] = last;
            key
        });
        keys.write(0, OLD, &first);
        let writer = thread::spawn({
            let keys = Arc::clone(&keys);
            move || {
                keys.clear(0);
                keys.write(1, NEW, &second);
            }
        });
        assert_eq!(keys.matches(0, &second), None);
        assert!(matches!(keys.matches(1, &second), None | Some(NEW)));
        assert_eq!(keys.matches(1, &first), None);
        writer.join().expect("the writer ends");
        assert_eq!(keys.matches(0, &first), None);
        assert_eq!(keys.matches(1, &second), Some(NEW));
    });
}

/// An entry, and what its holders and the writer say of it: not watched, so that these add
/// nothing to the order of things.
struct Place {
    entry: Entry,
    is_held: AtomicBool,
    is_given: AtomicBool,
}

impl Place {
    /// Says that a handle holds the series.
    fn hold(&self) {
        assert!(!self.is_given.load(Ordering::Relaxed), "held too late");
        self.is_held.store(true, Ordering::Relaxed);
    }

    /// Lets a series go that no other handle holds.
    fn let_go(&self) {
        assert!(self.entry.version() <= OLD + 1, "another's");
        self.is_held.store(false, Ordering::Relaxed);
        self.entry.unpin();
    }

    /// Gives the entry to another series, if none holds it.
    fn give(&self) -> bool {
        if self.entry.is_pinned() {
            return false;
        }
        assert!(!self.is_held.load(Ordering::Relaxed), "given while held");
        self.is_given.store(true, Ordering::Relaxed);
        self.entry.write(NEW, &[2], || unreachable!("a short key"));
        true
    }

    /// Removes the series, and gives its entry away now or, as `Index::vacant` does, later.
    fn replace(&self) {
        self.entry.clear();
        let _ = self.give() || self.give();
    }
}

fn place() -> Arc<Place> {
    let place = Place {
        entry: Entry::new(),
        is_held: AtomicBool::new(false),
        is_given: AtomicBool::new(false),
    };
    place.entry.write(OLD, &[1], || unreachable!("a short key"));
    Arc::new(place)
}

#[test]
fn a_pinned_entry_is_not_given_to_another_series() {
    check(4, || {
        let place = place();
        let writer = thread::spawn({
            let place = Arc::clone(&place);
            move || place.replace()
        });
        if place.entry.pin(OLD, |_| ()) {
            place.hold();
            place.let_go();
        }
        writer.join().expect("the writer ends");
        assert!(!place.entry.is_pinned());
    });
}

/// A handle is cloned, and the first of the two is dropped, while another comes too late.
#[test]
fn an_entry_stays_pinned_until_the_last_handle_is_gone() {
    check(3, || {
        let place = place();
        let writer = thread::spawn({
            let place = Arc::clone(&place);
            move || place.replace()
        });
        let late = thread::spawn({
            let place = Arc::clone(&place);
            move || {
                if place.entry.pin(OLD, |_| ()) {
                    assert!(!place.is_given.load(Ordering::Relaxed), "held too late");
                    place.entry.unpin();
                }
            }
        });
        if place.entry.pin(OLD, |_| ()) {
            place.hold();
            place.entry.pin_again();
            place.entry.unpin();
            place.let_go();
        }
        writer.join().expect("the writer ends");
        late.join().expect("the other holder ends");
        assert!(!place.entry.is_pinned());
    });
}
