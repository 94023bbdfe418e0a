//! A thread's state in native thread-local storage.
//!
//! The state that recordings read is in a value that is neither initialised lazily nor dropped, so
//! that an access compiles to an address computation. The rest is in [`ExitGuard`], whose `drop`
//! runs when the thread ends.

#![allow(unsafe_code, reason = "hands out references to thread-local storage")]

use std::{
    cell::{OnceCell, RefCell},
    ptr,
};

use crate::storage::thread_state::{
    data::{Copies, Flags, ThreadState},
    end::{end_thread, free_heap_cells},
};

struct Thread {
    state: ThreadState,
    flags: Flags,
}

thread_local! {
    static THREAD: Thread = const {
        Thread {
            state: ThreadState::new(),
            flags: Flags::new(),
        }
    };

    static EXIT_GUARD: ExitGuard = const {
        ExitGuard {
            copies: OnceCell::new(),
            attached: RefCell::new(Vec::new()),
        }
    };
}

#[inline(always)]
fn thread() -> &'static Thread {
    // A closure larger than `ptr::from_ref` would not be inlined into callers, and each access
    // would be a call.
    let thread = THREAD.with(ptr::from_ref);
    // SAFETY: `THREAD` has no destructor, so its storage stays valid until the thread has run all
    // of its code. `Thread` is not `Sync`, so the reference does not leave the thread.
    unsafe { &*thread }
}

/// Reads the calling thread's state; never `None`.
#[inline(always)]
#[expect(
    clippy::unnecessary_wraps,
    reason = "without native thread-local storage, a thread that has ended has no state"
)]
pub(super) fn with_state<R>(read: impl FnOnce(&ThreadState) -> R) -> Option<R> {
    Some(read(&thread().state))
}

/// Reads or changes the calling thread's flags.
#[inline(always)]
pub(in crate::storage) fn with_flags<R>(run: impl FnOnce(&Flags) -> R) -> R {
    run(&thread().flags)
}

/// Reads the calling thread's copy buffer; `None` if the thread has ended.
///
/// The first call lets the thread's end add the thread's cells to the shared cells.
pub(in crate::storage) fn with_copies<R>(read: impl FnOnce(&Copies) -> R) -> Option<R> {
    EXIT_GUARD.try_with(|guard| read(&guard.copies)).ok()
}

/// Lets this thread's end call `storage.detach()`; false if the thread has ended.
pub(in crate::storage) fn detach_at_end(storage: &'static dyn Detach) -> bool {
    let register = |guard: &ExitGuard| guard.attached.borrow_mut().push(storage);
    EXIT_GUARD.try_with(register).is_ok()
}

/// Frees the calling thread's heap cells: see
/// [`release_thread_storage`](crate::storage::release_thread_storage).
pub(in crate::storage) fn give_back() {
    let state = &thread().state;
    if !state.has_heap_cells.replace(false) {
        return;
    }
    let give_back = |guard: &ExitGuard| {
        guard.attached.borrow_mut().retain(|storage| {
            let finds_heap_cells = storage.finds_heap_cells();
            if finds_heap_cells {
                storage.detach();
            }
            !finds_heap_cells
        });
        // SAFETY: this is the calling thread's state. Static storage that finds heap cells has been
        // detached, and does not find them again on this cold path. No recording of this thread is
        // running, because recordings call no code of a user while they use cells, except an
        // allocator on cold paths, which exclude this function.
        unsafe { free_heap_cells(state, &guard.copies) };
    };
    // Does nothing if the thread is ending, which frees the cells as well.
    let _ = EXIT_GUARD.try_with(give_back);
}

/// Static thread-local storage through which recordings find cells until the thread's end.
pub(in crate::storage) trait Detach {
    /// Whether the cells are on the heap.
    fn finds_heap_cells(&self) -> bool;
    /// Makes the storage forget the thread's cells.
    fn detach(&'static self);
}

/// The part of a thread's state that only cold paths use.
///
/// Once `drop` has begun, the guard cannot be accessed. Therefore, destructors that run later, and
/// an allocator that records during `drop`, record into the shared cells.
struct ExitGuard {
    copies: Copies,
    /// The static storage to detach at the thread's end.
    attached: RefCell<Vec<&'static dyn Detach>>,
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        for storage in self.attached.take() {
            storage.detach();
        }
        // SAFETY: this is the calling thread's state. Static storage has been detached, and cannot
        // be attached again. No recording runs that could borrow the slots.
        unsafe { end_thread(&thread().state, &self.copies) };
    }
}
