//! [`LocalCells`] and [`LocalBlock`]: static thread-local storage of metrics whose label values are
//! known at compile time.
//!
//! These types are only for targets with native thread-local storage: the address of a thread-local
//! value that has no destructor must stay valid until the thread has run all of its code.

#![allow(unsafe_code, reason = "hands out references to thread-local storage")]

use std::{
    cell::Cell,
    ptr::{self, NonNull},
    sync::atomic::AtomicU64,
    thread::LocalKey,
};

use crate::storage::{
    cpu,
    local::{ConstInit, LocalStorage, sealed},
    region::Region,
    thread::{attach_block, attach_static, detach_at_end},
    thread_state::Detach,
};

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
    fn cells<'r>(key: &'static LocalKey<Self>, _: &'r Region) -> Option<&'r [AtomicU64]> {
        let local = local_storage(key);
        local.is_attached.get().then_some(&local.cells[..])
    }

    fn attach(key: &'static LocalKey<Self>, region: &'static Region) {
        let local = local_storage(key);
        if region.len != N || local.is_attached.get() || !detach_at_end(key) {
            return;
        }
        let first = NonNull::from(&local.cells).cast();
        // SAFETY: `local.cells` has the region's number of cells. It is in static thread-local
        // storage, which stays valid until the thread has ended.
        local
            .is_attached
            .set(unsafe { attach_static(region, first) });
    }
}

impl<const N: usize> Detach for LocalKey<LocalCells<N>> {
    fn finds_heap_cells(&self) -> bool {
        false
    }

    fn detach(&'static self) {
        local_storage(self).is_attached.set(false);
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
    fn cells<'r>(key: &'static LocalKey<Self>, _: &'r Region) -> Option<&'r [AtomicU64]> {
        // SAFETY: null, or set by `attach` below to a block of `N` cells of this thread. Only this
        // thread frees the block, when it ends or gives its heap cells back, after it has called
        // `detach`. The drop of the region does not: the region is in a static, as `attach` is
        // called with such regions only.
        unsafe { local_storage(key).0.get().as_ref() }.map(|cells| &cells[..])
    }

    fn attach(key: &'static LocalKey<Self>, region: &'static Region) {
        let local = local_storage(key);
        if region.len != N || !local.0.get().is_null() {
            return;
        }
        // Attaches the block first, so that a thread which gets none does not add the key to its
        // list each time.
        if let Some(block) = attach_block(region)
            && detach_at_end(key)
        {
            local.0.set(block.as_ptr().cast());
        }
    }
}

impl<const N: usize> Detach for LocalKey<LocalBlock<N>> {
    fn finds_heap_cells(&self) -> bool {
        true
    }

    fn detach(&'static self) {
        local_storage(self).0.set(ptr::null());
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
