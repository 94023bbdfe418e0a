//! The contract between metrics and formats: the trait [`Sink`](sink::Sink) and what it receives.
//!
//! Metrics and registries call a sink; each format implements `Sink` and imports no metric type.
//! The types that they exchange are here: names and descriptions of families, values, batches of
//! series, and labels in the encodings in which they are stored.

pub(crate) mod batch;
pub(crate) mod created;
pub(crate) mod format;
pub(crate) mod head;
pub(crate) mod label_batch;
pub(crate) mod label_chunk;
pub(crate) mod label_encoding;
pub(crate) mod label_text;
pub(crate) mod labelled;
pub(crate) mod packed_strings;
pub(crate) mod single;
pub(crate) mod sink;
pub(crate) mod value;
