//! A thread's state: its flags, its directory, how it attaches cells, and what it does at its end.
//!
//! The state that recordings read is in [`ThreadState`], which is neither initialised lazily nor
//! dropped, so that an access compiles to an address computation. The rest is in [`ExitGuard`].
//! When the thread ends, the guard's `drop` adds the thread's cells to the shared cells.

#![allow(unsafe_code, reason = "hands out references to thread-local storage")]

use std::{
    cell::{Cell, OnceCell, RefCell},
    ptr::{self, NonNull},
    slice,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::storage::{
    cells::CellBlock,
    directory::{Directory, Slot},
    global::GLOBAL,
    histogram_block::CopyBuffer,
    layout::{self, Layout},
    region::Region,
};

/// The part of a thread's state that recordings read; what each flag excludes is in the
/// [module documentation](super).
pub(super) struct ThreadState {
    /// The slots of the thread's [`Directory`], which the global state owns; empty before the
    /// thread attaches its first cells and after its end.
    directory: Cell<*const [Slot]>,
    pub(super) has_ended: Cell<bool>,
    is_on_cold_path: Cell<bool>,
    pub(super) holds_lock: Cell<bool>,
    /// Changes whenever references to this thread's cells may become invalid; 0 until the thread
    /// gets a directory. No two threads ever have the same epoch, except 0.
    pub(super) epoch: Cell<u64>,
}

impl ThreadState {
    #[inline(always)]
    pub(super) fn slots(&self) -> &[Slot] {
        // SAFETY: points to an empty slice, or to the slots of this thread's directory. Only
        // `grow_directory` and the thread's end free that directory. Both run in this thread, first
        // set `directory` to another value, and free the old one when no borrow of its slots
        // exists.
        unsafe { &*self.directory.get() }
    }

    /// The address of this thread's directory, which identifies it in the global state.
    pub(super) fn directory(&self) -> *const [Slot] {
        self.directory.get()
    }

    /// Invalidates all [`CachedCells`](super::cached_cells::CachedCells) of this thread.
    pub(super) fn start_epoch(&self) {
        static LAST: AtomicU64 = AtomicU64::new(0);
        self.epoch.set(LAST.fetch_add(1, Ordering::Relaxed) + 1);
    }

    /// Replaces the directory by one that has a slot for each registered region.
    fn grow_directory(&self, copies: &Arc<OnceLock<CopyBuffer<AtomicU64>>>) {
        let regions = GLOBAL.lock().regions.len();
        let directory = Directory::new(regions.next_power_of_two().max(64));
        let old = self.directory.get();
        let mut state = GLOBAL.lock_with_capacity(0);
        self.directory.set(directory.as_ptr());
        let old = state.set_directory(old, directory, copies);
        drop(state);
        drop(old);
        if self.epoch.get() == 0 {
            self.start_epoch();
        }
    }
}

thread_local! {
    static THREAD: ThreadState = const {
        ThreadState {
            directory: Cell::new(&[]),
            has_ended: Cell::new(false),
            is_on_cold_path: Cell::new(false),
            holds_lock: Cell::new(false),
            epoch: Cell::new(0),
        }
    };

    static EXIT_GUARD: ExitGuard = const {
        ExitGuard {
            copies: OnceCell::new(),
            attached: RefCell::new(Vec::new()),
        }
    };
}

/// The calling thread's state.
#[inline(always)]
pub(super) fn thread_state() -> &'static ThreadState {
    // A closure larger than `ptr::from_ref` would not be inlined into callers, and each access
    // would be a call.
    let state = THREAD.with(ptr::from_ref);
    // SAFETY: `THREAD` has no destructor, so its storage stays valid until the thread has run all
    // of its code. `ThreadState` is not `Sync`, so the reference does not leave the thread.
    unsafe { &*state }
}

/// Runs code that may allocate or take the lock.
///
/// Returns `None` if the thread is already running such code: the caller then is a recording by an
/// allocator that this code has called.
pub(crate) fn without_reentry<R>(run: impl FnOnce() -> R) -> Option<R> {
    if thread_state().is_on_cold_path.replace(true) {
        return None;
    }
    let result = run();
    thread_state().is_on_cold_path.set(false);
    Some(result)
}

