//! Tests registries: valid names, families, clashes, dynamic metrics, collectors and encoding.

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

mod absent;
mod clashes;
mod collectors;
mod computed;
mod dynamic;
mod encoding;
mod existing_names;
mod families;
mod included;
mod names;
mod nan;
mod self_metrics;
mod summaries;
mod support;
