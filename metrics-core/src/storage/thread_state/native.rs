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
    end::end_thread,
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

/// Static thread-local storage through which recordings find cells until the thread's end.
pub(in crate::storage) trait Detach {
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
        let state = &thread().state;
        state.start_epoch();
        for storage in self.attached.take() {
            storage.detach();
        }
        // SAFETY: this is the calling thread's directory. Static storage has been detached, and
        // cached cells have another epoch. No recording runs that could borrow the slots.
        unsafe { end_thread(&state.directory, &self.copies) };
    }
}