/// Runs code that changes cells in several steps, of which a scrape sees all or none.
///
/// Takes the lock, unless this thread already holds it for a late recording.
pub(crate) fn lock_out_scrapes<R>(run: impl FnOnce() -> R) -> R {
    let is_locked = thread_state().holds_lock.get();
    let _state = (!is_locked).then(|| GLOBAL.lock());
    run()
}

/// Copies a histogram's block for a scrape that has requested it.
#[cold]
#[inline(never)]
pub(crate) fn answer_copy_request(block: &[AtomicU64]) {
    // Succeeds: a scrape requests copies only from running threads, which have allocated a copy
    // buffer before their first histogram.
    let _ = EXIT_GUARD.try_with(|guard| {
        if let Some(copies) = guard.copies.get().and_then(|copies| copies.get())
            && copies.size() >= block.len()
        {
            copies.answer(block);
        }
    });
}

impl Region {
    /// This thread's cells, and the newest generation that they are valid for; `None` before the
    /// thread has recorded into the region and after the thread's end.
    #[inline(always)]
    pub(super) fn thread_cells(&self) -> Option<(&[AtomicU64], u64)> {
        // Acquire: the index may have belonged to a region that was dropped. A thread that sees the
        // id of the new region also sees that the old cells were taken out of its directory.
        let index = self.id.load(Ordering::Acquire).wrapping_sub(1);
        let slot = thread_state().slots().get(index as usize)?;
        let first = NonNull::new(slot.cells.load(Ordering::Relaxed))?;
        // SAFETY: `attach` put the address of this thread's `len` cells in this slot. They are
        // freed by this thread's end, which first empties the directory, or by the drop of the
        // region, which is borrowed.
        let cells = unsafe { slice::from_raw_parts(first.as_ptr(), self.len) };
        Some((cells, slot.seen.load(Ordering::Relaxed)))
    }
}

/// Allocates this thread's cells of a region and puts their address into the directory.
///
/// Returns their address, or `None` if the thread cannot have cells: see [`attach`].
pub(super) fn attach_block(region: &Region) -> Option<NonNull<AtomicU64>> {
    // SAFETY: the closure returns a block of `len` cells from `CellBlock::into_raw`, for which
    // `has_heap_cells` is `true`.
    unsafe { attach(region, true, || CellBlock::zeroed(region.len).into_raw()) }
}

/// Puts the address of this thread's static cells into the directory; false if the thread cannot
/// have cells: see [`attach`].
///
/// # Safety
///
/// `first` is the address of `region.len` cells that stay valid until the thread has ended.
pub(super) unsafe fn attach_static(region: &Region, first: NonNull<AtomicU64>) -> bool {
    // SAFETY: the caller passes the address of `len` static cells, for which `has_heap_cells` is
    // `false`.
    unsafe { attach(region, false, || first) }.is_some()
}

