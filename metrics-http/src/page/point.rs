//! All values at one moment, added up: what the page gets once a second.

use std::collections::BTreeMap;

use metrics_core::{Kind, Metric, MetricFamily, MetricValue, NativeHistogramSnapshot};
use serde::Serialize;

use super::about::{About, label};

/// The values of a moment, as columns in the order of [`About`].
#[derive(Default, Serialize)]
pub(super) struct Point {
    pub(super) number: u64,
    /// Unix time, in seconds.
    pub(super) time: f64,
    /// Seconds that it took to gather.
    pub(super) took: f64,
    /// Series of each family.
    series: Vec<usize>,
    /// What the series of each family add up to: their values, or their observations.
    totals: Vec<f64>,
    /// By family.
    histograms: BTreeMap<usize, Observed>,
    functions: Functions,
    /// Label sets beyond the cap, by family.
    overflowed: BTreeMap<String, f64>,
    /// Requests served that failed, where a layer measures them.
    failed_requests: f64,
}

/// What the functions have come to.
#[derive(Default, Serialize)]
struct Functions {
    calls: Vec<f64>,
    /// Those that ended as `ok`.
    ok: Vec<f64>,
    /// Those that ended as `error` or `panic`.
    errors: Vec<f64>,
    in_flight: Vec<f64>,
    /// Of functions that are timed.
    durations: BTreeMap<usize, Observed>,
}

/// Observations of one or more series, added up.
#[derive(Clone, Default, Debug, PartialEq, Serialize)]
struct Observed {
    sum: f64,
    /// Of each bucket alone, the last one (`+Inf`) included.
    counts: Vec<u64>,
    /// Of native buckets, by powers of two: the key is the exponent of the upper bound.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    native: BTreeMap<i32, u64>,
}

/// Calls of a function as one kind of metric has them.
#[derive(Clone, Copy, Default)]
struct Calls {
    all: f64,
    ok: f64,
    errors: f64,
}

impl Point {
    /// Adds up what was gathered.
    pub(super) fn new(about: &About, gathered: &[MetricFamily]) -> Point {
        let families = about.families.len();
        let mut point = Point {
            series: vec![0; families],
            totals: vec![0.0; families],
            ..Point::default()
        };
        let functions = about.functions.len();
        point.functions.in_flight = vec![0.0; functions];
        let mut counted = vec![Calls::default(); functions];
        let mut timed = vec![Calls::default(); functions];
        for family in gathered {
            let Some(at) = about.family(&family.name) else {
                continue;
            };
            let known = &about.families[at];
            point.series[at] = family.metrics.len();
            for metric in &family.metrics {
                point.totals[at] += total(&metric.value);
                if let MetricValue::Histogram { .. } = metric.value {
                    let observed = point.histograms.entry(at).or_default();
                    observed.add(&metric.value, &known.bounds);
                }
                if known.is_of_functions
                    && let Some(function) = about.function(metric)
                {
                    match known.kind {
                        Kind::Counter => counted[function].add(metric),
                        Kind::Histogram => {
                            timed[function].add(metric);
                            let durations = &mut point.functions.durations;
                            let observed = durations.entry(function).or_default();
                            observed.add(&metric.value, &about.functions[function].bounds);
                        }
                        _ => point.functions.in_flight[function] += total(&metric.value),
                    }
                }
            }
            point.of_note(family);
        }
        for (counted, timed) in counted.into_iter().zip(timed) {
            // A function may be timed alone, or only some of its calls.
            let calls = if counted.all > 0.0 { counted } else { timed };
            point.functions.calls.push(calls.all);
            point.functions.ok.push(calls.ok);
            point.functions.errors.push(calls.errors);
        }
        point
    }

