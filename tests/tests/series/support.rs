//! Families with labels whose values are not known at compile time, and readers of their values by
//! label set.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
};

use metrics_core::{DynamicFamily, DynamicMetric, MetricFamily, MetricValue, Options, Registry};

/// Maps labels, as `name=value,…`, to a series' value; for histograms and summaries, to the sum.
pub(crate) type Values = BTreeMap<String, f64>;

pub(crate) fn values(family: &MetricFamily) -> Values {
    let value = |value: &MetricValue| match value {
        MetricValue::Counter(number) | MetricValue::Gauge(number) => number.as_f64(),
        MetricValue::Histogram { sum, .. } | MetricValue::Summary { sum, .. } => *sum,
        _ => 1.0,
    };
    let metrics = family.metrics.iter().map(|metric| {
        let pair = |(name, value): &(String, String)| format!("{name}={value}");
        let labels: Vec<_> = metric.labels.iter().map(pair).collect();
        (labels.join(","), value(&metric.value))
    });
    metrics.collect()
}

pub(crate) fn one(labels: &str, value: f64) -> Values {
    Values::from([(labels.to_owned(), value)])
}

#[track_caller]
pub(crate) fn global(name: &str) -> MetricFamily {
    let families = Registry::global().gather();
    let found = families.into_iter().find(|family| family.name == name);
    found.unwrap_or_else(|| panic!("no family `{name}`"))
}

pub(crate) fn labelled<M: DynamicMetric>(options: Options) -> (Registry, DynamicFamily<M>) {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    let labelled = registry.create_family(options).unwrap();
    (registry, labelled)
}

pub(crate) fn with_limit<M: DynamicMetric>(
    name: &str,
    limit: usize,
) -> (Registry, DynamicFamily<M>) {
    labelled(
        Options::new(name, "Recordings.")
            .labels(["key"])
            .max_series(limit),
    )
}

/// Sets a flag when dropped, so that loops of other threads end also when the test panics.
pub(crate) struct Done<'a>(pub(crate) &'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
