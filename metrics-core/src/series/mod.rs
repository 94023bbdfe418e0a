//! Series with open labels.

pub(crate) mod births;
pub(crate) mod entry;
pub(crate) mod expiry;
pub(crate) mod hashes;
pub(crate) mod index;
#[cfg(all(test, not(miri)))]
pub(crate) mod model;
pub(crate) mod rendered_labels;
