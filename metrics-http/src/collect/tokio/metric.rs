//! [`Metric`]: the description of a tokio runtime's metric, and how to read the value.

use metrics_core::{Desc, Kind};
use tokio::runtime::RuntimeMetrics;

pub(super) type Metric = (Desc, Read);

/// Reads the value of a metric.
pub(super) enum Read {
    Runtime(fn(&RuntimeMetrics) -> f64),
    /// Reads the value of one worker. tokio counts per worker only with 64-bit atomics.
    #[cfg(target_has_atomic = "64")]
    Worker(fn(&RuntimeMetrics, usize) -> f64),
}

pub(super) fn per_runtime(
    kind: Kind,
    name: &'static str,
    help: &'static str,
    read: fn(&RuntimeMetrics) -> f64,
) -> Metric {
    // The family is exclusive, because the series of two runtimes would have equal labels.
    (Desc::new(kind, name, help).exclusive(), Read::Runtime(read))
}

#[cfg(target_has_atomic = "64")]
pub(super) fn per_worker(
    kind: Kind,
    name: &'static str,
    help: &'static str,
    read: fn(&RuntimeMetrics, usize) -> f64,
) -> Metric {
    (Desc::new(kind, name, help), Read::Worker(read))
}
