//! [`Entry`]: the key of one series in an index (the label values, encoded as integers), which
//! readers compare without a lock.
//!
//! A writer may give the entry to another series while a reader compares the key. The reader
//! therefore checks that `version` has not changed after it has read the words of the key. The
//! version is odd while look-ups find the series, and differs for every series. Writers hold the
//! lock on the index's state.
//!
//! The generation of a series is a number that no other series of the metric has. Once look-ups no
//! longer find the series, the difference between the version and the generation tells whether the
//! series expired or was removed (see [`Status`]).

use std::sync::atomic::Ordering;

use crate::storage::sync::{AtomicU32, AtomicU64, fence};

/// The number of words of a key that fit into the entry: three label values of up to 15 bytes, two
/// words each. A longer key continues in [`Tail`]s.
pub(crate) const INLINE_WORDS: usize = 6;

/// The number in `next` if the key has no further tail.
const NO_TAIL: u32 = u32::MAX;

/// The difference between the generations of consecutive series of a metric. Generations are odd.
/// Once look-ups do not find a series, the version of its entry is the generation plus [`REMOVED`],
/// [`SUSPENDED`] or [`EXPIRED`].
pub(crate) const GENERATION_STEP: u64 = 8;

/// Added to the generation of a series that the program has removed.
const REMOVED: u64 = 1;
/// Added to the generation of a series that has expired and may still be resumed.
const SUSPENDED: u64 = 3;
/// Added to the generation of a series that was removed because it had expired.
const EXPIRED: u64 = 5;

/// The state of the series with a given generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Look-ups find the series.
    Live,
    /// The series has expired and may still be resumed.
    Suspended,
    /// The series has expired and was removed for that reason.
    Expired,
    /// The program has removed the series.
    Removed,
    /// The entry belongs to another series.
    Replaced,
}

/// Why a series is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removal {
    /// The program has removed the series.
    Requested,
    /// The series has expired.
    Expired,
}

/// The bit of `pins` that is set if the program has recorded into the series, a gauge or state set,
/// since the last scrape; used only in an index whose series expire.
const RECENTLY_RECORDED: u32 = 1 << 31;

/// The key of one series, or the beginning of a long key, in one cache line.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Entry {
    /// The generation of the series, which is odd; an even number while look-ups find no series
    /// here.
    version: AtomicU64,
    /// The number of the key's first tail, or [`NO_TAIL`].
    next: AtomicU32,
    /// The number of handles that pin the series, and [`RECENTLY_RECORDED`].
    pins: AtomicU32,
    words: [AtomicU64; INLINE_WORDS],
}

/// A part of a key that is too long for its entry.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    next: AtomicU32,
    words: [AtomicU64; INLINE_WORDS],
}

impl Entry {
    pub(crate) fn new() -> Self {
        let entry = Entry {
            version: AtomicU64::default(),
            next: AtomicU32::default(),
            pins: AtomicU32::default(),
            words: Default::default(),
        };
        entry.next.store(NO_TAIL, Ordering::Relaxed);
        entry
    }
}

impl Entry {
    /// The generation of the series in the entry; an even number if look-ups find none here.
    #[inline(always)]
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// The state of the series with this generation, which this entry has held.
    pub(crate) fn status(&self, generation: u64) -> Status {
        match self.version().wrapping_sub(generation) {
            0 => Status::Live,
            REMOVED => Status::Removed,
            SUSPENDED => Status::Suspended,
            EXPIRED => Status::Expired,
            _ => Status::Replaced,
        }
    }

    /// The generation of the series in this entry, if look-ups find it and it has this key.
    ///
    /// `tails_match` compares the rest of the key with the tails, of which it gets the first one's
    /// number.
    #[inline(always)]
    pub(crate) fn matches(
        &self,
        key: &[u64],
        tails_match: impl FnOnce(u32, &[u64]) -> bool,
    ) -> Option<u64> {
        let version = self.version.load(Ordering::Acquire);
        if version & 1 == 0 || differ(&self.words, key) {
            return None;
        }
        if key.len() > INLINE_WORDS
            && !tails_match(self.next.load(Ordering::Relaxed), &key[INLINE_WORDS..])
        {
            return None;
        }
        self.is_unchanged(version).then_some(version)
    }

    /// Whether the entry, which no other thread changes meanwhile, has this key.
    pub(crate) fn has_key(
        &self,
        key: &[u64],
        tails_match: impl FnOnce(u32, &[u64]) -> bool,
    ) -> bool {
        !differ(&self.words, key)
            && (key.len() <= INLINE_WORDS
                || tails_match(self.next.load(Ordering::Relaxed), &key[INLINE_WORDS..]))
    }

    /// Whether the series of this generation, which this thread has found before, has this key and
    /// look-ups still find it.
    ///
    /// False for a key that does not fit into the entry.
    #[inline(always)]
    pub(crate) fn still_matches<const N: usize>(&self, generation: u64, key: &[u64; N]) -> bool {
        N <= INLINE_WORDS && !differ(&self.words, key) && self.is_unchanged(generation)
    }

    /// Whether the words that were read before the call belong to this version.
    #[inline(always)]
    fn is_unchanged(&self, version: u64) -> bool {
        // Pairs with the fence in `write`: if a word belonged to a later key, the version differs.
        fence(Ordering::Acquire);
        self.version() == version
    }

