//! A histogram in one thread's storage: written by its thread, read whole by a scrape, and
//! neither waits for the other.
//!
//! A sequence lock would make the scrape wait for a recorder that the scheduler has stopped
//! in the middle of an observation: seconds, with many busy threads on few cores. Here an
//! observation is there as soon as it is in its bucket:
//!
//! * four `SUMS` take turns: each observation adds to the sum of the second before it, so that it
//!   does not wait for the addition before it, and puts that where the fourth before it was. The
//!   sums of two observations in a row make up that of all before; where they stand follows from
//!   the number of observations, and none of them is overwritten before another one is complete;
//! * then the observation is counted in its bucket;
//! * `COMMIT` counts the observations that are complete.
//!
//! A reader that finds the same `COMMIT` before and after has seen that many observations in the
//! buckets, or one more, and the sums of either number. Every store of the writer is a `Release`
//! and every load of the reader an `Acquire` (plain moves on x86): whoever sees a word of one
//! observation sees all that was stored before it. So sums are read after the buckets.
//!
//! A histogram that is both classic and native counts each observation twice, in buckets of
//! either kind, and one of the counts may be missing. `LAST` names the buckets that the
//! observation under way goes to, which is subtracted. A native histogram says in more words what
//! its buckets are (see `native/table.rs`), and those are read after the counts.
//!
//! A recorder that never pauses would make every attempt fail. After a few, the reader writes
//! a ticket in `REQUEST`; the recorder answers after its next observation with a copy. If it is
//! stopped before it can, `COMMIT` stands still, and reading directly succeeds.

use std::{array, ops::Range, sync::atomic::Ordering};

use crate::storage::atomic::Atomic;

const COMMIT: usize = 0;
const SUMS: usize = 1;
const LAST: usize = SUMS + TURNS;
const REQUEST: usize = LAST + 1;
/// Words before the buckets.
pub(crate) const HEADER: usize = REQUEST + 1;

/// How many sums make up that of all observations.
const CHAINS: usize = 2;
/// How many there are.
const TURNS: usize = 2 * CHAINS;

/// Where a snapshot holds the number of observations; their sum and the buckets follow.
pub(crate) const COUNT_OUT: usize = 0;
/// Where a snapshot holds the sum.
pub(crate) const SUM_OUT: usize = 1;
/// Where a snapshot's buckets begin.
pub(crate) const BUCKETS_OUT: usize = 2;

/// Direct attempts before the reader asks for a copy.
const ATTEMPTS: usize = 4;

/// Records one observation in the count of its bucket, which stands so far behind the header;
/// `add` maps a sum of observations to the sum with it.
///
/// Called by the owner of the block alone. Returns whether a reader has asked for a copy,
/// to be answered with [`CopyBuffer::answer`].
#[inline(always)]
pub(crate) fn observe<W: Atomic>(block: &[W], count: usize, add: impl FnOnce(u64) -> u64) -> bool {
    let observation = Observation::begin(block, add);
    observation.count(count);
    observation.complete()
}

/// The same in a histogram of two kinds of buckets; `buckets` are numbered among their kind.
#[inline(always)]
pub(crate) fn observe_twice<W: Atomic>(
    block: &[W],
    counts: [usize; 2],
    buckets: [usize; 2],
    add: impl FnOnce(u64) -> u64,
) -> bool {
    let observation = Observation::begin(block, add);
    let last = buckets[0] as u64 | (buckets[1] as u64) << 32;
    block[LAST].store(last, Ordering::Release);
    for count in counts {
        observation.count(count);
    }
    observation.complete()
}

/// An observation under way.
struct Observation<'b, W> {
    block: &'b [W],
    /// How many there are without it.
    commit: u64,
}

impl<'b, W: Atomic> Observation<'b, W> {
    #[inline(always)]
    fn begin(block: &'b [W], add: impl FnOnce(u64) -> u64) -> Self {
        let commit = block[COMMIT].load(Ordering::Relaxed);
        let turn = turn(commit);
        let sum = add(block[SUMS + turn].load(Ordering::Relaxed));
        block[SUMS + (turn ^ CHAINS)].store(sum, Ordering::Release);
        Observation { block, commit }
    }

    #[inline(always)]
    fn count(&self, count: usize) {
        let word = &self.block[HEADER + count];
        let count = word.load(Ordering::Relaxed).wrapping_add(1);
        word.store(count, Ordering::Release);
    }

    #[inline(always)]
    fn complete(self) -> bool {
        self.block[COMMIT].store(self.commit.wrapping_add(1), Ordering::Release);
        self.block[REQUEST].load(Ordering::Relaxed) != 0
    }
}

/// Which of the sums is the older part of the sum of so many observations; the next one is the
/// other.
#[inline(always)]
fn turn(observations: u64) -> usize {
    observations as usize % TURNS
}

/// What a reader has to know of a block.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// Where the counts stand behind the header, of one kind of buckets or of both: each adds up
    /// to the number of observations.
    pub(crate) counts: [Range<usize>; 2],
    pub(crate) sum: Sum,
}

