//! Functions for the format tests: one creates a labelled family, one returns the current time.

use std::time::{SystemTime, UNIX_EPOCH};

use metrics_core::{DynamicFamily, DynamicMetric, Options, Registry};

pub(crate) fn labelled<M: DynamicMetric>(
    registry: &Registry,
    options: Options,
) -> DynamicFamily<M> {
    registry.create_family(options).unwrap()
}

pub(crate) fn unix_seconds() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is after 1970").as_secs_f64()
}
