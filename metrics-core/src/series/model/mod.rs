//! Loom models of how threads share an index of series: entries, generations, hash table, expiry.

pub(crate) mod entry;
pub(crate) mod expiry;
pub(crate) mod generation;
pub(crate) mod hash_table;
