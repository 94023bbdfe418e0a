//! Loom models of `histogram_block`, and loom's atomics as [`Atomic`]s for all models of the crate.
//!
//! [`Atomic`]: super::atomic::Atomic

pub(crate) mod histogram_block;
pub(crate) mod loom_atomic;
