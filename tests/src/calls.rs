//! What calls of functions have come to, as one line that a test can compare.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use metrics_core::{Metric, MetricValue, gather};

/// The series of a function in a family: the other labels' values, and the number.
pub fn series(family: &str, function: &str) -> String {
    let families = gather();
    let family = families.iter().find(|found| found.name == family);
    let own = |metric: &&Metric| {
        let mut labels = metric.labels.iter();
        labels.any(|(name, value)| name == "function" && value == function)
    };
    let metrics = family.iter().flat_map(|family| &family.metrics).filter(own);
    let shown = metrics.map(|metric| {
        let labels = metric.labels.iter();
        let others = labels.filter(|(name, _)| !["function", "module"].contains(&name.as_str()));
        let values = others.map(|(_, value)| value.clone());
        let all: Vec<String> = values.chain([number(metric).to_string()]).collect();
        all.join(" ")
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// Calls of a function by outcome.
pub fn calls(function: &str) -> String {
    series("function_calls_total", function)
}

/// How many calls of a function were timed, by outcome.
pub fn timings(function: &str) -> String {
    series("function_duration_seconds", function)
}

/// Calls of a function in progress.
pub fn in_progress(function: &str) -> String {
    series("function_calls_in_flight", function)
}

/// Panics without the message that tests need not show.
pub fn fail() -> ! {
    resume_unwind(Box::new("on purpose"))
}

/// Runs what panics.
pub fn caught<T>(call: impl FnOnce() -> T) {
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
}

/// What a series tells as a number: that of a histogram is how often it has observed.
fn number(metric: &Metric) -> f64 {
    match &metric.value {
        MetricValue::Counter(number) | MetricValue::Gauge(number) => number.as_f64(),
        MetricValue::Histogram { buckets, .. } => {
            buckets.iter().map(|(_, count)| *count).sum::<u64>() as f64
        }
        other => panic!("{other:?} is not a number"),
    }
}
