//! Registries: which metrics are compatible, which clash, and what is exposed despite a clash.

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

mod clashes;
mod collectors;
mod dynamic;
mod encoding;
mod families;
mod names;
mod support;
