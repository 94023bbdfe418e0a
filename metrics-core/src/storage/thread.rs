//! Attaches storage of a metric to the calling thread. Also runs code while scrapes, or reentrant
//! recordings, are excluded.

#![allow(unsafe_code, reason = "finds a thread's cells by their address")]

use std::{
    cell::Cell,
    ptr::NonNull,
    slice,
    sync::{Arc, OnceLock, atomic::Ordering},
};

use crate::storage::sync::{AtomicU64, FIRST_DIRECTORY};
use crate::storage::{
    cells::CellBlock,
    directory::Directory,
    global::GLOBAL,
    histogram_block::{self, CopyBuffer},
    layout::{self, Layout},
    region::Region,
    stripes::EXEMPT,
    thread_state::{self, Flags, slots, with_copies, with_flags},
};

/// Runs code that may allocate or take the lock.
///
/// Returns `None`, and does not call `run`, inside of another call of this function in the same
/// thread. The caller then is a recording by an allocator that the outer call has called.
pub(crate) fn without_reentry<R>(run: impl FnOnce() -> R) -> Option<R> {
    let flag = RaisedFlag::raise(|flags| &flags.is_on_cold_path);
    (!flag.was_raised).then(run)
}

/// A guard that sets a flag of this thread to true, and restores the earlier value when it is
/// dropped.
///
/// A panic drops the guard as well. Otherwise, after a panic, the thread would attach no more
/// cells, or would change cells without the lock.
pub(super) struct RaisedFlag {
    flag: fn(&Flags) -> &Cell<bool>,
    was_raised: bool,
}

impl RaisedFlag {
    pub(super) fn raise(flag: fn(&Flags) -> &Cell<bool>) -> Self {
        RaisedFlag {
            flag,
            was_raised: with_flags(|flags| flag(flags).replace(true)),
        }
    }
}

impl Drop for RaisedFlag {
    fn drop(&mut self) {
        with_flags(|flags| (self.flag)(flags).set(self.was_raised));
    }
}

/// Runs code that changes cells in several steps, of which a scrape sees all or none.
///
/// Takes the lock, unless this thread already holds it for a late recording.
pub(crate) fn lock_out_scrapes<R>(run: impl FnOnce() -> R) -> R {
    let is_locked = with_flags(|flags| flags.holds_lock.get());
    let _state = (!is_locked).then(|| GLOBAL.lock());
    run()
}

/// Does what a scrape has requested of the calling thread, which records into this histogram block:
/// copies the block, or empties it after a reset.
///
/// Returns true if the last observation must be repeated, because the scrape read the block for the
/// last time before that observation.
#[cold]
#[inline(never)]
pub(crate) fn answer_request(block: &[AtomicU64]) -> bool {
    if let Some(copies) = borrowed_copies(block) {
        copies.answer(block);
    } else {
        answer_from_own_cells(block);
    }
    histogram_block::is_marked(block)
        && histogram_block::finds_closed(block)
        && lock_out_scrapes(|| histogram_block::reopen(block))
}

/// The copy buffer of the stripe that the calling thread has borrowed, if `block` is in its cells.
pub(super) fn borrowed_copies<'a>(block: &[AtomicU64]) -> Option<&'a CopyBuffer<AtomicU64>> {
    let stripe = with_flags(|flags| flags.stripe.get());
    // SAFETY: null, or set by a `BorrowedStripe` of this thread that has not been dropped. It
    // borrows the stripe for longer than the recording that calls this function.
    let stripe = unsafe { stripe.as_ref() }?;
    let is_inside = stripe.cells().as_ptr_range().contains(&block.as_ptr());
    stripe.copies.get().filter(|_| is_inside)
}

/// Copies a block of the calling thread's own cells if a scrape has requested it.
fn answer_from_own_cells(block: &[AtomicU64]) {
    // Copies if the thread has a copy buffer. A thread whose copy a scrape has requested has one,
    // because a thread allocates it before it attaches its first histogram.
    with_copies(|copies| {
        if let Some(copies) = copies.get().and_then(|copies| copies.get())
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
        let slot = slots().get(index as usize)?;
        let first = NonNull::new(slot.cells.load(Ordering::Relaxed))?;
        // SAFETY: `attach` put the address of this thread's `len` cells in this slot. They are
        // freed by this thread, when it ends or gives its heap cells back, which it does not do
        // while they are borrowed, or by the drop of the region, which is borrowed.
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
    unsafe {
        attach(region, true, || {
            CellBlock::zeroed(region.len, region.layout).into_raw()
        })
    }
}

/// Puts the address of this thread's static cells into the directory; false if the thread cannot
/// have cells: see [`attach`].
///
/// # Safety
///
/// `first` is the address of `region.len` cells that stay valid until the thread has ended.
#[cfg(not(metrics_fallback_storage))]
pub(super) unsafe fn attach_static(region: &Region, first: NonNull<AtomicU64>) -> bool {
    // SAFETY: the caller passes the address of `len` static cells, for which `has_heap_cells` is
    // `false`.
    unsafe { attach(region, false, || first) }.is_some()
}

/// Puts the address of this thread's cells of a region into the thread's directory, unless the
/// directory has such an address already.
///
/// Returns `None` if the thread has ended, if this recording comes from an allocator that a cold
/// path of this thread has called, if the region is registered for the other kind of cells (static
/// instead of heap cells, or the reverse), or if the region is [crowded](super::stripes).
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
        let copies = with_copies(|copies| Arc::clone(copies.get_or_init(Arc::default)))?;
        if matches!(region.layout, Layout::Histogram { .. }) {
            // Allocates the copy buffer here, because a scrape that needs it holds the lock and so
            // cannot allocate it.
            copies.get_or_init(layout::copy_buffer);
        }
        if region.layout.native().is_some() {
            // Allocates the shared cells, because scrapes and threads that make native buckets
            // coarser store the new resolution there.
            region.shared();
        }
        let index = region.index(has_heap_cells)?;
        // The loop ends: a new directory has a slot for each registered region, and
        // `Region::index` has registered this one.
        while slots().len() <= index {
            grow_directory(&copies);
        }
        let slot = &slots()[index];
        let attached = NonNull::new(slot.cells.load(Ordering::Relaxed));
        if attached.is_some() {
            return attached;
        }
        if has_heap_cells && let Some(stripes) = region.stripes.get() {
            stripes.add_owner(with_flags(|flags| flags.list.get()) == EXEMPT)?;
            thread_state::note_heap_cells();
        }
        let cells = cells();
        // The new cells are zero, so they are valid for all series up to the newest one. Acquire:
        // pairs with the Release in `generation::claim`.
        let newest = region.newest_generation.load(Ordering::Acquire);
        slot.seen.store(newest, Ordering::Relaxed);
        // Release: pairs with the Acquire of a scrape, which then sees the cells initialised.
        let publish = || slot.cells.store(cells.as_ptr(), Ordering::Release);
        if region.layout.has_resets() {
            // SAFETY: by the contract of this function, these are `len` cells of this thread.
            let block = unsafe { slice::from_raw_parts(cells.as_ptr(), region.len) };
            lock_out_scrapes(|| {
                region.mark(block);
                publish();
            });
        } else {
            publish();
        }
        Some(cells)
    };
    without_reentry(attach)?
}

