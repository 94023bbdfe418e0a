//! The contract between metrics and formats.

pub(crate) mod births;
pub(crate) mod label_text;
pub(crate) mod rendered;
pub(crate) mod texts;
