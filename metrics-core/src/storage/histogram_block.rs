//! The block of a histogram: one thread's storage of it. A scrape reads the block consistently,
//! without waiting for the thread.
//!
//! A sequence lock would make a scrape wait for a recorder that is preempted in the middle of an
//! observation: for seconds, with many busy threads on few cores. Here an observation takes effect
//! at one store. With one kind of buckets, that is the increment of its bucket:
//!
//! * First, the observation stores a sum. Observation `n` adds its value to the sum of observation
//!   `n - 2`, so that it does not wait for the addition of `n - 1`. The last two sums together are
//!   therefore the sum of all observations. There are four `SUMS`, used in turn: observation `n`
//!   overwrites the sum of `n - 4`, which no reader needs any more.
//!   A sum of nanoseconds that would overflow is reduced first, between two observations and while
//!   no reader reads: `CARRIED` takes over its high bits.
//! * Then the observation increments the count of its bucket.
//! * Then the observation increments `COMMIT`, the number of complete observations.
//!
//! A reader that loads the same `COMMIT` before and after has read buckets with that number of
//! observations or one more, and the sums for both numbers. Each store of an observation is a
//! `Release`, and each load of the reader before that of the last `COMMIT` an `Acquire` (plain
//! moves on x86), so a reader that sees a store sees all earlier ones. The reader therefore loads
//! the sums after the buckets.
//!
//! An observation of a histogram with classic and native buckets increments two counts, of which a
//! reader may see one only, so it takes effect at the increment of `COMMIT`. `LAST` names the
//! buckets of the current observation. If the counts of a kind of buckets do not add up to
//! `COMMIT`, the reader subtracts that observation from its bucket. The keys, which say which
//! native bucket a count belongs to (see `native/table.rs`), are read after the counts.
//!
//! A thread that records without pause can make each attempt of the reader fail. After a few
//! attempts the reader stores a *ticket* in `REQUEST`, and the recorder copies the block into its
//! [`CopyBuffer`] after its next observation. If the recorder is preempted before that, `COMMIT`
//! does not change, and the reader succeeds directly.
//!
//! # Reset
//!
//! A reader can end the period that a block counts, without losing an observation, in two steps. It
//! first *marks* the block: two bits of `REQUEST` are marks, beside the ticket. From then on the
//! owner (the thread that records into the block) takes a cold path after each observation, which
//! has a fence that the usual path lacks. Later, when the owner certainly sees the mark, the reader
//! sets the second mark, which *closes* the block, and reads it for the last time. After a fence on
//! both sides, either that read contains an observation, or the owner finds the block closed after
//! it. The owner then takes the lock, empties the block, and repeats the observation unless the
//! read contained it: `REQUEST` has the number of observations that were read. Until then, readers
//! leave out the closed block.

use std::{array, ops::Range, sync::atomic::Ordering};

use crate::storage::{atomic::Atomic, sync};

const COMMIT: usize = 0;
const SUMS: usize = 1;
const LAST: usize = SUMS + TURNS;
const REQUEST: usize = LAST + 1;
/// The part of a sum of nanoseconds that is not in the `SUMS`, in units of 2^[`LOW_BITS`].
const CARRIED: usize = REQUEST + 1;
/// The number of cells before the buckets.
pub(crate) const HEADER: usize = CARRIED + 1;

/// The number of sums that add up to the sum of all observations.
const CHAINS: usize = 2;
/// The number of cells for sums.
const TURNS: usize = 2 * CHAINS;

/// Position of the number of observations in a snapshot.
pub(crate) const COUNT_OUT: usize = 0;
/// Position of the sum of the observations in a snapshot: a float, or the low half of 128 bits.
pub(crate) const SUM_OUT: usize = 1;
/// Position of the high half of a sum of nanoseconds in a snapshot; 0 for a float.
pub(crate) const SUM_HIGH_OUT: usize = 2;
/// Position of the first bucket in a snapshot.
pub(crate) const BUCKETS_OUT: usize = 3;

