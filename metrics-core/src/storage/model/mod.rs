//! Loom models of the protocols in this layer, and loom's atomics as [`Atomic`]s.
//!
//! [`Atomic`]: super::atomic::Atomic

pub(crate) mod histogram_block;
pub(crate) mod loom_atomic;
