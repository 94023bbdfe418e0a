//! [`DirectoryOnly`]: the thread-local value of a declared metric on targets without native
//! thread-local storage.

use std::thread::LocalKey;

use crate::storage::{
    local::{ConstInit, sealed},
    region::Region,
    sync::AtomicU64,
    thread::attach_block,
};

/// Stores nothing: the `N` cells are found through the thread's directory alone.
///
/// The thread-local value is never accessed, so the standard library does not allocate it.
#[derive(Debug)]
#[doc(hidden)]
pub struct DirectoryOnly<const N: usize>;

impl<const N: usize> ConstInit for DirectoryOnly<N> {
    const INIT: Self = DirectoryOnly;
}

impl<const N: usize> sealed::Local for DirectoryOnly<N> {
    #[inline(always)]
    fn cells<'r>(_: &'static LocalKey<Self>, region: &'r Region) -> Option<&'r [AtomicU64]> {
        let (cells, _) = region.thread_cells()?;
        Some(cells)
    }

    fn attach(_: &'static LocalKey<Self>, region: &'static Region) {
        attach_block(region);
    }
}
