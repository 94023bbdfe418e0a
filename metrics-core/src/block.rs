//! A histogram in one thread's storage: written by its thread, read whole by a scrape, and
//! neither waits for the other.
//!
//! A sequence lock would make the scrape wait for a recorder that the scheduler has stopped
//! in the middle of an observation: seconds, with many busy threads on few cores. Here a
//! half-done observation can be told and subtracted instead:
//!
//! * `COMMIT` counts the observations that are complete;
//! * two `SUM` words take turns, so that the sum of the complete ones is never overwritten
//!   by the one under way;
//! * `LAST` names the bucket that the one under way goes to.
//!
//! A histogram that is both classic and native counts each observation twice, in buckets of
//! either kind, and `LAST` names two; a native one says in more words what its buckets are (see
//! `native/table.rs`), and those are read after the counts.
//!
//! A reader that finds the same `COMMIT` before and after has seen that many observations and
//! at most one more in the buckets, in `LAST`. Every store of the writer is a `Release` and
//! every load of the reader an `Acquire` (plain moves on x86): whoever sees a word of one
//! observation sees the `COMMIT` of the one before it.
//!
//! A recorder that never pauses would make every attempt fail. After a few, the reader writes
//! a ticket in `REQUEST`; the recorder answers after its next observation with a copy. If it is
//! stopped before it can, `COMMIT` stands still, and reading directly succeeds.

use std::{ops::Range, sync::atomic::Ordering};

use crate::word::Word;

const COMMIT: usize = 0;
const SUM: usize = 1;
const LAST: usize = 3;
const REQUEST: usize = 4;
/// Words before the buckets.
pub(crate) const HEADER: usize = 5;

/// Where a snapshot holds the number of observations; their sum and the buckets follow.
pub(crate) const COUNT_OUT: usize = 0;
/// Where a snapshot holds the sum.
pub(crate) const SUM_OUT: usize = 1;
/// Where a snapshot's buckets begin.
pub(crate) const BUCKETS_OUT: usize = 2;

/// Direct attempts before the reader asks for a copy.
const ATTEMPTS: usize = 4;

/// Records one observation; `add` maps the sum so far to the sum with it.
///
/// Called by the owner of the block alone. Returns whether a reader has asked for a copy,
/// to be answered with [`Handover::answer`].
#[inline(always)]
pub(crate) fn observe<W: Word>(block: &[W], bucket: usize, add: impl FnOnce(u64) -> u64) -> bool {
    observe_in(block, [bucket], last([bucket, 0]), add)
}

/// Records one observation in several counts, which stand so far behind the header.
#[inline(always)]
pub(crate) fn observe_in<W: Word, const N: usize>(
    block: &[W],
    counts: [usize; N],
    last: u64,
    add: impl FnOnce(u64) -> u64,
) -> bool {
    let commit = block[COMMIT].load(Ordering::Relaxed);
    let next = commit.wrapping_add(1);
    let sum = add(block[SUM + (commit & 1) as usize].load(Ordering::Relaxed));
    block[LAST].store(last, Ordering::Release);
    for at in counts {
        let cell = &block[HEADER + at];
        cell.store(
            cell.load(Ordering::Relaxed).wrapping_add(1),
            Ordering::Release,
        );
    }
    block[SUM + (next & 1) as usize].store(sum, Ordering::Release);
    block[COMMIT].store(next, Ordering::Release);
    block[REQUEST].load(Ordering::Relaxed) != 0
}

/// What `LAST` says of an observation in a bucket of each of the [`Counts`].
#[inline(always)]
pub(crate) fn last(buckets: [usize; 2]) -> u64 {
    buckets[0] as u64 | (buckets[1] as u64) << 32
}

/// Where the counts of classic and of native buckets stand behind the header; each kind adds up
/// to the number of observations, and a range may be empty.
pub(crate) type Counts = [Range<usize>; 2];

