//! Adds a thread's values to storage that all threads share, and frees its own storage: when the
//! thread ends, or when it gives its heap cells back.

#![allow(unsafe_code, reason = "frees the thread's cells")]

use std::sync::atomic::Ordering;

use crate::storage::{
    cells::CellBlock,
    directory::Slot,
    global::{Fold, GLOBAL},
    layout,
    thread_state::data::{Copies, ThreadState},
};

/// Adds the calling thread's cells to the shared cells, and frees the thread's heap cells and
/// directory.
///
/// # Safety
///
/// `state` is the calling thread's, with the thread's directory or an empty one. The thread finds
/// its cells through the directory and cached addresses only, and nothing borrows the directory's
/// slots.
pub(super) unsafe fn end_thread(state: &ThreadState, copies: &Copies) {
    // Invalidates cached addresses when nothing more is allocated or freed before the directory is
    // gone, because an allocator may record and so cache addresses.
    state.start_epoch();
    let directory = state.directory.replace(&[]);
    // SAFETY: the global state owns the directory until `remove_thread` below.
    let slots = unsafe { &*directory };
    let (mut blocks, mut scratch) = prepare(slots, copies);
    // SAFETY: by the contract of this function, the thread finds its cells only through
    // `directory`, which has been replaced by an empty one, and through cached addresses, which
    // have another epoch.
    let entry = unsafe {
        GLOBAL
            .lock()
            .remove_thread(directory, &mut blocks, &mut scratch)
    };
    // Frees the memory without the lock, which was released at the end of the statement above.
    drop(blocks);
    drop(entry);
}

/// Adds the calling thread's heap cells to the shared cells, and frees them.
///
/// # Safety
///
/// `state` is the calling thread's. The thread finds its heap cells through the directory and cached
/// addresses only, and uses no reference to them.
pub(super) unsafe fn free_heap_cells(state: &ThreadState, copies: &Copies) {
    // SAFETY: the global state owns the directory until this thread grows it or ends.
    let slots = unsafe { &*state.directory.get() };
    let (mut blocks, mut scratch) = prepare(slots, copies);
    // Invalidates cached addresses here, when nothing more is allocated or freed before the cells
    // are out of the directory, because an allocator may record and so cache addresses.
    state.start_epoch();
    // SAFETY: the contract of this function, and the new epoch.
    unsafe {
        GLOBAL
            .lock()
            .fold_cells(slots, Fold::Heap, &mut blocks, &mut scratch);
    }
    // Frees the memory without the lock, which was released at the end of the statement above.
    drop(blocks);
}

/// Allocates what must not be allocated under the lock: the shared cells to which the cells in
/// these slots will be added, a list for the blocks of the slots, and scratch space.
fn prepare(slots: &[Slot], copies: &Copies) -> (Vec<CellBlock>, Vec<u64>) {
    allocate_shared_cells(slots);
    let is_attached = |slot: &&Slot| !slot.cells.load(Ordering::Relaxed).is_null();
    let blocks = Vec::with_capacity(slots.iter().filter(is_attached).count());
    // A thread that has histograms has a copy buffer.
    let copies = copies.get().and_then(|copies| copies.get());
    let scratch = copies.map_or(Vec::new(), |_| layout::fold_scratch());
    (blocks, scratch)
}

/// Allocates the shared cells to which the cells in these slots will be added.
fn allocate_shared_cells(slots: &[Slot]) {
    let mut missing = Vec::with_capacity(slots.len());
    for (slot, entry) in slots.iter().zip(&GLOBAL.lock().regions) {
        if let Some(entry) = entry
            && !slot.cells.load(Ordering::Relaxed).is_null()
            && entry.shared.get().is_empty()
        {
            missing.push((entry.shared.clone(), entry.len, entry.layout));
        }
    }
    for (shared, len, layout) in &missing {
        shared.get_or_allocate(*len, *layout);
    }
}