/// Replaces this thread's directory by one that has a slot for each registered region.
fn grow_directory(copies: &Arc<OnceLock<CopyBuffer<AtomicU64>>>) {
    let regions = GLOBAL.lock().regions.len();
    let directory = Directory::new(regions.next_power_of_two().max(FIRST_DIRECTORY));
    let old = thread_state::directory();
    let mut state = GLOBAL.lock_with_capacity(0);
    thread_state::set_directory(directory.as_ptr());
    let old = state.set_directory(old, directory, copies);
    drop(state);
    drop(old);
}

/// Adds what the calling thread has recorded to storage that all threads share, and frees the
/// thread's own storage on the heap, so that another thread can have it.
///
/// A thread has storage on the heap for metrics with open labels, histograms, summaries, dynamic
/// metrics, and metrics with more than 32 values. For each such metric, or for a part of one with
/// many series, the number of threads with storage is limited to twice the number of processors, or
/// to 8 if that is more. Further threads record into storage that they share, which takes longer by
/// an atomic read-modify-write, and with open labels by a search in the index.
///
/// A thread that ends frees its storage; one that is idle keeps it. So in a program with more threads
/// than the limit, call this function in a thread that will be idle for long, for instance before it
/// waits for a job, or before it sleeps for a minute.
///
/// No total changes: a scrape sees what the thread has recorded before, during and after the call.
/// The thread may record afterwards; its next recording of each metric then gets storage anew.
///
/// # Cost
///
/// A few nanoseconds if the thread has no storage on the heap. Otherwise the call takes the lock
/// that scrapes take, and about as long as a scrape of the thread's series. So do not call it
/// between two jobs if the thread is hardly ever idle for a millisecond.
///
/// Does nothing if an allocator calls it while this thread's first recording of a metric allocates,
/// and in a thread whose recordings a test reads with [`testing::recorded`](crate::testing::recorded).
///
/// ```
/// use std::{sync::mpsc, thread};
///
/// use metrics_core::{metrics, release_thread_storage};
///
/// metrics! {
///     /// Jobs done.
///     static DONE: Counter<(queue: &str)> = "released_jobs_total";
/// }
///
/// let (jobs, receiver) = mpsc::channel::<String>();
/// let worker = thread::spawn(move || {
///     loop {
///         let Ok(queue) = receiver.try_recv().or_else(|_| {
///             // No job is waiting, so the thread may be idle for long.
///             release_thread_storage();
///             receiver.recv()
///         }) else {
///             break;
///         };
///         DONE.with(&*queue).inc();
///     }
/// });
/// for _ in 0..3 {
///     jobs.send("mail".to_owned()).expect("the worker runs");
/// }
/// drop(jobs);
/// worker.join().expect("the worker does not panic");
/// assert_eq!(DONE.with("mail").get(), 3);
/// ```
pub fn release_thread_storage() {
    // A reader of this thread alone does not find what is in the shared cells.
    if with_flags(|flags| flags.list.get()) != EXEMPT {
        without_reentry(thread_state::give_back);
    }
}

/// Lets this thread's end call `storage.detach()`.
///
/// Returns false, and registers nothing, if the thread has already ended, or if this recording
/// comes from an allocator that a cold path of this thread has called.
#[cfg(not(metrics_fallback_storage))]
pub(super) fn detach_at_end(storage: &'static dyn thread_state::Detach) -> bool {
    without_reentry(|| thread_state::detach_at_end(storage)).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_panic_on_a_cold_path_ends_the_cold_path() {
        let result = catch_unwind(|| without_reentry(|| panic!("expected by the test")));
        assert!(result.is_err());
        let inner = without_reentry(|| without_reentry(|| ()));
        assert_eq!(inner, Some(None));
        assert_eq!(without_reentry(|| ()), Some(()));
    }
}