/// The number of bits that [`carry`] leaves in each sum.
const LOW_BITS: u32 = 32;
const LOW: u64 = (1 << LOW_BITS) - 1;

/// The longest duration that can be added to a sum after [`carry`]: 584 years.
pub(crate) const MAX_NANOS: u64 = u64::MAX - LOW;

/// The mark in `REQUEST` that lets the owner look for a reset after each observation.
const MARKED: u64 = 1 << 62;
/// The mark in `REQUEST` of a closed block. The bits of the ticket then hold the number of
/// observations that the last snapshot of the block contains.
const CLOSED: u64 = 1 << 63;
/// The bits of `REQUEST` that are not marks.
const TICKET: u64 = MARKED - 1;

/// Records one observation; `count` is the position of its bucket's count after the header.
///
/// `value` is the observation as `sum` encodes it. Only the thread that owns the block may call
/// this, or for shared cells the thread that holds the lock. Returns whether a reader has requested
/// a copy or marked the block; then call `answer_request` of `thread.rs`.
///
/// # Errors
///
/// If a sum of nanoseconds would overflow. Then nothing is recorded; call [`carry`] and try again.
#[inline(always)]
pub(crate) fn observe<A: Atomic>(
    block: &[A],
    count: usize,
    sum: Sum,
    value: u64,
) -> Result<bool, Overflow> {
    let observation = Observation::begin(block, sum, value)?;
    observation.count(count);
    Ok(observation.complete())
}

/// Like [`observe`], for an observation that is counted in a classic and in a native bucket.
///
/// `counts` are the positions of the two counts after the header, and `buckets` the positions of
/// the two buckets among the counts of their kind.
///
/// # Errors
///
/// As for [`observe`].
#[inline(always)]
pub(crate) fn observe_twice<A: Atomic>(
    block: &[A],
    counts: [usize; 2],
    buckets: [usize; 2],
    sum: Sum,
    value: u64,
) -> Result<bool, Overflow> {
    let observation = Observation::begin(block, sum, value)?;
    let last = buckets[0] as u64 | (buckets[1] as u64) << 32;
    block[LAST].store(last, Ordering::Release);
    for count in counts {
        observation.count(count);
    }
    Ok(observation.complete())
}

/// A sum of nanoseconds would exceed its cell.
#[derive(Debug)]
pub(crate) struct Overflow;

/// An observation that has begun and is not complete.
struct Observation<'b, A> {
    block: &'b [A],
    /// The number of complete observations.
    commit: u64,
}

impl<'b, A: Atomic> Observation<'b, A> {
    #[inline(always)]
    fn begin(block: &'b [A], sum: Sum, value: u64) -> Result<Self, Overflow> {
        let commit = block[COMMIT].load(Ordering::Relaxed);
        let turn = turn(commit);
        let before = block[SUMS + turn].load(Ordering::Relaxed);
        let sum = match sum {
            Sum::Float => add_floats(before, value),
            Sum::Nanos => before.checked_add(value).ok_or(Overflow)?,
        };
        block[SUMS + (turn ^ CHAINS)].store(sum, Ordering::Release);
        Ok(Observation { block, commit })
    }

    #[inline(always)]
    fn count(&self, count: usize) {
        let cell = &self.block[HEADER + count];
        let count = cell.load(Ordering::Relaxed).wrapping_add(1);
        cell.store(count, Ordering::Release);
    }

    #[inline(always)]
    fn complete(self) -> bool {
        self.block[COMMIT].store(self.commit.wrapping_add(1), Ordering::Release);
        self.block[REQUEST].load(Ordering::Relaxed) != 0
    }
}

/// The position, among the `SUMS`, of the older of the last two sums after this number of
/// observations.
#[inline(always)]
fn turn(observations: u64) -> usize {
    observations as usize % TURNS
}

