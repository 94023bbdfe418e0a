//! [`CellBlock`]: one thread's storage on the heap. [`SharedCells`]: storage that all threads
//! share.

#![allow(
    unsafe_code,
    reason = "a heap block is owned through the address of its first cell"
)]

use std::{
    mem::ManuallyDrop,
    ptr::{self, NonNull},
    slice,
    sync::{Arc, OnceLock},
};

use crate::storage::{layout::Layout, sync::AtomicU64};

/// One thread's cells of a region on the heap; freed on drop, with the windows of the series.
///
/// Aligned to 128 bytes, so that blocks of different threads share neither a cache line nor, where
/// lines have 64 bytes, one of the pairs of lines that many processors prefetch together.
#[derive(Debug)]
pub(super) struct CellBlock {
    first: NonNull<AtomicU64>,
    len: usize,
    layout: Layout,
}

// SAFETY: a block owns its cells as a `Box<[AtomicU64]>` would.
unsafe impl Send for CellBlock {}

// SAFETY: as for `Send`: a shared block gives access to atomics only.
unsafe impl Sync for CellBlock {}

impl CellBlock {
    /// Allocates `len` cells of series with this layout, all zero.
    pub(super) fn zeroed(len: usize, layout: Layout) -> Self {
        let lines: Box<[Line]> = (0..lines(len))
            .map(|_| Line([const { AtomicU64::new(0) }; 16]))
            .collect();
        let lines: *mut [Line] = Box::into_raw(lines);
        CellBlock {
            first: NonNull::new(lines.cast()).expect("the address of a box is not null"),
            len,
            layout,
        }
    }

    pub(super) fn cells(&self) -> &[AtomicU64] {
        // SAFETY: the block has `len` cells, which `drop` frees, and all accesses to them are
        // shared.
        unsafe { slice::from_raw_parts(self.first.as_ptr(), self.len) }
    }

    /// Gives up ownership; [`from_raw`](Self::from_raw) takes it back.
    pub(super) fn into_raw(self) -> NonNull<AtomicU64> {
        ManuallyDrop::new(self).first
    }

    /// Takes ownership of a block.
    ///
    /// # Safety
    ///
    /// `first` was returned by [`into_raw`](Self::into_raw) of a block of `len` cells with this
    /// layout, ownership has not been taken back since, and no reference to the cells is used from
    /// now on.
    pub(super) unsafe fn from_raw(first: NonNull<AtomicU64>, len: usize, layout: Layout) -> Self {
        CellBlock { first, len, layout }
    }
}

impl Drop for CellBlock {
    #[expect(
        clippy::cast_ptr_alignment,
        reason = "the address is that of a boxed `Line`"
    )]
    fn drop(&mut self) {
        // SAFETY: the block has `len` cells, and `self` is its only owner.
        let cells = unsafe { slice::from_raw_parts(self.first.as_ptr(), self.len) };
        // SAFETY: windows are found through these cells only, to which there is no other reference.
        unsafe { self.layout.free_windows(cells) };
        let lines = self.first.as_ptr().cast::<Line>();
        let lines = ptr::slice_from_raw_parts_mut(lines, self::lines(self.len));
        // SAFETY: `zeroed` made `first` from a box of `lines(len)` lines, and `self` is the block's
        // only owner.
        drop(unsafe { Box::from_raw(lines) });
    }
}

/// The unit of allocation: 128 bytes, which is two cache lines on x86-64.
#[repr(align(128))]
struct Line(#[expect(dead_code, reason = "accessed through a pointer")] [AtomicU64; 16]);

/// The number of lines for `len` cells, at least one.
const fn lines(len: usize) -> usize {
    if len == 0 { 1 } else { len.div_ceil(16) }
}

/// The cells of a region that all threads share: totals of ended threads, recordings of threads
/// that have no cells, and the values of gauges.
#[derive(Clone, Debug)]
pub(super) enum SharedCells {
    /// Static cells, for label values that are known at compile time. A global allocator may record
    /// into such a metric and could not allocate the cells.
    Static(&'static [AtomicU64]),
    /// Cells on the heap, for other labels and for dynamic metrics; allocated when first needed.
    Lazy(Arc<OnceLock<HeapCells>>),
}

/// Shared cells on the heap; freed on drop, with the windows of the series.
#[derive(Debug)]
pub(super) struct HeapCells {
    cells: Box<[AtomicU64]>,
    layout: Layout,
}

impl Drop for HeapCells {
    fn drop(&mut self) {
        // SAFETY: windows are found through these cells only, which are borrowed exclusively.
        unsafe { self.layout.free_windows(&self.cells) };
    }
}

impl SharedCells {
    /// The cells; empty if they have not been allocated, which means that all values are zero.
    pub(super) fn get(&self) -> &[AtomicU64] {
        match self {
            SharedCells::Static(cells) => cells,
            SharedCells::Lazy(cells) => cells.get().map_or(&[], |heap| &heap.cells),
        }
    }

    /// The cells; allocates `len` of them, for series with this layout, if there are none yet.
    #[inline]
    pub(super) fn get_or_allocate(&self, len: usize, layout: Layout) -> &[AtomicU64] {
        match self {
            SharedCells::Static(cells) => cells,
            SharedCells::Lazy(cells) => {
                let allocate = || HeapCells {
                    cells: zeros(len).collect(),
                    layout,
                };
                &cells.get_or_init(allocate).cells
            }
        }
    }
}

/// `len` atomics that are zero.
pub(super) fn zeros(len: usize) -> impl Iterator<Item = AtomicU64> {
    (0..len).map(|_| AtomicU64::new(0))
}
