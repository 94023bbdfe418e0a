//! Each thread's storage, and how a scrape sums it. The only folder with unsafe code.

pub(crate) mod atomic;
mod cell;
pub(crate) mod clock;
pub(crate) mod cpu;
pub(crate) mod generation;
pub(crate) mod histogram_block;
pub(crate) mod layout;
#[cfg(all(test, not(miri)))]
pub(crate) mod model;
pub(crate) mod native;
pub(crate) mod scalar;

pub use cell::ConstInit;
pub(crate) use cell::{
    CachedCells, LocalBlock, LocalCells, LocalStorage, Reader, Region, Regions, SeriesCache,
    answer_copy_request, attach, cache_series, exclusively, local_storage, record_local,
    try_record_local, without_reentry,
};
