//! The static thread-local storage of a declared metric: its cells, or a pointer to them.
//!
//! The macros declare one `thread_local!` of a [`LocalStorage`] type for each declared metric, and
//! for each instrumented function that is not `async` and has closed labels. With closed labels,
//! the type is [`LocalCells`] or [`LocalBlock`], and a recording finds its cells without a look-up.
//! With open labels, the type is [`SeriesCache`](super::SeriesCache).

#![allow(unsafe_code, reason = "hands out references to thread-local storage")]

use std::{
    cell::Cell,
    ptr::{self, NonNull},
    sync::atomic::AtomicU64,
    thread::LocalKey,
};

use crate::storage::{
    cpu,
    region::Region,
    thread::{Detach, attach_block, attach_static, detach_at_end},
};

/// A type for the static thread-local storage of a declared metric.
#[doc(hidden)]
pub trait LocalStorage: sealed::Local {}

impl<L: sealed::Local> LocalStorage for L {}

/// Keeps other crates from calling the methods of `Local`: `Local::attach` is sound only for values
/// in static thread-local storage. Its only caller, the function `attach` of this file, passes such
/// values.
pub(super) mod sealed {
    use super::{AtomicU64, Region};

    /// Implemented for types that are not `Sync` and have no destructor.
    pub trait Local: Sized + 'static {
        /// This thread's cells, if they are attached.
        fn cells(&self) -> Option<&[AtomicU64]>;
        /// Attaches this thread's cells, if the type has cells and the thread can have them.
        fn attach(&self, region: &Region);
        /// Forgets the cells, at the thread's end.
        fn detach(&self);
    }
}

/// The initial value of thread-local storage, as a constant.
#[doc(hidden)]
pub trait ConstInit: Sized {
    const INIT: Self;
}

/// `N` cells in static thread-local storage.
#[derive(Debug)]
#[doc(hidden)]
pub struct LocalCells<const N: usize> {
    is_attached: Cell<bool>,
    cells: [AtomicU64; N],
}

impl<const N: usize> ConstInit for LocalCells<N> {
    const INIT: Self = LocalCells {
        is_attached: Cell::new(false),
        cells: [const { AtomicU64::new(0) }; N],
    };
}

impl<const N: usize> sealed::Local for LocalCells<N> {
    #[inline(always)]
    fn cells(&self) -> Option<&[AtomicU64]> {
        self.is_attached.get().then_some(&self.cells[..])
    }

    fn attach(&self, region: &Region) {
        let first = NonNull::from(&self.cells).cast();
        // SAFETY: `self.cells` has the region's number of cells. It is in static thread-local
        // storage, see `sealed`, which stays valid until the thread has ended.
        let is_attached = region.len == N && unsafe { attach_static(region, first) };
        self.is_attached.set(is_attached);
    }

    fn detach(&self) {
        self.is_attached.set(false);
    }
}

/// A pointer in static thread-local storage to `N` cells on the heap.
#[derive(Debug)]
#[doc(hidden)]
pub struct LocalBlock<const N: usize>(Cell<*const [AtomicU64; N]>);

impl<const N: usize> ConstInit for LocalBlock<N> {
    const INIT: Self = LocalBlock(Cell::new(ptr::null()));
}

impl<const N: usize> sealed::Local for LocalBlock<N> {
    #[inline(always)]
    fn cells(&self) -> Option<&[AtomicU64]> {
        // SAFETY: null, or set by `attach` below to a block of `N` cells of this thread. Only the
        // thread's end frees the block, after it has called `detach`. The drop of the region does
        // not: the region is in a static, as `attach` is called with such regions only.
        unsafe { self.0.get().as_ref() }.map(|cells| &cells[..])
    }

    fn attach(&self, region: &Region) {
        if region.len != N {
            return;
        }
        let block = attach_block(region);
        self.0
            .set(block.map_or(ptr::null(), |first| first.as_ptr().cast()));
    }

    fn detach(&self) {
        self.0.set(ptr::null());
    }
}

/// The calling thread's value of a metric's `thread_local!`.
#[inline(always)]
pub(crate) fn local_storage<L: LocalStorage>(key: &'static LocalKey<L>) -> &'static L {
    // A closure larger than `ptr::from_ref` would not be inlined into callers, and each access
    // would be a call.
    let local = cpu::in_register(key.with(ptr::from_ref));
    // SAFETY: the address of a reference is not null. The compiler cannot know that, as
    // `in_register` hides where the address comes from.
    unsafe { std::hint::assert_unchecked(!local.is_null()) };
    // SAFETY: `L` has no destructor, so its storage stays valid until the thread has run all of
    // its code. `L` is not `Sync`, so the reference does not leave the thread.
    unsafe { &*local }
}

/// Attaches this thread's cells of a declared metric, if they are not attached yet and the thread
/// can have cells.
pub(crate) fn attach<L: LocalStorage>(key: &'static LocalKey<L>, region: &'static Region) {
    let local = local_storage(key);
    if sealed::Local::cells(local).is_none() && detach_at_end(key) {
        sealed::Local::attach(local, region);
    }
}

impl<L: sealed::Local> Detach for LocalKey<L> {
    fn detach(&'static self) {
        self.with(sealed::Local::detach);
    }
}
