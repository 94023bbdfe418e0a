//! Loom models of the storage and of the index of series.
//!
//! This library compiles the sources of these layers of `metrics-core`, and of the layers below
//! them, with loom's atomics, locks and thread-local values (`sync.rs`). A model is a function that
//! runs the real code in several threads and asserts the results. Loom repeats it with the
//! different interleavings, and values of loads, that the memory model allows, up to a number of
//! preemptions. The test `loom` runs all models.
//!
//! The layers' types that are private to `metrics-core` are private to this library as well, so the
//! models are in this library and not in the test.

#![allow(
    missing_docs,
    clippy::missing_panics_doc,
    unreachable_pub,
    reason = "the names of the models say what they assert"
)]

#[allow(
    dead_code,
    unexpected_cfgs,
    unused_imports,
    unused_macros,
    clippy::all,
    clippy::pedantic,
    reason = "metrics-core checks its sources, and uses more of them"
)]
#[path = "../../../metrics-core/src/describe/mod.rs"]
mod describe;
#[allow(
    dead_code,
    unexpected_cfgs,
    unused_imports,
    unused_macros,
    clippy::all,
    clippy::pedantic,
    reason = "metrics-core checks its sources, and uses more of them"
)]
#[path = "../../../metrics-core/src/sample/mod.rs"]
mod sample;
#[allow(
    dead_code,
    unexpected_cfgs,
    unused_imports,
    unused_macros,
    clippy::all,
    clippy::pedantic,
    reason = "metrics-core checks its sources, and uses more of them"
)]
#[path = "../../../metrics-core/src/series/mod.rs"]
mod series;
#[allow(
    dead_code,
    unexpected_cfgs,
    unused_imports,
    unused_macros,
    clippy::all,
    clippy::pedantic,
    reason = "metrics-core checks its sources, and uses more of them"
)]
#[path = "../../../metrics-core/src/storage/mod.rs"]
mod storage;

mod counters;
mod run;
mod single;

pub mod directories;
pub mod entries;
pub mod epochs;
pub mod expiry;
pub mod generations;
pub mod hash_tables;
pub mod histogram_blocks;
pub mod kept;
pub mod native;
pub mod stripes;
pub mod threads;
pub mod windows;
