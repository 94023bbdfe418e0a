//! The contenders of the encoding bench: one file for each library, and one for a copy of bytes.

mod fast_telemetry;
mod fastmetrics;
mod foundations_metrics;
mod measured;
mod memcpy;
mod metrics;
mod metriken;
mod opentelemetry;
pub(crate) mod ours;
mod prometheus;
mod prometheus_client;
mod vise;

use crate::expositions::{Race, Work};

/// Adds every contender that supports the workload.
pub(crate) fn enter(race: &mut Race, work: Work) {
    ours::enter(race, work);
    memcpy::enter(race, work);
    if matches!(work, Work::Threads(_) | Work::Shuffled) {
        // Leaves out the peers: these workloads measure what the separate storage that this library
        // has for each thread, and the order of labels, add to an exposition.
        return;
    }
    fast_telemetry::enter(race, work);
    fastmetrics::enter(race, work);
    foundations_metrics::enter(race, work);
    measured::enter(race, work);
    metrics::enter(race, work);
    metriken::enter(race, work);
    opentelemetry::enter(race, work);
    prometheus::enter(race, work);
    prometheus_client::enter(race, work);
    vise::enter(race, work);
}
