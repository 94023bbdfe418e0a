//! Models of `histogram_block`, one thread's storage of a histogram: the thread records
//! observations while another one reads them, in the orders that loom explores with a bounded
//! number of preemptions.

use std::{
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use loom::thread::yield_now;

use crate::{
    run::{check, join, spawn},
    storage::{
        atomic::Atomic,
        histogram_block::{
            BUCKETS_OUT, COUNT_OUT, CopyBuffer, HEADER, Parts, SUM_OUT, Sum, close, finds_closed,
            is_closed, mark, observe, observe_twice, read, reopen, snapshot,
        },
        sync::{AtomicU64, fence},
    },
};

const BUCKETS: usize = 2;
const PARTS: Parts = Parts {
    counts: [0..BUCKETS, 0..0],
    sum: Sum::Nanos,
};
const BLOCK: usize = HEADER + BUCKETS;
const SNAPSHOT: usize = BUCKETS_OUT + BUCKETS;

/// The number of loads in one direct attempt to read a block.
const LOADS: usize = 2 + BUCKETS + 1 + 4 + 1;
/// The number of failing loads, `Watched::blind`, of a reader whose loads all succeed.
const SIGHTED: usize = 0;
/// The number of failing loads, `Watched::blind`, of a reader whose direct attempts all fail.
const BLIND: usize = usize::MAX;

/// A loom atomic whose loads can be made to fail.
///
/// If a reader's direct attempts succeeded, the path through the copy buffer would not be explored.
/// While a reader is blind, its loads return numbers that make the attempt fail, as if the recorder
/// had completed an observation.
struct Watched {
    atomic: Arc<AtomicU64>,
    /// The number of loads that will fail, counted for the whole reader. The number is not a loom
    /// atomic, because it is not a part of the protocol.
    blind: Arc<AtomicUsize>,
}

impl Atomic for Watched {
    fn load(&self, order: Ordering) -> u64 {
        let blind = self.blind.load(Ordering::Relaxed);
        if blind == SIGHTED {
            return self.atomic.load(order);
        }
        self.blind.store(blind - 1, Ordering::Relaxed);
        // Returns a different number each time, so that `COMMIT` differs before and after.
        blind as u64
    }

    fn store(&self, value: u64, order: Ordering) {
        self.atomic.store(value, order);
    }

    fn compare_exchange(&self, current: u64, new: u64, order: Ordering) {
        Atomic::compare_exchange(&*self.atomic, current, new, order);
    }

    fn fence(order: Ordering) {
        fence(order);
    }
}

impl Watched {
    /// Another reference to the same atomic.
    fn share(&self) -> Self {
        Watched {
            atomic: Arc::clone(&self.atomic),
            blind: Arc::clone(&self.blind),
        }
    }
}

fn sighted() -> Watched {
    Watched {
        atomic: Arc::new(AtomicU64::new(0)),
        blind: Arc::new(AtomicUsize::new(SIGHTED)),
    }
}

fn empty_block() -> Vec<Watched> {
    (0..BLOCK).map(|_| sighted()).collect()
}

/// A block and its owner's copy buffer, as a reader sees them.
struct Reader {
    block: Vec<Watched>,
    blind: Arc<AtomicUsize>,
    copies: Arc<CopyBuffer<Watched>>,
}

impl Reader {
    fn new(block: &[Watched], copies: &Arc<CopyBuffer<Watched>>) -> Self {
        let blind = Arc::new(AtomicUsize::new(BLIND));
        let watch = |watched: &Watched| Watched {
            atomic: Arc::clone(&watched.atomic),
            blind: Arc::clone(&blind),
        };
        Reader {
            block: block.iter().map(watch).collect(),
            blind: Arc::clone(&blind),
            copies: Arc::clone(copies),
        }
    }

    /// Reads the block; after the request for a copy, `failures` direct attempts fail.
    fn snapshot(&self, ticket: u64, failures: usize) -> Vec<u64> {
        self.blind.store(BLIND, Ordering::Relaxed);
        let request = || {
            self.blind.store(failures * LOADS, Ordering::Relaxed);
            &*self.copies
        };
        let mut out = vec![0; SNAPSHOT];
        snapshot(&self.block, &PARTS, &mut out, ticket, request, yield_now);
        out
    }
}

/// Observes the value 1 in alternating buckets, and answers requests.
fn record(block: &[Watched], copies: &CopyBuffer<Watched>, observations: usize) {
    record_from(block, copies, 0..observations);
}

fn record_from(block: &[Watched], copies: &CopyBuffer<Watched>, observations: Range<usize>) {
    for at in observations {
        if let Ok(true) = observe(block, at % BUCKETS, Sum::Nanos, 1) {
            copies.answer(block);
        }
    }
}

/// Asserts that a snapshot is the state after some number of observations, and returns the number.
#[track_caller]
fn consistent(out: &[u64]) -> u64 {
    let count = out[COUNT_OUT];
    assert_eq!(out[SUM_OUT], count, "the sum of {out:?}");
    let expected = [count.div_ceil(2), count / 2];
    assert_eq!(out[BUCKETS_OUT..], expected, "the buckets of {out:?}");
    count
}

pub fn a_direct_read_is_consistent() {
    check(2, || {
        let (block, copies) = (empty_block(), Arc::new(CopyBuffer::new(BLOCK, sighted)));
        let reader = Reader::new(&block, &copies);
        reader.blind.store(SIGHTED, Ordering::Relaxed);
        let recorder = spawn(move || record(&block, &copies, 3));
        let mut out = [0; SNAPSHOT];
        if read(&reader.block, &PARTS, &mut out) {
            consistent(&out);
        }
        join([recorder]);
        assert!(
            read(&reader.block, &PARTS, &mut out),
            "the recorder has ended"
        );
        assert_eq!(consistent(&out), 3);
    });
}

pub fn a_copy_is_consistent() {
    check(2, || {
        let (block, copies) = (empty_block(), Arc::new(CopyBuffer::new(BLOCK, sighted)));
        let reader = Reader::new(&block, &copies);
        let recorder = spawn(move || record(&block, &copies, 3));
        consistent(&reader.snapshot(1, 3));
        join([recorder]);
    });
}

pub fn a_second_snapshot_is_consistent_and_not_older() {
    check(1, || {
        let (block, copies) = (empty_block(), Arc::new(CopyBuffer::new(BLOCK, sighted)));
        let reader = Reader::new(&block, &copies);
        let recorder = spawn(move || record(&block, &copies, 3));
        let first = consistent(&reader.snapshot(1, 1));
        let second = consistent(&reader.snapshot(2, 1));
        assert!(first <= second, "{second} after {first}");
        join([recorder]);
    });
}

/// Both blocks use one copy buffer, as the blocks of one thread do.
pub fn copies_of_two_blocks_are_not_mixed_up() {
    check(2, || {
        let blocks = [empty_block(), empty_block()];
        let copies = Arc::new(CopyBuffer::new(BLOCK, sighted));
        let readers = [0, 1].map(|at| Reader::new(&blocks[at], &copies));
        let recorder = spawn(move || {
            record(&blocks[0], &copies, 1);
            record(&blocks[1], &copies, 2);
            // Answers the request of the first snapshot if this block still has it.
            record_from(&blocks[0], &copies, 1..2);
        });
        consistent(&readers[0].snapshot(1, 1));
        consistent(&readers[1].snapshot(2, 2));
        join([recorder]);
    });
}

/// As in a native histogram, the recorder stores the key of a bucket before its first count, and
/// the reader loads the keys after the counts.
pub fn a_counted_bucket_has_its_key() {
    const KEYED: usize = BUCKETS_OUT + 2 * BUCKETS;
    check(2, || {
        let block: Vec<Watched> = (0..HEADER + 2 * BUCKETS).map(|_| sighted()).collect();
        let seen: Vec<Watched> = block.iter().map(Watched::share).collect();
        let recorder = spawn(move || {
            for at in 0..3 {
                let key = &block[HEADER + BUCKETS + at % BUCKETS];
                if key.load(Ordering::Relaxed) == 0 {
                    key.store(1 + at as u64, Ordering::Release);
                }
                observe(&block, at % BUCKETS, Sum::Nanos, 1).expect("the sum is small");
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
        join([recorder]);
    });
}

/// Two kinds of buckets, such as classic and native ones, count the same observations.
pub fn buckets_of_both_kinds_are_consistent() {
    const BOTH: Parts = Parts {
        counts: [0..BUCKETS, BUCKETS..2 * BUCKETS],
        sum: Sum::Nanos,
    };
    check(2, || {
        let block: Vec<Watched> = (0..HEADER + 2 * BUCKETS).map(|_| sighted()).collect();
        let seen: Vec<Watched> = block.iter().map(Watched::share).collect();
        let recorder = spawn(move || {
            for at in 0..3 {
                let buckets = [at % BUCKETS, (at + 1) % BUCKETS];
                let counts = [buckets[0], BUCKETS + buckets[1]];
                let observed = observe_twice(&block, counts, buckets, Sum::Nanos, 1);
                observed.expect("the sum is small");
            }
        });
        let mut out = [0; BUCKETS_OUT + 2 * BUCKETS];
        if read(&seen, &BOTH, &mut out) {
            let count = consistent(&out[..SNAPSHOT]);
            assert_eq!(out[SNAPSHOT..], [count / 2, count.div_ceil(2)], "{out:?}");
        }
        join([recorder]);
    });
}

/// Each observation counts in the period that a reset ends, or in the next one.
pub fn an_observation_during_a_reset_is_in_one_period() {
    check(2, || {
        let block = empty_block();
        let seen: Vec<Watched> = block.iter().map(Watched::share).collect();
        mark(&block);
        let lock = loom::sync::Arc::new(loom::sync::Mutex::new(()));
        let owners = loom::sync::Arc::clone(&lock);
        let recorder = spawn(move || {
            for _ in 0..2 {
                loop {
                    let observed = observe(&block, 0, Sum::Nanos, 1);
                    if !observed.expect("the sum is small") || !finds_closed(&block) {
                        break;
                    }
                    let _guard = owners.lock().expect("nobody panics");
                    if !reopen(&block) {
                        break;
                    }
                }
            }
        });
        let mut out = [0; SNAPSHOT];
        let ended = {
            let _guard = lock.lock().expect("nobody panics");
            close(&seen, &PARTS, &mut out, yield_now);
            out[COUNT_OUT]
        };
        assert_eq!(out[SUM_OUT], ended, "the sum of {out:?}");
        join([recorder]);
        let mut next = 0;
        if !is_closed(&seen) {
            assert!(read(&seen, &PARTS, &mut out), "the recorder has ended");
            next = out[COUNT_OUT];
        }
        assert_eq!(ended + next, 2);
    });
}
