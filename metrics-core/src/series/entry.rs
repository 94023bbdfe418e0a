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

use crate::{
    series::key_arena::{KeyArena, begins_with},
    storage::sync::{AtomicU32, AtomicU64, fence},
};

/// The number of words of a key that fit into the entry: three label values of up to 15 bytes, two
/// words each. The rest of a longer key is in a [`KeyArena`].
pub(crate) const INLINE_WORDS: usize = 6;

/// The value of `rest` if the key fits into the entry.
const NO_REST: u32 = u32::MAX;

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
    /// The position of the rest of the key in the arena, or [`NO_REST`].
    rest: AtomicU32,
    /// The number of handles that pin the series, and [`RECENTLY_RECORDED`].
    pins: AtomicU32,
    words: [AtomicU64; INLINE_WORDS],
}

impl Entry {
    pub(crate) fn new() -> Self {
        let entry = Entry {
            version: AtomicU64::default(),
            rest: AtomicU32::default(),
            pins: AtomicU32::default(),
            words: Default::default(),
        };
        entry.rest.store(NO_REST, Ordering::Relaxed);
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

    /// The generation of the series in this entry, if look-ups find it and it has this key, of
    /// which `arena` holds what does not fit into the entry.
    #[inline(always)]
    pub(crate) fn matches(&self, key: &[u64], arena: &KeyArena) -> Option<u64> {
        let version = self.version.load(Ordering::Acquire);
        if version & 1 == 0 || !self.has_key(key, || arena) {
            return None;
        }
        self.is_unchanged(version).then_some(version)
    }

    /// Whether the series of this generation, which this thread has found before, has this key and
    /// look-ups still find it.
    #[cfg_attr(
        metrics_fallback_storage,
        allow(dead_code, reason = "used for `SeriesCache`")
    )]
    #[inline(always)]
    pub(crate) fn still_matches<'a>(
        &self,
        generation: u64,
        key: &[u64],
        arena: impl FnOnce() -> &'a KeyArena,
    ) -> bool {
        self.has_key(key, arena) && self.is_unchanged(generation)
    }

    /// Whether the entry has this key.
    ///
    /// If another thread may change the entry during the call, the version tells afterwards whether
    /// it did.
    #[inline(always)]
    pub(crate) fn has_key<'a>(&self, key: &[u64], arena: impl FnOnce() -> &'a KeyArena) -> bool {
        // The lengths need no comparison: keys that differ do so in a word within the shorter one.
        if key.len() > INLINE_WORDS {
            self.has_long_key(key, arena())
        } else {
            begins_with(&self.words, key)
        }
    }

    /// Like [`has_key`](Self::has_key), for a key that does not fit into the entry.
    ///
    /// Not inlined, because the callers would not have enough registers.
    #[inline(never)]
    fn has_long_key(&self, key: &[u64], arena: &KeyArena) -> bool {
        key.split_first_chunk::<INLINE_WORDS>()
            .is_some_and(|(first, rest)| {
                begins_with(&self.words, first)
                    && arena.starts_with(self.rest.load(Ordering::Relaxed), rest)
            })
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
    /// `rest` is the position of the run for the words that do not fit into the entry, if there are
    /// any.
    pub(crate) fn write(&self, generation: u64, key: &[u64], rest: Option<u32>, arena: &KeyArena) {
        debug_assert!(self.version() & 1 == 0);
        // Pairs with the fence in `is_unchanged`: a reader that sees a new word no longer sees the
        // version of the previous series, neither of this entry nor of the one whose run in the
        // arena the key gets.
        fence(Ordering::Release);
        for (word, key) in self.words.iter().zip(key) {
            word.store(*key, Ordering::Relaxed);
        }
        if let (Some(rest), Some(words)) = (rest, key.get(INLINE_WORDS..)) {
            arena.write(rest, words);
        }
        self.rest.store(rest.unwrap_or(NO_REST), Ordering::Relaxed);
        self.version.store(generation, Ordering::Release);
    }

    /// The position in the arena of the rest of the key, if it does not fit into the entry.
    pub(crate) fn rest(&self) -> Option<u32> {
        let rest = self.rest.load(Ordering::Relaxed);
        (rest != NO_REST).then_some(rest)
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
