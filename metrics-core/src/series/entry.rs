//! The key of one series in an index: readers compare it without a lock, while a writer may be
//! giving it to another series. See `series.rs` for what leads to an entry.
//!
//! A `version` around the words tells a reader whether they were those of one key: it is odd
//! while the entry is in use, and never the same for two series. Writers take turns.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::storage::atomic::Atomic;

/// Words of a key that stand in the entry itself: three short texts. Longer ones continue in
/// [`Tail`]s.
pub(crate) const INLINE: usize = 6;

/// No tail.
const NONE: u32 = u32::MAX;

/// The key of one series; a cache line.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Entry<W = AtomicU64, H = AtomicU32> {
    /// Odd while in use.
    version: W,
    /// The tail in which the key continues.
    next: H,
    /// Handles that hold the series; and [`TOUCHED`].
    pins: H,
    words: [W; INLINE],
}

/// Marks an entry that was pinned since a scrape looked at it, where series expire.
pub(crate) const TOUCHED: u32 = 1 << 31;

/// Where a key continues.
#[derive(Debug, Default)]
pub(crate) struct Tail<W = AtomicU64, H = AtomicU32> {
    next: H,
    words: [W; INLINE],
}

impl<W: Atomic + Default, H: Atomic<u32> + Default> Entry<W, H> {
    pub(crate) fn new() -> Self {
        let entry = Entry {
            version: W::default(),
            next: H::default(),
            pins: H::default(),
            words: Default::default(),
        };
        entry.next.store(NONE, Ordering::Relaxed);
        entry
    }
}

impl<W: Atomic, H: Atomic<u32>> Entry<W, H> {
    /// The generation of the series that is here, or an even number.
    #[inline(always)]
    pub(crate) fn version(&self) -> u64 {
        self.version.load(Ordering::Relaxed)
    }

    /// The generation of an entry, if it is in use for this very key; `continues` compares what
    /// the tails from some on hold.
    #[inline(always)]
    pub(crate) fn matches(
        &self,
        key: &[u64],
        continues: impl FnOnce(u32, &[u64]) -> bool,
    ) -> Option<u64> {
        let version = self.version.load(Ordering::Acquire);
        if version & 1 == 0 || different(&self.words, key) {
            return None;
        }
        if key.len() > INLINE && !continues(self.next.load(Ordering::Relaxed), &key[INLINE..]) {
            return None;
        }
        self.is_still(version).then_some(version)
    }

    /// Whether an entry, which nobody changes now, is for this key.
    pub(crate) fn is_for(&self, key: &[u64], continues: impl FnOnce(u32, &[u64]) -> bool) -> bool {
        !different(&self.words, key)
            && (key.len() <= INLINE || continues(self.next.load(Ordering::Relaxed), &key[INLINE..]))
    }

    /// Whether a series that this thread has found is still here, and its whole key is this one.
    #[inline(always)]
    pub(crate) fn still_matches<const N: usize>(&self, generation: u64, key: &[u64; N]) -> bool {
        // A key that goes on elsewhere is looked for in the table.
        N <= INLINE && !different(&self.words, key) && self.is_still(generation)
    }

    /// Whether the words that were read are those of this version.
    #[inline(always)]
    fn is_still(&self, version: u64) -> bool {
        // The pair of the fence in `write`: had a word been of a later key, so would the version.
        W::fence(Ordering::Acquire);
        self.version() == version
    }

    /// Puts a series into an entry that is not in use; `take` yields tails for its key.
    pub(crate) fn write<'a>(
        &'a self,
        generation: u64,
        key: &[u64],
        mut take: impl FnMut() -> (u32, &'a Tail<W, H>),
    ) where
        W: 'a,
        H: 'a,
    {
        debug_assert!(self.version() & 1 == 0);
        // The pair of the fence in `is_still`: the even version is seen before any new word.
        W::fence(Ordering::Release);
        let (head, rest) = key.split_at(key.len().min(INLINE));
        store(&self.words, head);
        let mut next = &self.next;
        for part in rest.chunks(INLINE) {
            let (at, tail) = take();
            store(&tail.words, part);
            next.store(at, Ordering::Relaxed);
            next = &tail.next;
        }
        next.store(NONE, Ordering::Relaxed);
        self.version.store(generation, Ordering::Release);
    }

