//! Tests a global allocator that records its allocations in metrics whose label values are known at
//! compile time.

#![allow(unsafe_code, reason = "a global allocator that records")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::RefCell,
    hint::black_box,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
};

use metrics_core::{Format, Label, counted, encode_to_string, metrics, timed};
use tests::in_own_process;

#[derive(Label, Clone, Copy)]
enum Size {
    Small,
    Medium,
    Large,
}

metrics! {
    /// Allocations.
    static ALLOCATIONS: Counter = "allocator_allocations_total";
    /// Bytes allocated.
    static BYTES: Counter = "allocator_allocated_bytes_total";
    /// Allocations by size.
    static CLASSES: Counter<(size: Size)> = "allocator_classes_total";
    /// Sizes of allocations.
    #[buckets(16.0, 64.0, 256.0, 1024.0, 4096.0, 65536.0)]
    static SIZES: Histogram = "allocator_size_bytes";
    /// Bytes in use.
    static LIVE: UpDownCounter = "allocator_live_bytes";
}

/// The expected values of the metrics, counted in plain atomics.
#[derive(Debug)]
struct Plain {
    allocations: AtomicU64,
    bytes: AtomicU64,
    classes: [AtomicU64; 3],
    freed: AtomicU64,
}

static PLAIN: Plain = Plain {
    allocations: AtomicU64::new(0),
    bytes: AtomicU64::new(0),
    classes: [const { AtomicU64::new(0) }; 3],
    freed: AtomicU64::new(0),
};

/// Suspends recording, so that metrics and expected values can be compared.
static PAUSED: AtomicBool = AtomicBool::new(false);

/// A global allocator that records every allocation of the program, except while [`PAUSED`] is set.
struct Recording;

fn taken(size: usize) {
    if PAUSED.load(Ordering::Relaxed) {
        return;
    }
    let class = match size {
        0..=64 => Size::Small,
        65..=1024 => Size::Medium,
        _ => Size::Large,
    };
    PLAIN.allocations.fetch_add(1, Ordering::Relaxed);
    PLAIN.bytes.fetch_add(size as u64, Ordering::Relaxed);
    PLAIN.classes[class as usize].fetch_add(1, Ordering::Relaxed);
    ALLOCATIONS.inc();
    BYTES.inc_by(size as u64);
    CLASSES.with(class).inc();
    SIZES.observe(size as f64);
    LIVE.add(size as u64);
}

fn freed(size: usize) {
    if PAUSED.load(Ordering::Relaxed) {
        return;
    }
    PLAIN.freed.fetch_add(size as u64, Ordering::Relaxed);
    LIVE.sub(size as u64);
}

// SAFETY: every call is forwarded to `System`. Recording may allocate in turn, which is what the
// tests of this file check.
unsafe impl GlobalAlloc for Recording {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size());
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        freed(layout.size());
        // SAFETY: the caller upholds the contract of this method.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        taken(size);
        freed(layout.size());
        // SAFETY: the caller upholds the contract of this method.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Recording = Recording;

/// Asserts that the metrics equal the expected values, while no other thread allocates.
#[track_caller]
fn assert_exact() {
    PAUSED.store(true, Ordering::Relaxed);
    let plain = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (allocations, bytes) = (plain(&PLAIN.allocations), plain(&PLAIN.bytes));
    assert_eq!(ALLOCATIONS.get(), allocations, "allocations");
    assert_eq!(BYTES.get(), bytes, "bytes");
    for class in [Size::Small, Size::Medium, Size::Large] {
        let count = plain(&PLAIN.classes[class as usize]);
        assert_eq!(CLASSES.with(class).get(), count, "class {}", class as usize);
    }
    let sizes = SIZES.get();
    assert_eq!(sizes.count, allocations, "observations");
    let observed: u64 = sizes.buckets.iter().map(|(_, count)| count).sum();
    assert_eq!(observed, allocations, "observations in buckets");
    let exact = (sizes.sum - bytes as f64).abs() < 0.5;
    assert!(exact, "the sum is {} of {bytes} bytes", sizes.sum);
    let live = bytes.wrapping_sub(plain(&PLAIN.freed)).cast_signed();
    assert_eq!(LIVE.get(), live, "bytes in use");
    PAUSED.store(false, Ordering::Relaxed);
}

