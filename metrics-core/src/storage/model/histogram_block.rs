//! The protocol of `block.rs` under a model checker: a recorder and a reader in every order that
//! the memory model allows, with a bounded number of preemptions.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use loom::thread;

use crate::storage::{
    atomic::Atomic,
    histogram_block::{
        BUCKETS_OUT, COUNT_OUT, CopyBuffer, HEADER, Parts, SUM_OUT, Sum, observe, observe_twice,
        read, snapshot,
    },
    model::loom_atomic::{AtomicU64, check},
};

const BUCKETS: usize = 2;
const PARTS: Parts = Parts {
    counts: [0..BUCKETS, 0..0],
    sum: Sum::Nanos,
};
const BLOCK: usize = HEADER + BUCKETS;
const SNAPSHOT: usize = BUCKETS_OUT + BUCKETS;

/// Loads of a block in one direct attempt to read it.
const LOADS: usize = 2 + BUCKETS + 1 + 4;
/// Loads of a reader that sees all.
const SIGHTED: usize = 0;
/// Loads of a reader that sees nothing until it is told to.
const BLIND: usize = usize::MAX;

/// A word that the model checker watches.
///
/// A reader's direct attempts would hide the way through the handover. As long as it is blind,
/// they see nothing and fail, as if the recorder had always come between.
struct Watched {
    word: Arc<AtomicU64>,
    /// Loads that see nothing: of a reader, not of the program.
    blind: Arc<AtomicUsize>,
}

impl Atomic for Watched {
    fn load(&self, order: Ordering) -> u64 {
        let blind = self.blind.load(Ordering::Relaxed);
        if blind == SIGHTED {
            return self.word.load(order);
        }
        self.blind.store(blind - 1, Ordering::Relaxed);
        // Never the same twice, so that the commit count differs before and after.
        blind as u64
    }

    fn store(&self, value: u64, order: Ordering) {
        self.word.store(value, order);
    }

    fn compare_exchange(&self, current: u64, new: u64, order: Ordering) {
        Atomic::compare_exchange(&*self.word, current, new, order);
    }

    fn fetch_add(&self, n: u64, order: Ordering) -> u64 {
        self.word.fetch_add(n, order)
    }

    fn fetch_sub(&self, n: u64, order: Ordering) -> u64 {
        self.word.fetch_sub(n, order)
    }

    fn fetch_or(&self, bits: u64, order: Ordering) -> u64 {
        self.word.fetch_or(bits, order)
    }

    fn fetch_and(&self, bits: u64, order: Ordering) -> u64 {
        self.word.fetch_and(bits, order)
    }

    fn fence(order: Ordering) {
        AtomicU64::fence(order);
    }
}

impl Watched {
    /// The same word.
    fn again(&self) -> Self {
        Watched {
            word: Arc::clone(&self.word),
            blind: Arc::clone(&self.blind),
        }
    }
}

fn sighted() -> Watched {
    Watched {
        word: Arc::new(AtomicU64::new(0)),
        blind: Arc::new(AtomicUsize::new(SIGHTED)),
    }
}

fn empty_block() -> Vec<Watched> {
    (0..BLOCK).map(|_| sighted()).collect()
}

/// A block and where its owner hands over copies, as a reader sees them.
struct Reader {
    block: Vec<Watched>,
    blind: Arc<AtomicUsize>,
    handover: Arc<CopyBuffer<Watched>>,
}

impl Reader {
    fn new(block: &[Watched], handover: &Arc<CopyBuffer<Watched>>) -> Self {
        let blind = Arc::new(AtomicUsize::new(BLIND));
        let word = |watched: &Watched| Watched {
            word: Arc::clone(&watched.word),
            blind: Arc::clone(&blind),
        };
        Reader {
            block: block.iter().map(word).collect(),
            blind: Arc::clone(&blind),
            handover: Arc::clone(handover),
        }
    }

    /// Reads the block after it has asked for a copy and failed to read directly so many times.
    fn snapshot(&self, ticket: u64, failures: usize) -> Vec<u64> {
        self.blind.store(BLIND, Ordering::Relaxed);
        let ask = || {
            self.blind.store(failures * LOADS, Ordering::Relaxed);
            &*self.handover
        };
        let mut out = vec![0; SNAPSHOT];
        snapshot(
            &self.block,
            &PARTS,
            &mut out,
            ticket,
            ask,
            thread::yield_now,
        );
        out
    }
}

/// Observes 1, in the buckets in turn, and answers when asked.
fn record(block: &[Watched], handover: &CopyBuffer<Watched>, observations: usize) {
    record_from(block, handover, 0..observations);
}

fn record_from(block: &[Watched], handover: &CopyBuffer<Watched>, observations: Range<usize>) {
    for at in observations {
        if observe(block, at % BUCKETS, |sum| sum + 1) {
            handover.answer(block);
        }
    }
}

/// Asserts that a snapshot is the state after some number of observations, and returns it.
#[track_caller]
fn consistent(out: &[u64]) -> u64 {
    let count = out[COUNT_OUT];
    assert_eq!(out[SUM_OUT], count, "the sum of {out:?}");
    let expected = [count.div_ceil(2), count / 2];
    assert_eq!(out[BUCKETS_OUT..], expected, "the buckets of {out:?}");
    count
}