/// The structure of a block, for a reader.
#[derive(Clone, Debug)]
pub(crate) struct Parts {
    /// The positions of the counts after the header, one range for each kind of buckets (classic
    /// and native); the second range is empty if there is one kind. The counts in a range add up to
    /// the number of observations.
    pub(crate) counts: [Range<usize>; 2],
    pub(crate) sum: Sum,
}

/// The unit and representation of a histogram's sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum Sum {
    /// An `f64` in the unit of the metric.
    Float,
    /// Nanoseconds: 64 bits in each cell, and 128 bits in a snapshot, because 64 bits are 584
    /// years, which 100,000 calls at a time exceed within three days.
    Nanos,
}

impl Sum {
    /// The sum in a snapshot.
    pub(crate) fn of(snapshot: &[u64]) -> [u64; 2] {
        [snapshot[SUM_OUT], snapshot[SUM_HIGH_OUT]]
    }

    /// Stores a sum in a snapshot.
    pub(crate) fn store([low, high]: [u64; 2], snapshot: &mut [u64]) {
        snapshot[SUM_OUT] = low;
        snapshot[SUM_HIGH_OUT] = high;
    }

    /// Adds two sums of snapshots. Infinite floats are clamped, as infinities of both signs would
    /// add up to NaN.
    pub(crate) fn add(self, a: [u64; 2], b: [u64; 2]) -> [u64; 2] {
        let finite = |[bits, _]: [u64; 2]| f64::from_bits(bits).clamp(f64::MIN, f64::MAX).to_bits();
        match self {
            Sum::Float => [add_floats(finite(a), finite(b)), 0],
            Sum::Nanos => split(nanos(a).saturating_add(nanos(b))),
        }
    }
}

/// Adds two floats, given and returned as their bits.
#[inline(always)]
pub(crate) fn add_floats(a: u64, b: u64) -> u64 {
    (f64::from_bits(a) + f64::from_bits(b)).to_bits()
}

/// The nanoseconds of a sum in a snapshot.
pub(crate) fn nanos([low, high]: [u64; 2]) -> u128 {
    u128::from(low) | u128::from(high) << 64
}

/// The inverse of [`nanos`].
pub(crate) fn split(nanos: u128) -> [u64; 2] {
    [nanos as u64, (nanos >> 64) as u64]
}

/// Moves all but the lowest [`LOW_BITS`] bits of the sums of nanoseconds to `CARRIED`.
///
/// Called by the thread that records into the block, between two observations, while no reader
/// reads the block. The next observation then succeeds if it is at most [`MAX_NANOS`].
pub(crate) fn carry<A: Atomic>(block: &[A]) {
    let commit = block[COMMIT].load(Ordering::Relaxed);
    let mut carried = block[CARRIED].load(Ordering::Relaxed);
    for part in 0..CHAINS as u64 {
        let sum = &block[SUMS + turn(commit.wrapping_add(part))];
        let nanos = sum.load(Ordering::Relaxed);
        sum.store(nanos & LOW, Ordering::Relaxed);
        carried = carried.saturating_add(nanos >> LOW_BITS);
    }
    block[CARRIED].store(carried, Ordering::Relaxed);
}

