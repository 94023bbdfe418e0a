//! [`Directory`]: an array in which a thread finds its storage of each metric, and of each part of
//! a large metric.

#![allow(unsafe_code, reason = "the thread and the scrapes share a directory")]

use std::{
    ptr::{self, NonNull},
    sync::{Arc, OnceLock},
};

use crate::storage::histogram_block::CopyBuffer;
use crate::storage::sync::{AtomicPtr, AtomicU64};

/// A directory's entry for one region: where the thread's cells are, and for which generations they
/// are valid.
#[derive(Default)]
pub(super) struct Slot {
    /// The first cell; null while the thread has no cells of the region.
    pub(super) cells: AtomicPtr<AtomicU64>,
    /// The newest generation that the thread has seen: see [`generation`](super::generation).
    pub(super) seen: AtomicU64,
}

/// An owned array of slots, indexed by region; freed on drop.
///
/// Not a `Box`: the thread reads the slots through [`as_ptr`](Self::as_ptr) while the global state
/// owns and moves the directory. By Rust's aliasing rules, a box that is moved may invalidate
/// pointers into it.
pub(super) struct Directory(NonNull<[Slot]>);

// SAFETY: a directory owns its slots as a `Box<[Slot]>` would, and a slot consists of atomics.
unsafe impl Send for Directory {}

impl Directory {
    /// Allocates `len` empty slots.
    pub(super) fn new(len: usize) -> Self {
        let slots: Box<[Slot]> = (0..len).map(|_| Slot::default()).collect();
        Directory(NonNull::from(Box::leak(slots)))
    }

    pub(super) fn slots(&self) -> &[Slot] {
        // SAFETY: the slots are freed by `drop` only, and all accesses to them are shared.
        unsafe { self.0.as_ref() }
    }

    /// A pointer to the slots, valid until this directory is dropped.
    pub(super) fn as_ptr(&self) -> *const [Slot] {
        self.0.as_ptr()
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // SAFETY: `new` leaked this box, and `self` is its only owner.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

/// The global state's entry of a running thread that has a directory.
pub(super) struct ThreadEntry {
    pub(super) directory: Directory,
    /// The buffer into which the thread copies blocks that a scrape could not read directly;
    /// allocated when the thread attaches its first histogram.
    pub(super) copies: Arc<OnceLock<CopyBuffer<AtomicU64>>>,
}

impl ThreadEntry {
    /// Whether `directory` is this thread's directory.
    pub(super) fn has(&self, directory: *const [Slot]) -> bool {
        ptr::addr_eq(self.directory.as_ptr(), directory)
    }

    pub(super) fn slots(&self) -> &[Slot] {
        self.directory.slots()
    }
}