/// Puts the address of this thread's cells of a region into the thread's directory.
///
/// Returns `None` if the thread has ended, if this recording comes from an allocator that a cold
/// path of this thread has called, or if the region is registered for the other kind of cells
/// (static instead of heap cells, or the reverse).
///
/// # Safety
///
/// `cells` returns the address of `region.len` cells of this thread. They come from
/// [`CellBlock::into_raw`] if `has_heap_cells`, else they stay valid until the thread has ended.
unsafe fn attach(
    region: &Region,
    has_heap_cells: bool,
    cells: impl FnOnce() -> NonNull<AtomicU64>,
) -> Option<NonNull<AtomicU64>> {
    let attach = || {
        // The first access registers the guard's destructor.
        let copies = EXIT_GUARD
            .try_with(|guard| Arc::clone(guard.copies.get_or_init(Arc::default)))
            .ok()?;
        if matches!(region.layout, Layout::Histogram { .. }) {
            // Allocated here, because a scrape that needs the buffer holds the lock and so cannot
            // allocate it.
            copies.get_or_init(layout::copy_buffer);
        }
        if region.layout.native().is_some() {
            // Allocates the shared cells: scrapes and threads that make native buckets coarser
            // store the new resolution there.
            region.shared();
        }
        let index = region.index(has_heap_cells)?;
        let thread = thread_state();
        // `index` has registered the region, so a new directory has a slot for it.
        while thread.slots().len() <= index {
            thread.grow_directory(&copies);
        }
        let slot = &thread.slots()[index];
        let cells = cells();
        // The new cells are zero, so they are valid for all series up to the newest one. Acquire:
        // pairs with the Release in `generation::claim`.
        let newest = region.newest_generation.load(Ordering::Acquire);
        slot.seen.store(newest, Ordering::Relaxed);
        // Release: pairs with the Acquire of a scrape, which then sees the cells initialised.
        slot.cells.store(cells.as_ptr(), Ordering::Release);
        Some(cells)
    };
    if thread_state().has_ended.get() {
        return None;
    }
    without_reentry(attach)?
}

/// Lets this thread's end call `storage.detach()`.
///
/// Returns false, and registers nothing, if the thread has already ended, or if this recording
/// comes from an allocator that a cold path of this thread has called.
pub(super) fn detach_at_end(storage: &'static dyn Detach) -> bool {
    if thread_state().has_ended.get() {
        return false;
    }
    let register = |guard: &ExitGuard| guard.attached.borrow_mut().push(storage);
    let register = || EXIT_GUARD.try_with(register).is_ok();
    without_reentry(register).unwrap_or(false)
}

/// Static thread-local storage through which recordings find cells until the thread's end.
pub(super) trait Detach {
    /// Makes the storage forget the thread's cells.
    fn detach(&'static self);
}

/// The part of a thread's state that only cold paths use.
///
/// Its `drop` runs when the thread ends and adds the thread's cells to the shared cells.
struct ExitGuard {
    /// The copy buffer, which the thread's entry in the global state shares.
    copies: OnceCell<Arc<OnceLock<CopyBuffer<AtomicU64>>>>,
    /// The static storage to detach at the thread's end.
    attached: RefCell<Vec<&'static dyn Detach>>,
}

impl Drop for ExitGuard {
    fn drop(&mut self) {
        let thread = thread_state();
        // Before anything else: from here on an allocator that records, and destructors that run
        // later, record into the shared cells.
        thread.has_ended.set(true);
        thread.start_epoch();
        for storage in self.attached.take() {
            storage.detach();
        }
        allocate_shared_cells(thread.slots());
        let is_attached = |slot: &&Slot| !slot.cells.load(Ordering::Relaxed).is_null();
        let mut blocks = Vec::with_capacity(thread.slots().iter().filter(is_attached).count());
        let directory = thread.directory.replace(&[]);
        let copies = self.copies.get().and_then(|copies| copies.get());
        let mut scratch = copies.map_or(Vec::new(), |_| layout::fold_scratch());
        // SAFETY: static storage has been detached, cached cells have another epoch, and the
        // directory is empty: all ways to this thread's cells are closed.
        let entry = unsafe {
            GLOBAL
                .lock()
                .remove_thread(directory, &mut blocks, &mut scratch)
        };
        // Freed without the lock, which was released at the end of the statement above.
        drop(blocks);
        drop(entry);
    }
}

/// Allocates the shared cells that an ending thread will add its cells to.
fn allocate_shared_cells(slots: &[Slot]) {
    let mut missing = Vec::with_capacity(slots.len());
    for (slot, entry) in slots.iter().zip(&GLOBAL.lock().regions) {
        if let Some(entry) = entry
            && !slot.cells.load(Ordering::Relaxed).is_null()
            && entry.shared.get().is_empty()
        {
            missing.push((entry.shared.clone(), entry.len));
        }
    }
    for (shared, len) in &missing {
        shared.get_or_allocate(*len);
    }
}
