//! Reads the metrics of instrumented functions, as one line that a test can compare, and makes
//! calls panic.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use metrics_core::{Metric, MetricValue, gather};

/// Returns the series of a function in a family, such as `ok 2, error 1`: each with the values of
/// its labels other than `function` and `module`, and its own value; of a histogram, its count.
pub fn series(family: &str, function: &str) -> String {
    let families = gather();
    let family = families.iter().find(|found| found.name == family);
    let own = |metric: &&Metric| {
        let mut labels = metric.labels.iter();
        labels.any(|(name, value)| name == "function" && value == function)
    };
    let metrics = family.iter().flat_map(|family| &family.metrics).filter(own);
    let lines = metrics.map(|metric| {
        let labels = metric.labels.iter();
        let others = labels.filter(|(name, _)| !["function", "module"].contains(&name.as_str()));
        let values = others.map(|(_, value)| value.clone());
        let all: Vec<String> = values.chain([number(metric).to_string()]).collect();
        all.join(" ")
    });
    lines.collect::<Vec<_>>().join(", ")
}

/// Returns the number of calls of a function by outcome, such as `ok 2, error 1`.
pub fn calls(function: &str) -> String {
    series("function_calls_total", function)
}

/// Returns the number of timed calls of a function by outcome.
pub fn timings(function: &str) -> String {
    series("function_duration_seconds", function)
}

/// Returns the number of calls of a function in flight.
pub fn in_progress(function: &str) -> String {
    series("function_calls_in_flight", function)
}

/// Panics without printing a message.
pub fn fail() -> ! {
    resume_unwind(Box::new("on purpose"))
}

/// Asserts that a closure panics, and catches the panic.
pub fn assert_panics<T>(call: impl FnOnce() -> T) {
    assert!(catch_unwind(AssertUnwindSafe(call)).is_err());
}

/// The value of a series; of a histogram, the number of observations.
fn number(metric: &Metric) -> f64 {
    match &metric.value {
        MetricValue::Counter(number) | MetricValue::Gauge(number) => number.as_f64(),
        MetricValue::Histogram { buckets, .. } => {
            buckets.iter().map(|(_, count)| *count).sum::<u64>() as f64
        }
        other => panic!("{other:?} is not a number"),
    }
}
