//! Loom models of the protocols in this layer.

pub(crate) mod entry;
pub(crate) mod expiry;
pub(crate) mod generation;
pub(crate) mod hash_table;