/// How a histogram adds up its observations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum Sum {
    /// As an `f64`.
    Float,
    /// As whole nanoseconds.
    Nanos,
}

impl Sum {
    #[inline(always)]
    pub(crate) fn add(self, a: u64, b: u64) -> u64 {
        match self {
            Sum::Float => (f64::from_bits(a) + f64::from_bits(b)).to_bits(),
            Sum::Nanos => a.saturating_add(b),
        }
    }

    /// Adds sums of several observations: what overflowed to both sides would be no number.
    pub(crate) fn total(self, a: u64, b: u64) -> u64 {
        let finite = |bits| f64::from_bits(bits).clamp(f64::MIN, f64::MAX).to_bits();
        match self {
            Sum::Float => self.add(finite(a), finite(b)),
            Sum::Nanos => self.add(a, b),
        }
    }
}

/// Reads a block whole, if its owner completes no observation meanwhile.
pub(crate) fn read<W: Atomic>(block: &[W], parts: &Parts, out: &mut [u64]) -> bool {
    let commit = block[COMMIT].load(Ordering::Acquire);
    let values = &mut out[BUCKETS_OUT..];
    let mut all = 0_u64;
    for (value, word) in values.iter_mut().zip(&block[HEADER..]) {
        *value = word.load(Ordering::Acquire);
        all = all.wrapping_add(*value);
    }
    let last = block[LAST].load(Ordering::Acquire);
    let sums: [u64; TURNS] = array::from_fn(|turn| block[SUMS + turn].load(Ordering::Acquire));
    if block[COMMIT].load(Ordering::Relaxed) != commit {
        return false;
    }
    let total = |values: &[u64]| values.iter().copied().fold(0, u64::wrapping_add);
    // Of words that change their series meanwhile, any numbers come out; the caller drops them.
    let [first, second] = &parts.counts;
    let observations = if second.is_empty() {
        // Added up as they came, if there is nothing else: what was just written piece by piece is
        // not there at once for a vector.
        if *first == (0..values.len()) {
            all
        } else {
            total(&values[first.clone()])
        }
    } else {
        for (counts, last) in [(first, last as u32), (second, (last >> 32) as u32)] {
            let counts = &mut values[counts.clone()];
            if total(counts) != commit
                && let Some(count) = counts.get_mut(last as usize)
            {
                *count = count.wrapping_sub(1);
            }
        }
        commit
    };
    out[COUNT_OUT] = observations;
    out[SUM_OUT] = (0..CHAINS as u64)
        .map(|part| sums[turn(observations.wrapping_add(part))])
        .fold(0, |total, sum| parts.sum.total(total, sum));
    true
}

/// Makes a block that nobody else writes or reads what a snapshot says.
pub(crate) fn write<W: Atomic>(block: &[W], snapshot: &[u64]) {
    let commit = snapshot[COUNT_OUT];
    for sum in &block[SUMS..LAST] {
        sum.store(0, Ordering::Relaxed);
    }
    block[SUMS + turn(commit)].store(snapshot[SUM_OUT], Ordering::Relaxed);
    block[COMMIT].store(commit, Ordering::Relaxed);
    for (word, value) in block[HEADER..].iter().zip(&snapshot[BUCKETS_OUT..]) {
        word.store(*value, Ordering::Relaxed);
    }
}

/// Where a thread puts the copies that readers ask for: one for all its blocks, since one
/// scrape reads at a time.
#[derive(Debug)]
pub(crate) struct CopyBuffer<W> {
    /// The ticket of the newest copy.
    done: W,
    words: Box<[W]>,
}

impl<W: Atomic> CopyBuffer<W> {
    pub(crate) fn new(size: usize, mut zero: impl FnMut() -> W) -> Self {
        CopyBuffer {
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
        for (copy, word) in self.words.iter().zip(block) {
            copy.store(word.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.done.store(ticket, Ordering::Release);
        // A newer request must stay; it is answered after the next observation.
        block[REQUEST].compare_exchange(ticket, 0, Ordering::Relaxed);
    }

    fn take(&self, ticket: u64, parts: &Parts, out: &mut [u64]) -> bool {
        self.done.load(Ordering::Acquire) == ticket && read(&self.words, parts, out)
    }
}

/// Reads a block whole without waiting for its owner to be scheduled.
///
/// `ticket` is never 0 and never used twice; `handover` yields the owner's, big enough for the
/// block.
pub(crate) fn snapshot<'a, W: Atomic + 'a>(
    block: &[W],
    parts: &Parts,
    out: &mut [u64],
    ticket: u64,
    handover: impl FnOnce() -> &'a CopyBuffer<W>,
    mut relax: impl FnMut(),
) {
    for _ in 0..ATTEMPTS {
        if read(block, parts, out) {
            return;
        }
    }
    let handover = handover();
    while !handover.take(ticket, parts, out) && !read(block, parts, out) {
        // Again each time: a series that is renewed loses the request.
        block[REQUEST].store(ticket, Ordering::Release);
        relax();
    }
    block[REQUEST].compare_exchange(ticket, 0, Ordering::Relaxed);
}
