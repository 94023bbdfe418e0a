//! Each thread's storage, and how a scrape sums it. The only folder with unsafe code.

pub(crate) mod cell;
pub(crate) mod clock;
pub(crate) mod generation;
pub(crate) mod histogram_block;
pub(crate) mod layout;
#[cfg(all(test, not(miri)))]
pub(crate) mod model;
pub(crate) mod native;
pub(crate) mod word;