#[test]
fn what_a_reader_reads_directly_is_whole() {
    check(3, || {
        let (block, handover) = (empty_block(), Arc::new(CopyBuffer::new(BLOCK, sighted)));
        let reader = Reader::new(&block, &handover);
        reader.blind.store(SIGHTED, Ordering::Relaxed);
        let recorder = thread::spawn(move || record(&block, &handover, 3));
        let mut out = [0; SNAPSHOT];
        if read(&reader.block, &PARTS, &mut out) {
            consistent(&out);
        }
        recorder.join().expect("the recorder ends");
        assert!(
            read(&reader.block, &PARTS, &mut out),
            "nobody writes any more"
        );
        assert_eq!(consistent(&out), 3);
    });
}

#[test]
fn what_is_handed_over_is_whole() {
    check(PREEMPTIONS, || {
        let (block, handover) = (empty_block(), Arc::new(CopyBuffer::new(BLOCK, sighted)));
        let reader = Reader::new(&block, &handover);
        let recorder = thread::spawn(move || record(&block, &handover, 3));
        consistent(&reader.snapshot(1, 3));
        recorder.join().expect("the recorder ends");
    });
}

#[test]
fn a_second_snapshot_is_whole_and_not_behind_the_first() {
    check(2, || {
        let (block, handover) = (empty_block(), Arc::new(CopyBuffer::new(BLOCK, sighted)));
        let reader = Reader::new(&block, &handover);
        let recorder = thread::spawn(move || record(&block, &handover, 3));
        let first = consistent(&reader.snapshot(1, 1));
        let second = consistent(&reader.snapshot(2, 1));
        assert!(first <= second, "{second} after {first}");
        recorder.join().expect("the recorder ends");
    });
}

/// A thread hands over the copies of all its blocks in one place.
#[test]
fn copies_of_two_blocks_are_not_mixed_up() {
    check(2, || {
        let blocks = [empty_block(), empty_block()];
        let handover = Arc::new(CopyBuffer::new(BLOCK, sighted));
        let readers = [0, 1].map(|at| Reader::new(&blocks[at], &handover));
        let recorder = thread::spawn(move || {
            record(&blocks[0], &handover, 1);
            record(&blocks[1], &handover, 2);
            // The request in this block, if there still is one, is of the snapshot before.
            record_from(&blocks[0], &handover, 1..2);
        });
        consistent(&readers[0].snapshot(1, 1));
        consistent(&readers[1].snapshot(2, 2));
        recorder.join().expect("the recorder ends");
    });
}

/// A native histogram: the key of a bucket is stored before the first count in it, and read after
/// the counts.
#[test]
fn what_is_counted_has_its_key() {
    const KEYED: usize = BUCKETS_OUT + 2 * BUCKETS;
    check(3, || {
        let block: Vec<Watched> = (0..HEADER + 2 * BUCKETS).map(|_| sighted()).collect();
        let seen: Vec<Watched> = block.iter().map(Watched::again).collect();
        let recorder = thread::spawn(move || {
            for at in 0..3 {
                let key = &block[HEADER + BUCKETS + at % BUCKETS];
                if key.load(Ordering::Relaxed) == 0 {
                    key.store(1 + at as u64, Ordering::Release);
                }
                observe(&block, at % BUCKETS, |sum| sum + 1);
            }
        });
        let mut out = [0; KEYED];
        if read(&seen, &PARTS, &mut out) {
            consistent(&out[..SNAPSHOT]);
            let (counts, keys) = out[BUCKETS_OUT..].split_at(BUCKETS);
            for (at, (count, key)) in counts.iter().zip(keys).enumerate() {
                assert!(*count == 0 || *key == 1 + at as u64, "the keys of {out:?}");
            }
        }
        recorder.join().expect("the recorder ends");
    });
}

/// Both kinds of buckets of one histogram count the same observations.
#[test]
fn buckets_of_two_kinds_are_whole() {
    const BOTH: Parts = Parts {
        counts: [0..BUCKETS, BUCKETS..2 * BUCKETS],
        sum: Sum::Nanos,
    };
    check(3, || {
        let block: Vec<Watched> = (0..HEADER + 2 * BUCKETS).map(|_| sighted()).collect();
        let seen: Vec<Watched> = block.iter().map(Watched::again).collect();
        let recorder = thread::spawn(move || {
            for at in 0..3 {
                let buckets = [at % BUCKETS, (at + 1) % BUCKETS];
                let counts = [buckets[0], BUCKETS + buckets[1]];
                observe_twice(&block, counts, buckets, |sum| sum + 1);
            }
        });
        let mut out = [0; BUCKETS_OUT + 2 * BUCKETS];
        if read(&seen, &BOTH, &mut out) {
            let count = consistent(&out[..SNAPSHOT]);
            assert_eq!(out[SNAPSHOT..], [count / 2, count.div_ceil(2)], "{out:?}");
        }
        recorder.join().expect("the recorder ends");
    });
}

/// How often the checker may stop a thread that could go on.
const PREEMPTIONS: usize = 4;