/// Reads a block whole, if its owner completes no observation meanwhile.
pub(crate) fn read<W: Word>(block: &[W], counts: &Counts, out: &mut [u64]) -> bool {
    let commit = block[COMMIT].load(Ordering::Acquire);
    out[COUNT_OUT] = commit;
    out[SUM_OUT] = block[SUM + (commit & 1) as usize].load(Ordering::Acquire);
    let values = &mut out[BUCKETS_OUT..];
    for (value, word) in values.iter_mut().zip(&block[HEADER..]) {
        *value = word.load(Ordering::Acquire);
    }
    let last = block[LAST].load(Ordering::Acquire);
    if block[COMMIT].load(Ordering::Relaxed) != commit {
        return false;
    }
    for (counts, last) in counts.iter().zip([last as u32, (last >> 32) as u32]) {
        let counts = &mut values[counts.clone()];
        let total = counts.iter().copied().fold(0, u64::wrapping_add);
        if total != commit {
            // Of words that change their series meanwhile, any number comes out; the caller
            // drops it.
            if let Some(count) = counts.get_mut(last as usize) {
                *count = count.wrapping_sub(1);
            }
        }
    }
    true
}

/// Makes a block that nobody else writes or reads what a snapshot says.
pub(crate) fn write<W: Word>(block: &[W], snapshot: &[u64]) {
    let commit = snapshot[COUNT_OUT];
    block[SUM + (commit & 1) as usize].store(snapshot[SUM_OUT], Ordering::Relaxed);
    block[COMMIT].store(commit, Ordering::Relaxed);
    for (word, value) in block[HEADER..].iter().zip(&snapshot[BUCKETS_OUT..]) {
        word.store(*value, Ordering::Relaxed);
    }
}

/// Where a thread puts the copies that readers ask for: one for all its blocks, since one
/// scrape reads at a time.
#[derive(Debug)]
pub(crate) struct Handover<W> {
    /// The ticket of the newest copy.
    done: W,
    words: Box<[W]>,
}

impl<W: Word> Handover<W> {
    pub(crate) fn new(size: usize, mut zero: impl FnMut() -> W) -> Self {
        Handover {
            done: zero(),
            words: (0..size).map(|_| zero()).collect(),
        }
    }

    pub(crate) fn size(&self) -> usize {
        self.words.len()
    }

    /// Copies the block for the reader that asked; called by the block's owner between two
    /// observations, so that nothing changes meanwhile.
    pub(crate) fn answer(&self, block: &[W]) {
        let ticket = block[REQUEST].load(Ordering::Acquire);
        // A reader that asks again has perhaps found the answer meanwhile, and is reading it.
        if self.done.load(Ordering::Relaxed) == ticket {
            block[REQUEST].compare_exchange(ticket, 0, Ordering::Relaxed);
            return;
        }
        let mut words = self.words.iter();
        let mut put = |value| {
            if let Some(word) = words.next() {
                word.store(value, Ordering::Relaxed);
            }
        };
        let commit = block[COMMIT].load(Ordering::Relaxed);
        put(commit);
        put(block[SUM + (commit & 1) as usize].load(Ordering::Relaxed));
        for bucket in &block[HEADER..] {
            put(bucket.load(Ordering::Relaxed));
        }
        self.done.store(ticket, Ordering::Release);
        // A newer request must stay; it is answered after the next observation.
        block[REQUEST].compare_exchange(ticket, 0, Ordering::Relaxed);
    }

    fn take(&self, ticket: u64, out: &mut [u64]) -> bool {
        if self.done.load(Ordering::Acquire) != ticket {
            return false;
        }
        for (value, word) in out.iter_mut().zip(&self.words) {
            *value = word.load(Ordering::Relaxed);
        }
        true
    }
}

/// Reads a block whole without waiting for its owner to be scheduled.
///
/// `ticket` is never 0 and never used twice; `handover` yields the owner's, big enough for `out`.
pub(crate) fn snapshot<'a, W: Word + 'a>(
    block: &[W],
    counts: &Counts,
    out: &mut [u64],
    ticket: u64,
    handover: impl FnOnce() -> &'a Handover<W>,
    mut relax: impl FnMut(),
) {
    for _ in 0..ATTEMPTS {
        if read(block, counts, out) {
            return;
        }
    }
    let handover = handover();
    while !handover.take(ticket, out) && !read(block, counts, out) {
        // Again each time: a series that is renewed loses the request.
        block[REQUEST].store(ticket, Ordering::Release);
        relax();
    }
    block[REQUEST].compare_exchange(ticket, 0, Ordering::Relaxed);
}
