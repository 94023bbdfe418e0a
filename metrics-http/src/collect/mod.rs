//! Collectors for the process, the build, the tokio runtime, its tasks, and the allocator.
//!
//! A server registers the collectors of process, build and target itself; the program registers the
//! others with [`Registry::register`].

mod infos;
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

pub(crate) use self::infos::{register_build_info, register_target_info};
#[cfg(feature = "jemalloc")]
pub use self::jemalloc::jemalloc;
#[cfg(feature = "tokio-metrics")]
pub use self::tasks::TaskMonitors;
pub use self::tokio::{tokio, tokio_runtimes};

/// Registers the process metrics, if the operating system is supported.
pub(crate) fn register_process(registry: &Registry) -> Result<(), Error> {
    PROCESS
        .iter()
        .try_for_each(|collector| register(registry, collector(), ".process_metrics(false)"))
}

/// The start time of this process as Unix time in seconds, if the operating system is supported.
pub(crate) fn process_start_time() -> Option<u64> {
    PROCESS_START_TIME.iter().find_map(|read| read())
}

/// Registers a collector. The error names `off`, the builder call that leaves the collector out.
fn register(
    registry: &Registry,
    collector: Arc<dyn Collector>,
    off: &'static str,
) -> Result<(), Error> {
    registry
        .register(collector)
        .map_err(|error| Error::collector(error, off))
}

/// The function that returns the process collector; empty on systems without one.
const PROCESS: &[fn() -> Arc<dyn Collector>] = &[
    #[cfg(any(target_os = "linux", target_os = "macos", windows))]
    process::shared,
];

/// The function that returns the start time of this process; empty on systems without one.
const PROCESS_START_TIME: &[fn() -> Option<u64>] = &[
    #[cfg(any(target_os = "linux", target_os = "macos", windows))]
    process::start_time,
];
