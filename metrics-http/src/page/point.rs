//! [`Point`]: a data point of the live page, with the sum of each family and function at one time.

use std::collections::BTreeMap;

use metrics_core::{Kind, Metric, MetricFamily, MetricValue, NativeHistogramSnapshot};
use serde::Serialize;

use super::schema::{Schema, label};

/// The values of all families and functions at one time; vectors have the order of [`Schema`].
#[derive(Default, Serialize)]
pub(super) struct Point {
    pub(super) number: u64,
    /// Unix time, in seconds.
    pub(super) time: f64,
    /// Duration of gathering and summing.
    pub(super) gather_seconds: f64,
    /// Number of series, by family.
    series: Vec<usize>,
    /// Sum of the [totals](total) of all series, by family.
    totals: Vec<f64>,
    /// Sum of the histograms of a family, by index of the family.
    histograms: BTreeMap<usize, HistogramTotals>,
    functions: Functions,
    /// Value of the counter `metrics_overflowed_total`, by its label `family`.
    overflowed: BTreeMap<String, f64>,
    /// Failed HTTP requests, if a `ServerLayer` measures them.
    failed_requests: f64,
}

/// Calls of functions; vectors have the order of the functions in [`Schema`].
#[derive(Default, Serialize)]
struct Functions {
    calls: Vec<f64>,
    /// Calls with the outcome `ok`, or without the label `outcome`.
    ok: Vec<f64>,
    /// Calls with the outcome `error` or `panic`.
    errors: Vec<f64>,
    in_flight: Vec<f64>,
    /// Durations of the timed functions, by index of the function.
    durations: BTreeMap<usize, HistogramTotals>,
}

/// The sum of the histograms of one or more series.
#[derive(Clone, Default, Debug, PartialEq, Serialize)]
struct HistogramTotals {
    sum: f64,
    /// Number of observations in each bucket, not cumulative; the last bucket is `+Inf`.
    counts: Vec<u64>,
    /// Counts of positive native buckets, merged into powers of two; the key is the exponent of the
    /// upper bound. Empty if there are classic buckets.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    native: BTreeMap<i32, u64>,
}

/// Calls of a function, as counted by one family.
#[derive(Clone, Copy, Default)]
struct Calls {
    all: f64,
    ok: f64,
    errors: f64,
}

impl Point {
    /// Sums the gathered series.
    pub(super) fn new(schema: &Schema, gathered: &[MetricFamily]) -> Point {
        let families = schema.families.len();
        let mut point = Point {
            series: vec![0; families],
            totals: vec![0.0; families],
            ..Point::default()
        };
        let functions = schema.functions.len();
        point.functions.in_flight = vec![0.0; functions];
        let mut counted = vec![Calls::default(); functions];
        let mut timed = vec![Calls::default(); functions];
        for family in gathered {
            let Some(at) = schema.family(&family.name) else {
                continue;
            };
            let known = &schema.families[at];
            point.series[at] = family.metrics.len();
            for metric in &family.metrics {
                point.totals[at] += total(&metric.value);
                if let MetricValue::Histogram { .. } = metric.value {
                    let totals = point.histograms.entry(at).or_default();
                    totals.add(&metric.value, known.bounds.values());
                }
                if known.is_of_functions
                    && let Some(function) = schema.function(metric)
                {
                    match known.kind {
                        Kind::Counter => counted[function].add(metric),
                        Kind::Histogram => {
                            timed[function].add(metric);
                            let durations = &mut point.functions.durations;
                            let totals = durations.entry(function).or_default();
                            let bounds = schema.functions[function].bounds.values();
                            totals.add(&metric.value, bounds);
                        }
                        _ => point.functions.in_flight[function] += total(&metric.value),
                    }
                }
            }
            point.add_special(family);
        }
        for (counted, timed) in counted.into_iter().zip(timed) {
            // The counter is preferred, because a histogram may have only some of the calls.
            let calls = if counted.all > 0.0 { counted } else { timed };
            point.functions.calls.push(calls.all);
            point.functions.ok.push(calls.ok);
            point.functions.errors.push(calls.errors);
        }
        point
    }

    /// Reads `overflowed` and `failed_requests` from the families that count them.
    fn add_special(&mut self, family: &MetricFamily) {
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
            let failed = family.metrics.iter().filter(|metric| is_failure(metric));
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
            // A cancelled call is neither a success nor an error.
            Some(_) => {}
        }
    }
}

impl HistogramTotals {
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
            // A bucket whose bound appeared later counts towards the bucket of the next higher
            // bound.
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

/// The exponent of the smallest power of two that is at least the native bucket's upper bound.
fn exponent(index: i32, schema: i32) -> i32 {
    match u32::try_from(schema) {
        // index / 2^schema, rounded up.
        Ok(schema) => -(index.wrapping_neg() >> schema.min(31)),
        Err(_) => index.saturating_mul(1 << schema.unsigned_abs().min(30)),
    }
}

/// The value of a counter or gauge, or the number of observations of a histogram or summary; 0 for
/// other types.
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

/// Whether the requests of a series failed on the server's side.
fn is_failure(metric: &Metric) -> bool {
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
    fn histograms_with_different_bounds_are_summed() {
        let mut totals = HistogramTotals::default();
        let bounds = [1.0, 2.0, 4.0];
        totals.add(
            &histogram(&[(1.0, 1), (4.0, 2), (f64::INFINITY, 3)]),
            &bounds,
        );
        totals.add(&histogram(&[(2.0, 5), (f64::INFINITY, 7)]), &bounds);
        assert_eq!(totals.counts, [1, 5, 2, 10]);
        assert_eq!(totals.sum.to_bits(), 3.0_f64.to_bits());
    }

    #[test]
    fn native_buckets_are_merged_into_powers_of_two() {
        // In schema 2, the upper bounds are 2^(index / 4).
        for (index, expected) in [(0, 0), (1, 1), (4, 1), (5, 2), (-1, 0), (-4, -1), (-5, -1)] {
            assert_eq!(exponent(index, 2), expected, "{index}");
        }
        // In schema -1, the upper bounds are 4^index.
        for (index, expected) in [(0, 0), (1, 2), (-3, -6)] {
            assert_eq!(exponent(index, -1), expected, "{index}");
        }
    }
}
