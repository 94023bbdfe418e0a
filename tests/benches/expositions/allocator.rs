//! A global allocator that counts allocations while [`watch`] runs a closure.

#![allow(unsafe_code, reason = "`GlobalAlloc` is an unsafe trait")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicBool, AtomicIsize, AtomicU64, Ordering::Relaxed},
};

/// The system's allocator with counters.
///
/// During time measurements it does not count: an allocation only checks a flag.
pub(crate) struct Counting;

/// The allocations during a closure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allocated {
    /// Number of allocations, including reallocations.
    pub(crate) times: u64,
    /// Peak of allocated bytes above the initial level.
    pub(crate) peak: usize,
}

/// Runs a closure, and returns the allocations that all threads make while it runs.
pub(crate) fn watch(run: impl FnOnce()) -> Allocated {
    TIMES.store(0, Relaxed);
    LIVE.store(0, Relaxed);
    PEAK.store(0, Relaxed);
    IS_COUNTING.store(true, Relaxed);
    run();
    IS_COUNTING.store(false, Relaxed);
    Allocated {
        times: TIMES.load(Relaxed),
        peak: PEAK.load(Relaxed) as usize,
    }
}

static IS_COUNTING: AtomicBool = AtomicBool::new(false);
static TIMES: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

#[inline]
fn count(times: u64, bytes: isize) {
    if IS_COUNTING.load(Relaxed) {
        TIMES.fetch_add(times, Relaxed);
        let before = LIVE.fetch_add(bytes, Relaxed);
        PEAK.fetch_max(before + bytes, Relaxed);
    }
}

// SAFETY: every call is forwarded to `System`; counting does not allocate.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as isize);
        // SAFETY: the caller upholds the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(0, -(layout.size() as isize));
        // SAFETY: the caller upholds the contract of this method.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(1, layout.size() as isize);
        // SAFETY: the caller upholds the contract of this method.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, size as isize - layout.size() as isize);
        // SAFETY: the caller upholds the contract of this method.
        unsafe { System.realloc(memory, layout, size) }
    }
}
