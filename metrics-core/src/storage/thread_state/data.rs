//! [`ThreadState`] and [`Flags`]: the values that a thread keeps in thread-local storage.

use std::{
    cell::{Cell, OnceCell},
    ptr,
    sync::{
        Arc, OnceLock,
        atomic::{self, Ordering},
    },
};

use crate::storage::{
    directory::Slot, histogram_block::CopyBuffer, stripes::Stripe, sync::AtomicU64,
};

/// The part of a thread's state that recordings read.
pub(super) struct ThreadState {
    /// The slots of the thread's [`Directory`](crate::storage::directory::Directory), which the
    /// global state owns; empty before the thread attaches its first cells and after its end.
    pub(super) directory: Cell<*const [Slot]>,
    /// Changes whenever references to this thread's cells may become invalid; 0 until the thread
    /// gets a directory. No two threads ever have the same epoch, except 0.
    pub(super) epoch: Cell<u64>,
    /// Whether the thread has attached heap cells since it last gave them back.
    pub(super) has_heap_cells: Cell<bool>,
}

impl ThreadState {
    /// The state of a thread that has not recorded.
    pub(super) const fn new() -> Self {
        ThreadState {
            directory: Cell::new(&[]),
            epoch: Cell::new(0),
            has_heap_cells: Cell::new(false),
        }
    }

    /// Gives the thread an epoch that no thread has had.
    pub(super) fn start_epoch(&self) {
        // Not `sync::AtomicU64`, because the numbers only have to differ, and order no other
        // accesses.
        static LAST: atomic::AtomicU64 = atomic::AtomicU64::new(0);
        self.epoch.set(LAST.fetch_add(1, Ordering::Relaxed) + 1);
    }
}

/// Flags for the code that the thread is running; the [module documentation](crate::storage) says
/// what each flag excludes.
pub(in crate::storage) struct Flags {
    pub(in crate::storage) is_on_cold_path: Cell<bool>,
    pub(in crate::storage) holds_lock: Cell<bool>,
    /// The stripe that the thread has borrowed last and not returned yet, or null.
    pub(in crate::storage) stripe: Cell<*const Stripe>,
    /// The index of the list in which the thread found the stripe that it borrowed last, or
    /// [`EXEMPT`](crate::storage::stripes::EXEMPT).
    pub(in crate::storage) list: Cell<usize>,
}

impl Flags {
    pub(super) const fn new() -> Self {
        Flags {
            is_on_cold_path: Cell::new(false),
            holds_lock: Cell::new(false),
            stripe: Cell::new(ptr::null()),
            list: Cell::new(0),
        }
    }
}

/// The thread's copy buffer, shared with the thread's entry in the global state; set when the
/// thread first attaches cells.
pub(in crate::storage) type Copies = OnceCell<Arc<OnceLock<CopyBuffer<AtomicU64>>>>;
