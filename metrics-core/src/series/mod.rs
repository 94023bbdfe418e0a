//! Series with open labels.

pub(crate) mod created_timestamps;
pub(crate) mod entry;
pub(crate) mod expiry;
pub(crate) mod hashes;
pub(crate) mod id;
pub(crate) mod index;
#[cfg(all(test, not(miri)))]
pub(crate) mod model;
pub(crate) mod rendered_labels;
