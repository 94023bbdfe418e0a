//! Loom models of the protocols in this layer.

pub(crate) mod histogram_block;
pub(crate) mod loom_atomic;
