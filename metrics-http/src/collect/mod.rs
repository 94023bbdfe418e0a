//! What the process, its runtime and its allocator know of themselves: collectors.
//!
//! A server adds those of process, build and target by itself; the others are registered by the
//! program, with [`Registry::register`].

mod build;
#[cfg(feature = "jemalloc")]
mod jemalloc;
#[cfg(any(target_os = "linux", target_os = "macos", windows))]
mod process;
#[cfg(feature = "tokio-metrics")]
mod tasks;
mod tokio;

use std::sync::Arc;

use metrics_core::{Collector, Registry};

use crate::error::Error;

#[cfg(feature = "jemalloc")]
pub use self::jemalloc::jemalloc;
#[cfg(feature = "tokio-metrics")]
pub use self::tasks::TaskMonitors;
pub use self::tokio::{tokio, tokio_runtimes};

/// Adds the metrics of the process, where this system has any.
pub(crate) fn register_process(registry: &Registry) -> Result<(), Error> {
    PROCESS
        .iter()
        .try_for_each(|source| add(registry, source(), ".process_metrics(false)"))
}

/// Adds `build_info`.
pub(crate) fn register_build_info(
    registry: &Registry,
    version: Option<&str>,
    revision: Option<&str>,
) -> Result<(), Error> {
    let source = build::build_info(version, revision);
    add(registry, source, ".build_info(false)")
}

/// Adds `target_info`.
pub(crate) fn register_target_info(
    registry: &Registry,
    labels: &[(String, String)],
) -> Result<(), Error> {
    let source = build::target_info(labels)?;
    registry.register(source).map_err(Error::declaration)
}

fn add(registry: &Registry, source: Arc<dyn Collector>, off: &'static str) -> Result<(), Error> {
    registry
        .register(source)
        .map_err(|error| Error::collector(error, off))
}

/// Empty where the system cannot be asked yet.
const PROCESS: &[fn() -> Arc<dyn Collector>] = &[
    #[cfg(any(target_os = "linux", target_os = "macos", windows))]
    process::shared,
];