    /// Takes the series out.
    pub(crate) fn clear(&self) {
        // SeqCst: see `pin`.
        self.version.fetch_add(1, Ordering::SeqCst);
    }

    /// Makes the series look removed, unless it is held or was since a scrape looked at it.
    pub(crate) fn set_aside(&self) -> bool {
        if self.pins.load(Ordering::SeqCst) != 0 {
            return false;
        }
        // SeqCst: see `is_pinned`.
        let generation = self.version.fetch_add(1, Ordering::SeqCst);
        if self.pins.load(Ordering::SeqCst) != 0 {
            // Held, or set, in between: the version is as it was before anybody can reuse it.
            self.version.store(generation, Ordering::SeqCst);
            return false;
        }
        true
    }

    /// Brings the series back that was set aside, and returns its generation.
    pub(crate) fn revive(&self) -> u64 {
        // Release: what `set_aside` found of the entry is unchanged.
        let generation = self.version.load(Ordering::Relaxed) - 1;
        self.version.store(generation, Ordering::Release);
        generation
    }

    /// Notes that a handle holds the series, or has held it.
    pub(crate) fn touch(&self) {
        self.pins.fetch_or(TOUCHED, Ordering::SeqCst);
    }

    /// Whether a handle holds the series, or has since this was asked last.
    pub(crate) fn was_held(&self) -> bool {
        self.pins.fetch_and(!TOUCHED, Ordering::SeqCst) != 0
    }

    /// Shows the tails in which the key continued, which are free from here on.
    pub(crate) fn tails<'a>(
        &'a self,
        tail: impl Fn(u32) -> &'a Tail<W, H>,
        mut free: impl FnMut(u32),
    ) where
        W: 'a,
        H: 'a,
    {
        let mut next = self.next.load(Ordering::Relaxed);
        while next != NONE {
            free(next);
            next = tail(next).next.load(Ordering::Relaxed);
        }
    }

    /// Keeps the entry from being given to another series; false when it already was.
    ///
    /// `touch` is told the pins before.
    pub(crate) fn pin(&self, generation: u64, touch: impl FnOnce(u32)) -> bool {
        // SeqCst, as in `clear` and `is_pinned`: either this sees the new version or the writer
        // sees the pin.
        touch(self.pins.fetch_add(1, Ordering::SeqCst));
        if self.version.load(Ordering::SeqCst) == generation {
            return true;
        }
        self.unpin();
        false
    }

    /// One more pin for a series that is pinned.
    pub(crate) fn pin_again(&self) {
        self.pins.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn unpin(&self) {
        self.pins.fetch_sub(1, Ordering::SeqCst);
    }

    /// Whether an entry that was cleared may not be given to another series yet.
    pub(crate) fn is_pinned(&self) -> bool {
        self.pins.load(Ordering::SeqCst) & !TOUCHED != 0
    }
}

/// Whether tails hold the rest of a key.
///
/// How long a key is, its first words tell: where those are the same, so is the length.
pub(crate) fn continues<'a, W: Atomic + 'a, H: Atomic<u32> + 'a>(
    mut next: u32,
    rest: &[u64],
    tail: impl Fn(u32) -> &'a Tail<W, H>,
) -> bool {
    for part in rest.chunks(INLINE) {
        if next == NONE {
            return false;
        }
        let tail = tail(next);
        if different(&tail.words, part) {
            return false;
        }
        next = tail.next.load(Ordering::Relaxed);
    }
    true
}

/// Whether words differ from the beginning of a key.
#[inline(always)]
fn different<W: Atomic>(words: &[W; INLINE], key: &[u64]) -> bool {
    let mut pairs = words.iter().zip(key);
    pairs.any(|(word, key)| word.load(Ordering::Relaxed) != *key)
}

fn store<W: Atomic>(words: &[W; INLINE], key: &[u64]) {
    for (word, key) in words.iter().zip(key) {
        word.store(*key, Ordering::Relaxed);
    }
}
