//! Loom models of how threads share an index of series: its entries, its hash table, expiry, and
//! the reuse of storage by other series.

pub(crate) mod entry;
pub(crate) mod expiry;
pub(crate) mod generation;
pub(crate) mod hash_table;
