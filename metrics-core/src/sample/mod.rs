//! The contract between metrics and formats.

pub(crate) mod batch;
pub(crate) mod created;
pub(crate) mod format;
pub(crate) mod head;
pub(crate) mod label_chunk;
pub(crate) mod label_encoding;
pub(crate) mod label_text;
pub(crate) mod packed_strings;
pub(crate) mod single;
pub(crate) mod sink;
pub(crate) mod value;
