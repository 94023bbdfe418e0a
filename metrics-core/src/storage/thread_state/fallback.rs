//! A thread's state on targets without native thread-local storage.
//!
//! There, the standard library allocates each thread-local value at its first access, and frees the
//! values of an ending thread in an order that it does not promise. A value without a destructor
//! may be freed before a destructor that still records, and is then created anew, empty. So nothing
//! keeps the address of such a value, and the pointer through which a thread finds its cells (its
//! storage of metrics) is in one value only: a [`Thread`], whose drop adds the cells to those that
//! all threads share.
//!
//! While the `Thread` is dropped, and afterwards if the standard library remembers the drop, the
//! thread has no state, and its recordings go to cells that all threads share. Otherwise a later
//! recording gives the thread a second state, which is dropped as well. If the operating system has
//! stopped calling destructors by then, as it does after a few rounds, that state is never dropped:
//! scrapes go on counting its cells.

#![allow(unsafe_code, reason = "ends the thread")]

use std::cell::OnceCell;

use crate::storage::{
    sync,
    thread_state::{
        data::{Copies, Flags, ThreadState},
        end::{end_thread, free_heap_cells},
    },
};

struct Thread {
    state: ThreadState,
    copies: Copies,
}

sync::thread_local! {
    static THREAD: Thread = const {
        Thread {
            state: ThreadState::new(),
            copies: OnceCell::new(),
        }
    };

    // Not in `THREAD`, because recordings need flags even after `THREAD` was dropped. A flag is set
    // during a recording only, and no value of the thread is freed during a recording.
    static FLAGS: Flags = const { Flags::new() };
}

/// Reads the calling thread's state; `None` if the thread has ended.
pub(super) fn with_state<R>(read: impl FnOnce(&ThreadState) -> R) -> Option<R> {
    THREAD.try_with(|thread| read(&thread.state)).ok()
}

/// Reads or changes the calling thread's flags.
pub(in crate::storage) fn with_flags<R>(run: impl FnOnce(&Flags) -> R) -> R {
    // Does not panic: `Flags` has no destructor that could call this.
    FLAGS.with(run)
}

/// Reads the calling thread's copy buffer; `None` if the thread has ended.
pub(in crate::storage) fn with_copies<R>(read: impl FnOnce(&Copies) -> R) -> Option<R> {
    THREAD.try_with(|thread| read(&thread.copies)).ok()
}

/// Frees the calling thread's heap cells: see
/// [`release_thread_storage`](crate::storage::release_thread_storage).
pub(in crate::storage) fn give_back() {
    let give_back = |thread: &Thread| {
        if thread.state.has_heap_cells.replace(false) {
            // SAFETY: this is the calling thread's state. No recording of this thread is running,
            // because recordings call no code of a user while they use cells, except an allocator
            // on cold paths, which exclude this function.
            unsafe { free_heap_cells(&thread.state, &thread.copies) };
        }
    };
    // Does nothing if the thread is ending, which frees the cells as well.
    let _ = THREAD.try_with(give_back);
}

impl Drop for Thread {
    fn drop(&mut self) {
        // SAFETY: this is the calling thread's state. `THREAD` cannot be accessed any more, so
        // this thread finds neither its directory nor an epoch for which its cached cells would be
        // valid. No recording runs that could borrow the slots.
        unsafe { end_thread(&self.state, &self.copies) };
    }
}