/// Allocates and frees memory of each [`Size`].
fn work() {
    for at in 0..200 {
        let mut list = Vec::new();
        (0..at).for_each(|number| list.push(black_box(number)));
        black_box(vec![0_u8; at * 40]);
    }
}

#[test]
fn a_program_with_an_allocator_that_records_starts() {
    in_own_process("a_program_with_an_allocator_that_records_starts", || {
        // The count includes allocations before `main`.
        assert!(ALLOCATIONS.get() > 0);
        assert_exact();
    });
}

#[test]
fn allocations_of_threads_are_counted_exactly() {
    in_own_process("allocations_of_threads_are_counted_exactly", || {
        for _ in 0..20 {
            let threads = [(); 8].map(|()| thread::spawn(work));
            for thread in threads {
                thread.join().expect("it does not panic");
            }
            assert_exact();
        }
    });
}

#[test]
fn allocations_of_a_threads_first_recording_are_counted() {
    metrics! {
        /// Recordings.
        static OTHER: Counter = "allocator_other_total";
        /// Recordings.
        static OTHER_TIME: Histogram<(size: Size)> = "allocator_other_seconds";
        /// Recordings. A label whose values are not known at compile time allocates, so an
        /// allocator must not record into such a metric; other code may.
        static OTHER_OPEN: Counter<(key: &str)> = "allocator_other_open_total";
    }

    #[timed]
    #[counted]
    fn other() {}

    in_own_process(
        "allocations_of_a_threads_first_recording_are_counted",
        || {
            for round in 0..200 {
                let threads = [(); 4].map(|()| {
                    thread::spawn(move || {
                        // The first recording of a thread into a metric may allocate, and the
                        // allocator then records in turn.
                        OTHER.inc();
                        OTHER_TIME.with(Size::Medium).observe(0.5);
                        OTHER_OPEN.with(&round.to_string()).inc();
                        other();
                    })
                });
                for thread in threads {
                    thread.join().expect("it does not panic");
                }
                assert_exact();
            }
            assert_eq!(OTHER.get(), 800);
            assert_eq!(OTHER_TIME.with(Size::Medium).get().count, 800);
        },
    );
}

#[test]
fn allocations_of_an_ending_thread_are_counted() {
    struct Allocates;

    impl Drop for Allocates {
        fn drop(&mut self) {
            work();
        }
    }

    thread_local! {
        static BEFORE: RefCell<Option<Allocates>> = const { RefCell::new(None) };
        static AFTER: RefCell<Option<Allocates>> = const { RefCell::new(None) };
    }

    in_own_process("allocations_of_an_ending_thread_are_counted", || {
        for _ in 0..20 {
            let threads = [(); 4].map(|()| {
                thread::spawn(|| {
                    // Destructors run in reverse order: `AFTER` is dropped before the guard with
                    // which the library ends the thread's storage, and `BEFORE` after it, unless
                    // an earlier allocation of the thread has registered the guard.
                    BEFORE.set(Some(Allocates));
                    work();
                    AFTER.set(Some(Allocates));
                })
            });
            for thread in threads {
                thread.join().expect("it does not panic");
            }
            assert_exact();
        }
    });
}

#[test]
fn allocations_of_a_scrape_beside_those_of_threads_are_counted() {
    in_own_process(
        "allocations_of_a_scrape_beside_those_of_threads_are_counted",
        || {
            for _ in 0..10 {
                let start = &*Box::leak(Box::new(Barrier::new(6)));
                let scrapes = [(); 2].map(|()| {
                    thread::spawn(move || {
                        start.wait();
                        (0..50).for_each(|_| drop(encode_to_string(Format::Text)));
                    })
                });
                let threads = [(); 4].map(|()| {
                    thread::spawn(move || {
                        start.wait();
                        work();
                    })
                });
                for thread in scrapes.into_iter().chain(threads) {
                    thread.join().expect("it does not panic");
                }
                assert_exact();
            }
        },
    );
}

#[test]
fn a_scrape_exposes_what_the_allocator_recorded() {
    in_own_process("a_scrape_exposes_what_the_allocator_recorded", || {
        work();
        let text = encode_to_string(Format::Text);
        for name in ["allocations_total", "classes_total", "live_bytes"] {
            assert!(
                text.contains(&format!("\nallocator_{name}")),
                "{name}: {text}"
            );
        }
    });
}
