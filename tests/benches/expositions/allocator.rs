//! An allocator that counts while it is asked to.

#![allow(unsafe_code, reason = "a global allocator that counts")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    sync::atomic::{AtomicBool, AtomicIsize, AtomicU64, Ordering::Relaxed},
};

/// The system's allocator. While nothing is watched, as when times are taken, whoever allocates
/// pays for the look at a flag that is always the same.
pub(crate) struct Counting;

/// What was allocated while something ran.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Allocated {
    /// How many times, growing what there is included.
    pub(crate) times: u64,
    /// The most bytes that there were at once, beyond those that there were before.
    pub(crate) peak: usize,
}

/// Runs something and counts what it allocates. Other threads that allocate are counted too.
pub(crate) fn watch(run: impl FnOnce()) -> Allocated {
    TIMES.store(0, Relaxed);
    LIVE.store(0, Relaxed);
    PEAK.store(0, Relaxed);
    IS_WATCHED.store(true, Relaxed);
    run();
    IS_WATCHED.store(false, Relaxed);
    Allocated {
        times: TIMES.load(Relaxed),
        peak: PEAK.load(Relaxed) as usize,
    }
}

static IS_WATCHED: AtomicBool = AtomicBool::new(false);
static TIMES: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

#[inline]
fn note(times: u64, bytes: isize) {
    if IS_WATCHED.load(Relaxed) {
        TIMES.fetch_add(times, Relaxed);
        let before = LIVE.fetch_add(bytes, Relaxed);
        PEAK.fetch_max(before + bytes, Relaxed);
    }
}

// SAFETY: all is left to `System`; the counts are no part of it, and allocate nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as isize);
        // SAFETY: the caller's promise is handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        note(0, -(layout.size() as isize));
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(1, layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(1, size as isize - layout.size() as isize);
        // SAFETY: as above.
        unsafe { System.realloc(memory, layout, size) }
    }
}
