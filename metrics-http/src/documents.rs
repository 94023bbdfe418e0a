//! Runs the code blocks of the workspace's documents as documentation tests of this crate.
//!
//! A document with blocks that need features is tested only if all of these features are enabled,
//! as in `tests/run.sh`.

#[doc = include_str!("../../README.md")]
mod readme {}

#[doc = include_str!("../../ARCHITECTURE.md")]
mod architecture {}

#[doc = include_str!("../../CHANGELOG.md")]
mod changelog {}

#[doc = include_str!("../../CONTRIBUTING.md")]
mod contributing {}

#[doc = include_str!("../../docs/benchmarks.md")]
mod benchmarks {}

#[doc = include_str!("../../docs/design.md")]
mod design {}

#[cfg(all(feature = "catalog", feature = "remote-write"))]
#[doc = include_str!("../../docs/guide.md")]
mod guide {}

#[doc = include_str!("../../docs/migrating.md")]
mod migrating {}

#[cfg(all(feature = "https", feature = "remote-write", feature = "web-config"))]
#[doc = include_str!("../../docs/operating.md")]
mod operating {}

#[doc = include_str!("../../SECURITY.md")]
mod security {}

#[doc = include_str!("../../docs/promises.md")]
mod promises {}