    /// Writes the key of a new series into an entry that is not in use.
    ///
    /// `take_tail` returns a free tail and its number, for each tail that the key needs.
    pub(crate) fn write<'a>(
        &'a self,
        generation: u64,
        key: &[u64],
        mut take_tail: impl FnMut() -> (u32, &'a Tail),
    ) {
        debug_assert!(self.version() & 1 == 0);
        // Pairs with the fence in `is_unchanged`: a reader that sees a new word no longer sees the
        // version of the previous series.
        fence(Ordering::Release);
        let (head, rest) = key.split_at(key.len().min(INLINE_WORDS));
        store(&self.words, head);
        let mut next = &self.next;
        for part in rest.chunks(INLINE_WORDS) {
            let (at, tail) = take_tail();
            store(&tail.words, part);
            next.store(at, Ordering::Relaxed);
            next = &tail.next;
        }
        next.store(NO_TAIL, Ordering::Relaxed);
        self.version.store(generation, Ordering::Release);
    }

    /// Marks a series as removed that was [`Live`](Status::Live) or
    /// [`Suspended`](Status::Suspended), so that look-ups do not find it any more.
    pub(crate) fn remove(&self, removal: Removal) {
        let version = self.version();
        let generation = if version & 1 == 1 {
            version
        } else {
            version - SUSPENDED
        };
        let removed = match removal {
            Removal::Requested => generation + REMOVED,
            Removal::Expired => generation + EXPIRED,
        };
        // SeqCst, with `pin`: either `pin` sees this version or the writer sees the pin afterwards.
        // Only writers change the version, so this sets it to `removed`.
        let change = removed.wrapping_sub(version);
        self.version.fetch_add(change, Ordering::SeqCst);
    }

    /// Hides the series from look-ups, unless a handle pins it or [`RECENTLY_RECORDED`] is set.
    ///
    /// Returns whether it was hidden.
    pub(crate) fn suspend(&self) -> bool {
        if self.pins.load(Ordering::SeqCst) != 0 {
            return false;
        }
        // SeqCst, with `pin`: either `pin` sees this version or the load below sees the pin.
        let generation = self.version.fetch_add(SUSPENDED, Ordering::SeqCst);
        if self.pins.load(Ordering::SeqCst) != 0 {
            // Makes the series visible again, because a handle has pinned it meanwhile. The caller
            // holds the lock, so the entry has not been given to another series.
            self.version.store(generation, Ordering::SeqCst);
            return false;
        }
        true
    }

    /// Lets look-ups find a [`Suspended`](Status::Suspended) series again, and returns its
    /// generation.
    pub(crate) fn resume(&self) -> u64 {
        let generation = self.version.load(Ordering::Relaxed) - SUSPENDED;
        // Release: a reader that sees this version sees the key, which is still in the entry.
        self.version.store(generation, Ordering::Release);
        generation
    }

    /// Whether a handle pins the series or [`RECENTLY_RECORDED`] is set; clears that bit.
    pub(crate) fn take_recently_recorded(&self) -> bool {
        self.pins.fetch_and(!RECENTLY_RECORDED, Ordering::SeqCst) != 0
    }

    /// Calls `each` with the number of every tail of the key.
    pub(crate) fn for_each_tail<'a>(
        &'a self,
        tail: impl Fn(u32) -> &'a Tail,
        mut each: impl FnMut(u32),
    ) {
        let mut next = self.next.load(Ordering::Relaxed);
        while next != NO_TAIL {
            each(next);
            next = tail(next).next.load(Ordering::Relaxed);
        }
    }

    /// Pins the series of this generation, so that no other series gets the entry; false if the
    /// series was removed or has expired.
    pub(crate) fn pin(&self, generation: u64) -> bool {
        // SeqCst, with `remove`, `suspend` and `is_pinned`: either this call sees the new version
        // or the writer sees the pin.
        self.pins.fetch_add(1, Ordering::SeqCst);
        if self.version.load(Ordering::SeqCst) == generation {
            return true;
        }
        self.unpin();
        false
    }

    /// Adds a pin without a check of the generation; see `Index::pin_again`.
    pub(crate) fn pin_again(&self) {
        self.pins.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn unpin(&self) {
        self.pins.fetch_sub(1, Ordering::SeqCst);
    }

    /// Sets [`RECENTLY_RECORDED`] for the series, which the caller has pinned.
    pub(crate) fn note_recording(&self) {
        // The load comes first, so that of the recordings between two scrapes, only the first
        // writes to the entry.
        if self.pins.load(Ordering::Relaxed) & RECENTLY_RECORDED == 0 {
            self.pins.fetch_or(RECENTLY_RECORDED, Ordering::SeqCst);
        }
    }

    /// Whether handles pin the series, so that the entry must not be given to another series.
    pub(crate) fn is_pinned(&self) -> bool {
        self.pins.load(Ordering::SeqCst) & !RECENTLY_RECORDED != 0
    }
}

/// Whether the tails from `next` on hold the rest of a key.
///
/// A key begins with the words for each label, which contain the lengths of label values. Keys that
/// agree in these words have the same length, so that no further tail needs to be compared.
pub(crate) fn tails_match<'a>(mut next: u32, rest: &[u64], tail: impl Fn(u32) -> &'a Tail) -> bool {
    for part in rest.chunks(INLINE_WORDS) {
        if next == NO_TAIL {
            return false;
        }
        let tail = tail(next);
        if differ(&tail.words, part) {
            return false;
        }
        next = tail.next.load(Ordering::Relaxed);
    }
    true
}

/// Whether the words differ from the beginning of a key.
#[inline(always)]
fn differ(words: &[AtomicU64; INLINE_WORDS], key: &[u64]) -> bool {
    let mut pairs = words.iter().zip(key);
    pairs.any(|(word, key)| word.load(Ordering::Relaxed) != *key)
}

fn store(words: &[AtomicU64; INLINE_WORDS], key: &[u64]) {
    for (word, key) in words.iter().zip(key) {
        word.store(*key, Ordering::Relaxed);
    }
}