    /// What is told of some families by their labels.
    fn of_note(&mut self, family: &MetricFamily) {
        if family.name.ends_with("metrics_overflowed_total") {
            for metric in &family.metrics {
                let name = label(metric, "family").unwrap_or_default();
                *self.overflowed.entry(name.to_owned()).or_default() += total(&metric.value);
            }
        }
        if family.name.ends_with("http_server_requests_total")
            || family
                .name
                .ends_with("http_server_request_duration_seconds")
                && self.failed_requests == 0.0
        {
            let failed = family.metrics.iter().filter(|metric| has_failed(metric));
            self.failed_requests = failed.map(|metric| total(&metric.value)).sum();
        }
    }
}

impl Calls {
    fn add(&mut self, metric: &Metric) {
        let calls = total(&metric.value);
        self.all += calls;
        match label(metric, "outcome") {
            None | Some("ok") => self.ok += calls,
            Some("error" | "panic") => self.errors += calls,
            // One that was cancelled is neither.
            Some(_) => {}
        }
    }
}

impl Observed {
    fn add(&mut self, value: &MetricValue, bounds: &[f64]) {
        let MetricValue::Histogram {
            buckets,
            sum,
            native,
        } = value
        else {
            return;
        };
        self.sum += sum;
        self.counts.resize(bounds.len() + 1, 0);
        for (bound, count) in buckets {
            // The buckets of a series may be wider than those of all; none ends in between.
            let at = bounds.partition_point(|known| known < bound);
            self.counts[at] += count;
        }
        if let Some(native) = native
            && bounds.is_empty()
        {
            self.add_native(native);
        }
    }

    fn add_native(&mut self, native: &NativeHistogramSnapshot) {
        for (index, count) in &native.positive {
            *self
                .native
                .entry(exponent(*index, native.schema))
                .or_default() += count;
        }
    }
}

/// The power of two that a native bucket ends at or below.
fn exponent(index: i32, schema: i32) -> i32 {
    match u32::try_from(schema) {
        // The index divided by 2^schema, rounded up.
        Ok(schema) => -(index.wrapping_neg() >> schema.min(31)),
        Err(_) => index.saturating_mul(1 << schema.unsigned_abs().min(30)),
    }
}

/// A value or a number of observations.
pub(super) fn total(value: &MetricValue) -> f64 {
    match value {
        MetricValue::Counter(number) | MetricValue::Gauge(number) => number.as_f64(),
        MetricValue::Histogram { buckets, .. } => {
            buckets.iter().map(|(_, count)| *count).sum::<u64>() as f64
        }
        MetricValue::Summary { count, .. } => *count as f64,
        _ => 0.0,
    }
}

/// Whether a request was the server's failure.
fn has_failed(metric: &Metric) -> bool {
    let status = label(metric, "status").or(label(metric, "http_response_status_code"));
    let outcome = label(metric, "outcome");
    status.is_some_and(|status| status.starts_with('5'))
        || outcome.is_some_and(|outcome| matches!(outcome, "error" | "panic"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(buckets: &[(f64, u64)]) -> MetricValue {
        MetricValue::Histogram {
            buckets: buckets.to_vec(),
            sum: 1.5,
            native: None,
        }
    }

    #[test]
    fn histograms_of_different_bounds_add_up() {
        let mut observed = Observed::default();
        let bounds = [1.0, 2.0, 4.0];
        observed.add(
            &histogram(&[(1.0, 1), (4.0, 2), (f64::INFINITY, 3)]),
            &bounds,
        );
        observed.add(&histogram(&[(2.0, 5), (f64::INFINITY, 7)]), &bounds);
        assert_eq!(observed.counts, [1, 5, 2, 10]);
        assert_eq!(observed.sum.to_bits(), 3.0_f64.to_bits());
    }

    #[test]
    fn native_buckets_are_known_by_the_power_of_two_that_they_end_at() {
        // Schema 2: 2^(index / 4).
        for (index, expected) in [(0, 0), (1, 1), (4, 1), (5, 2), (-1, 0), (-4, -1), (-5, -1)] {
            assert_eq!(exponent(index, 2), expected, "{index}");
        }
        // Schema -1: 4^index.
        for (index, expected) in [(0, 0), (1, 2), (-3, -6)] {
            assert_eq!(exponent(index, -1), expected, "{index}");
        }
    }
}
