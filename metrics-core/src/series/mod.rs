//! Series with open labels (labels whose values are not known at compile time): their index, data
//! and expiry.
//!
//! Each metric with open labels has an [`Index`](index::Index), which `metric/` creates and calls.
//! The index keeps the values of its series in storage of the module `storage`, and passes series
//! to a scrape in the batches that `sample/` defines.

pub(crate) mod blocks;
pub(crate) mod created_timestamps;
pub(crate) mod cursor;
pub(crate) mod entry;
pub(crate) mod expiry;
pub(crate) mod hash_table;
pub(crate) mod id;
pub(crate) mod index;
pub(crate) mod insert;
pub(crate) mod key;
pub(crate) mod key_arena;
pub(crate) mod label_words;
pub(crate) mod place;
pub(crate) mod read;
pub(crate) mod recipients;
pub(crate) mod redirect;
pub(crate) mod remove;
pub(crate) mod rendered_labels;
pub(crate) mod replace;
pub(crate) mod replaced;
pub(crate) mod state;
pub(crate) mod thread_cache;
