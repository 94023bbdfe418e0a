//! A thread's state: the address of its directory (the table through which it finds its storage of
//! metrics), its epoch, and whether it is on a cold path or holds the lock.
//!
//! The state is in thread-local values. With native thread-local storage, they have fixed addresses
//! (`native`); without it, they are on the heap (`fallback`).
//! docs/operating.md lists the targets.

#![allow(unsafe_code, reason = "hands out references to the directory")]

mod data;
mod end;
#[cfg(metrics_fallback_storage)]
mod fallback;
#[cfg(not(metrics_fallback_storage))]
mod native;

use std::ptr;

pub(super) use self::data::Flags;
#[cfg(metrics_fallback_storage)]
use self::fallback::with_state;
#[cfg(metrics_fallback_storage)]
pub(super) use self::fallback::{give_back, with_copies, with_flags};
#[cfg(not(metrics_fallback_storage))]
use self::native::with_state;
#[cfg(not(metrics_fallback_storage))]
pub(super) use self::native::{Detach, detach_at_end, give_back, with_copies, with_flags};
use crate::storage::{directory::Slot, thread_state::data::ThreadState};

/// The slots of the calling thread's directory, which are valid until the thread grows its
/// directory or ends; empty before the thread attaches its first cells and after its end.
#[inline(always)]
pub(super) fn slots<'a>() -> &'a [Slot] {
    // SAFETY: points to an empty slice, or to the slots of this thread's directory. Only
    // `grow_directory` and the thread's end free that directory. Both run in this thread, first
    // set `directory` to another value, and free the old one when no borrow of its slots exists.
    unsafe { &*directory() }
}

/// The address of the calling thread's directory, which identifies it in the global state.
#[inline(always)]
pub(super) fn directory() -> *const [Slot] {
    with_state(|state| state.directory.get()).unwrap_or(ptr::from_ref(&[]))
}

/// Sets the calling thread's directory.
pub(super) fn set_directory(directory: *const [Slot]) {
    with_state(|state| {
        state.directory.set(directory);
        if state.epoch.get() == 0 {
            state.start_epoch();
        }
    });
}

/// The calling thread's epoch; 0 before the thread gets a directory.
#[inline(always)]
pub(super) fn epoch() -> u64 {
    with_state(|state| state.epoch.get()).unwrap_or(0)
}

/// Notes that the calling thread has cells on the heap.
pub(super) fn note_heap_cells() {
    with_state(|state| state.has_heap_cells.set(true));
}

/// Invalidates all [`CachedCells`](super::cached_cells::CachedCells) of the calling thread.
pub(super) fn start_epoch() {
    with_state(ThreadState::start_epoch);
}
