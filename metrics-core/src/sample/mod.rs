//! The contract between metrics and formats.

pub(crate) mod batch;
pub(crate) mod births;
pub(crate) mod format;
pub(crate) mod head;
pub(crate) mod label_chunk;
pub(crate) mod label_form;
pub(crate) mod label_text;
pub(crate) mod single;
pub(crate) mod sink;
pub(crate) mod texts;
pub(crate) mod value;