/// Reads a consistent snapshot; false if an observation was completed meanwhile.
pub(crate) fn read<A: Atomic>(block: &[A], parts: &Parts, out: &mut [u64]) -> bool {
    let commit = block[COMMIT].load(Ordering::Acquire);
    let values = &mut out[BUCKETS_OUT..];
    let mut all = 0_u64;
    for (value, cell) in values.iter_mut().zip(&block[HEADER..]) {
        *value = cell.load(Ordering::Acquire);
        all = all.wrapping_add(*value);
    }
    let last = block[LAST].load(Ordering::Acquire);
    let sums: [u64; TURNS] = array::from_fn(|turn| block[SUMS + turn].load(Ordering::Acquire));
    let carried = block[CARRIED].load(Ordering::Acquire);
    if block[COMMIT].load(Ordering::Relaxed) != commit {
        return false;
    }
    let total = |values: &[u64]| values.iter().copied().fold(0, u64::wrapping_add);
    // The additions wrap, and `get_mut` checks the position, so that the code below does not panic,
    // whatever numbers it has loaded.
    let [first, second] = &parts.counts;
    let observations = if second.is_empty() {
        // `all` was summed while the counts were loaded. A vectorised loop over `values` would wait
        // for the store buffer: its wide loads cannot be forwarded from several narrow stores.
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
    let [a, b] = [0, 1].map(|part| sums[turn(observations.wrapping_add(part))]);
    let sum = match parts.sum {
        Sum::Float => parts.sum.add([a, 0], [b, 0]),
        Sum::Nanos => {
            let carried = u128::from(carried) << LOW_BITS;
            split(carried + u128::from(a) + u128::from(b))
        }
    };
    Sum::store(sum, out);
    true
}

/// Writes a snapshot into a block that no other thread accesses meanwhile.
pub(crate) fn write<A: Atomic>(block: &[A], sum: Sum, snapshot: &[u64]) {
    let commit = snapshot[COUNT_OUT];
    for sum in &block[SUMS..LAST] {
        sum.store(0, Ordering::Relaxed);
    }
    let (low, carried) = match sum {
        Sum::Float => (snapshot[SUM_OUT], 0),
        Sum::Nanos => {
            let carried = nanos(Sum::of(snapshot)) >> LOW_BITS;
            let carried = u64::try_from(carried).unwrap_or(u64::MAX);
            (snapshot[SUM_OUT] & LOW, carried)
        }
    };
    block[SUMS + turn(commit)].store(low, Ordering::Relaxed);
    block[CARRIED].store(carried, Ordering::Relaxed);
    block[COMMIT].store(commit, Ordering::Relaxed);
    for (cell, value) in block[HEADER..].iter().zip(&snapshot[BUCKETS_OUT..]) {
        cell.store(*value, Ordering::Relaxed);
    }
}

/// The buffer into which a thread copies a block for a reader. One buffer suffices for all blocks
/// of a thread, because one scrape reads at a time.
#[derive(Debug)]
pub(crate) struct CopyBuffer<A> {
    /// The ticket of the newest copy.
    done: A,
    cells: Box<[A]>,
}

impl<A: Atomic> CopyBuffer<A> {
    pub(crate) fn new(size: usize, mut zero: impl FnMut() -> A) -> Self {
        CopyBuffer {
            done: zero(),
            cells: (0..size).map(|_| zero()).collect(),
        }
    }

    pub(crate) fn size(&self) -> usize {
        self.cells.len()
    }

    /// Copies the block for the reader that requested it.
    ///
    /// Called by the thread that records into the block, between two observations, so that the
    /// block does not change.
    pub(crate) fn answer(&self, block: &[A]) {
        let request = block[REQUEST].load(Ordering::Acquire);
        let (ticket, mark) = (request & TICKET, request & MARKED);
        if ticket == 0 || request & CLOSED != 0 {
            return;
        }
        // Copies nothing if this request has been answered already. The reader repeats a request
        // until it finds the copy, so it may be reading the copy now.
        if self.done.load(Ordering::Relaxed) == ticket {
            block[REQUEST].compare_exchange(request, mark, Ordering::Relaxed);
            return;
        }
        for (copy, cell) in self.cells.iter().zip(block) {
            copy.store(cell.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        self.done.store(ticket, Ordering::Release);
        // Removes this request. An exchange keeps a newer request, which a plain store could erase;
        // it is answered after the next observation.
        block[REQUEST].compare_exchange(request, mark, Ordering::Relaxed);
    }

    fn take(&self, ticket: u64, parts: &Parts, out: &mut [u64]) -> bool {
        self.done.load(Ordering::Acquire) == ticket && read(&self.cells, parts, out)
    }
}

/// Reads a consistent snapshot without waiting for the block's owner, the thread that records into
/// the block, to be scheduled.
///
/// The block must not be closed, and `ticket` must not be 0 or used before. `copies` returns the
/// owner's copy buffer, which is large enough for the block. `relax` is called after each failed
/// attempt once a copy is requested.
pub(crate) fn snapshot<'a, A: Atomic + 'a>(
    block: &[A],
    parts: &Parts,
    out: &mut [u64],
    ticket: u64,
    copies: impl FnOnce() -> &'a CopyBuffer<A>,
    mut relax: impl FnMut(),
) {
    for _ in 0..sync::direct_reads() {
        if read(block, parts, out) {
            return;
        }
    }
    let copies = copies();
    // The marks do not change during this call: only readers change those of a block that is not
    // closed, and one reads at a time.
    let mark = block[REQUEST].load(Ordering::Relaxed) & MARKED;
    while !copies.take(ticket, parts, out) && !read(block, parts, out) {
        // The request is stored in each round: if the owner zeroed the block for another series, a
        // request stored once would be lost, and this loop might not end. Scrapes exclude that by
        // the lock and the generations, but this function does not rely on it.
        block[REQUEST].store(ticket | mark, Ordering::Release);
        relax();
    }
    block[REQUEST].compare_exchange(ticket | mark, mark, Ordering::Relaxed);
}

/// Marks the block, so that the thread that records into it looks for a reset after each
/// observation; called by a reader.
pub(crate) fn mark<A: Atomic>(block: &[A]) {
    // A load and a store suffice, because only readers add bits, one reads at a time, and no ticket
    // is left.
    let request = block[REQUEST].load(Ordering::Relaxed);
    block[REQUEST].store(request | MARKED, Ordering::Relaxed);
}

/// Whether the block is marked, or closed.
pub(crate) fn is_marked<A: Atomic>(block: &[A]) -> bool {
    block[REQUEST].load(Ordering::Relaxed) & (MARKED | CLOSED) != 0
}

/// Whether the block is closed: a reader has read its observations for the last time, and their
/// period has ended.
pub(crate) fn is_closed<A: Atomic>(block: &[A]) -> bool {
    block[REQUEST].load(Ordering::Relaxed) & CLOSED != 0
}

/// Closes a block that has been marked for long enough that its owner, the thread that records into
/// it, sees the mark. Reads a consistent snapshot of the block, the last one.
///
/// `relax` is called after each failed attempt. There are few: an owner that has completed an
/// observation waits for the lock, which the reader holds.
pub(crate) fn close<A: Atomic>(
    block: &[A],
    parts: &Parts,
    out: &mut [u64],
    mut relax: impl FnMut(),
) {
    block[REQUEST].store(CLOSED, Ordering::Relaxed);
    // Pairs with the fence in `finds_closed`.
    A::fence(Ordering::SeqCst);
    while !read(block, parts, out) {
        relax();
    }
    block[REQUEST].store(CLOSED | (out[COUNT_OUT] & TICKET), Ordering::Relaxed);
}

/// Whether the calling thread, which has completed an observation and found a mark, finds the block
/// closed.
pub(crate) fn finds_closed<A: Atomic>(block: &[A]) -> bool {
    // Pairs with the fence in `close`: either the reader's last snapshot contains the observation,
    // or this load sees that the block is closed.
    A::fence(Ordering::SeqCst);
    is_closed(block)
}

/// Empties a closed block, under the lock, for the period that has begun; called by the thread that
/// records into the block.
///
/// Returns whether the last observation was not in the last snapshot, so that it must be repeated.
pub(crate) fn reopen<A: Atomic>(block: &[A]) -> bool {
    let request = block[REQUEST].load(Ordering::Relaxed);
    let is_missing = (block[COMMIT].load(Ordering::Relaxed) ^ request) & TICKET != 0;
    for cell in block {
        cell.store(0, Ordering::Relaxed);
    }
    // The next reset may have marked the block meanwhile.
    block[REQUEST].store(request & MARKED, Ordering::Relaxed);
    is_missing
}
