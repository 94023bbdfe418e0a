//! Converts families into remote-write samples, with the names and labels that a scrape yields.

use std::sync::Arc;

use metrics_core::{
    Escaping, Exemplar, Kind, Metric, MetricFamily, MetricValue, NativeHistogramSnapshot,
};

use super::proto::{BucketSpan, Histogram};

/// The labels of a series, including `__name__`, sorted by name.
pub(super) type Labels = Arc<[(String, String)]>;

/// A sample, its series and its exemplars.
#[derive(Clone, Debug)]
pub(super) struct SeriesSample {
    pub(super) labels: Labels,
    pub(super) family: Arc<Family>,
    /// Unix time in milliseconds.
    pub(super) time: i64,
    /// Created timestamp in Unix milliseconds; 0 if unknown.
    pub(super) created: i64,
    pub(super) value: SampleValue,
    pub(super) exemplars: Vec<Exemplar>,
}

#[derive(Clone, Debug)]
pub(super) enum SampleValue {
    Float(f64),
    /// The timestamp fields of the histogram are unset; [`SeriesSample`] has them.
    NativeHistogram(Box<Histogram>),
}

/// The metadata of a family.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) help: String,
    pub(super) unit: String,
    pub(super) kind: i32,
}

/// Converts families into samples.
pub(super) struct SeriesConverter {
    pub(super) escaping: Escaping,
    pub(super) sends_native_histograms: bool,
    /// Labels that are added to every series without a label of the same name.
    pub(super) labels: Vec<(String, String)>,
}

impl SeriesConverter {
    /// Converts all families; `time` is the timestamp of samples that have none of their own.
    pub(super) fn samples(&self, families: &[MetricFamily], time: i64) -> Vec<SeriesSample> {
        let mut out = Vec::new();
        for family in families {
            let name = self.escaping.metric_name(&family.name);
            let metadata = Arc::new(Family {
                name: name.clone().into_owned(),
                help: family.help.clone(),
                unit: family.unit.clone().unwrap_or_default(),
                kind: metric_type(family.kind),
            });
            for metric in &family.metrics {
                let converter = MetricConverter {
                    settings: self,
                    family: &metadata,
                    kind: family.kind,
                    metric,
                    time: metric.timestamp.map_or(time, nearest_millis),
                };
                converter.convert(&mut out);
            }
        }
        out
    }
}

/// Converts the metric of one label set.
struct MetricConverter<'a> {
    settings: &'a SeriesConverter,
    family: &'a Arc<Family>,
    kind: Kind,
    metric: &'a Metric,
    time: i64,
}

impl MetricConverter<'_> {
    fn convert(&self, out: &mut Vec<SeriesSample>) {
        match &self.metric.value {
            MetricValue::Counter(number) => {
                let exemplars = self.metric.exemplars.clone();
                out.push(self.sample("", None, number.as_f64(), exemplars));
            }
            MetricValue::Gauge(number) => out.push(self.float("", None, number.as_f64())),
            MetricValue::Info => out.push(self.float("", None, 1.0)),
            MetricValue::StateSet(states) => out.extend(states.iter().map(|(state, on)| {
                let label = Some((self.family.name.as_str(), state.clone()));
                self.float("", label, f64::from(u8::from(*on)))
            })),
            MetricValue::Summary {
                quantiles,
                count,
                sum,
            } => {
                for (quantile, value) in quantiles {
                    let label = Some(("quantile", format_float(*quantile)));
                    out.push(self.float("", label, *value));
                }
                out.push(self.float("_sum", None, *sum));
                out.push(self.float("_count", None, *count as f64));
            }
            MetricValue::Histogram {
                buckets,
                sum,
                native,
            } => self.histogram(out, buckets, *sum, native.as_ref()),
            // `MetricValue` is non-exhaustive: unknown kinds are not sent.
            _ => {}
        }
    }

    fn histogram(
        &self,
        out: &mut Vec<SeriesSample>,
        buckets: &[(f64, u64)],
        sum: f64,
        native: Option<&NativeHistogramSnapshot>,
    ) {
        if let Some(native) = native.filter(|_| self.settings.sends_native_histograms) {
            let counts = native.positive.iter().chain(&native.negative);
            let counts = counts.map(|(_, count)| *count);
            let count = counts.fold(native.zero_count, u64::saturating_add);
            let mut sample = self.sample("", None, 0.0, self.metric.exemplars.clone());
            let histogram = histogram(native, count, sum, self.kind);
            sample.value = SampleValue::NativeHistogram(Box::new(histogram));
            out.push(sample);
            // Sends no classic series if the only bucket is `+Inf`, which adds nothing to the
            // native ones.
            if buckets.len() < 2 {
                return;
            }
        }
        let (mut cumulative, mut lower) = (0_u64, f64::NEG_INFINITY);
        for (bound, count) in buckets {
            cumulative = cumulative.saturating_add(*count);
            let is_in_bucket =
                |exemplar: &&Exemplar| exemplar.value > lower && exemplar.value <= *bound;
            let exemplars = self.metric.exemplars.iter().filter(is_in_bucket).cloned();
            let label = Some(("le", format_float(*bound)));
            out.push(self.sample("_bucket", label, cumulative as f64, exemplars.collect()));
            lower = *bound;
        }
        let (sum_suffix, count_suffix) = match self.kind {
            Kind::GaugeHistogram => ("_gsum", "_gcount"),
            _ => ("_sum", "_count"),
        };
        out.push(self.float(sum_suffix, None, sum));
        out.push(self.float(count_suffix, None, cumulative as f64));
    }

    fn float(&self, suffix: &str, label: Option<(&str, String)>, value: f64) -> SeriesSample {
        self.sample(suffix, label, value, Vec::new())
    }

    fn sample(
        &self,
        suffix: &str,
        label: Option<(&str, String)>,
        value: f64,
        mut exemplars: Vec<Exemplar>,
    ) -> SeriesSample {
        exemplars.sort_by(|a, b| a.time.total_cmp(&b.time));
        SeriesSample {
            labels: self.labels(suffix, label),
            family: Arc::clone(self.family),
            time: self.time,
            created: self.metric.created.map_or(0, millis),
            value: SampleValue::Float(value),
            exemplars,
        }
    }

    fn labels(&self, suffix: &str, label: Option<(&str, String)>) -> Labels {
        let mut labels = vec![(
            "__name__".to_owned(),
            format!("{}{suffix}", self.family.name),
        )];
        let metric_labels = self.metric.labels.iter().map(|(name, value)| {
            let name = self.settings.escaping.label_name(name);
            (name.into_owned(), value.clone())
        });
        labels.extend(metric_labels);
        labels.extend(label.map(|(name, value)| (name.to_owned(), value)));
        // A label of the metric takes precedence over an added one.
        for (name, value) in &self.settings.labels {
            if !labels.iter().any(|(existing, _)| existing == name) {
                labels.push((name.clone(), value.clone()));
            }
        }
        // An empty label is equivalent to a missing one, and the specification forbids sending it.
        labels.retain(|(_, value)| !value.is_empty());
        labels.sort_unstable();
        labels.into()
    }
}

impl SeriesSample {
    /// The sample that marks the end of this series at `time`, or right after this sample if its own
    /// timestamp is in the future.
    pub(super) fn stale_marker(&self, time: i64) -> SeriesSample {
        let value = match &self.value {
            SampleValue::Float(_) => SampleValue::Float(STALE_NAN),
            SampleValue::NativeHistogram(_) => SampleValue::NativeHistogram(Box::new(Histogram {
                count_int: Some(0),
                zero_count_int: Some(0),
                sum: STALE_NAN,
                ..Histogram::default()
            })),
        };
        SeriesSample {
            labels: Arc::clone(&self.labels),
            family: Arc::clone(&self.family),
            time: time.max(self.time + 1),
            created: 0,
            value,
            exemplars: Vec::new(),
        }
    }
}

/// Converts Unix time from seconds to whole milliseconds; drops the fraction.
pub(super) fn millis(seconds: f64) -> i64 {
    (seconds * 1e3) as i64
}

/// Converts Unix time from seconds to the nearest millisecond, for times set in milliseconds.
fn nearest_millis(seconds: f64) -> i64 {
    (seconds * 1e3).round() as i64
}

fn histogram(native: &NativeHistogramSnapshot, count: u64, sum: f64, kind: Kind) -> Histogram {
    let (positive_spans, positive_deltas) = spans(&native.positive);
    let (negative_spans, negative_deltas) = spans(&native.negative);
    Histogram {
        count_int: Some(count),
        sum,
        schema: native.schema,
        zero_threshold: native.zero_threshold,
        zero_count_int: Some(native.zero_count),
        negative_spans,
        negative_deltas,
        positive_spans,
        positive_deltas,
        reset_hint: match kind {
            Kind::GaugeHistogram => RESET_HINT_GAUGE,
            _ => 0,
        },
        ..Histogram::default()
    }
}

/// Encodes buckets as spans, and their counts as differences from the previous count.
fn spans(buckets: &[(i32, u64)]) -> (Vec<BucketSpan>, Vec<i64>) {
    let (mut spans, mut deltas) = (Vec::<BucketSpan>::new(), Vec::new());
    let (mut next, mut previous) = (0, 0_i64);
    for (index, count) in buckets {
        let offset = index - next;
        match spans.last_mut() {
            Some(span) if offset == 0 => span.length += 1,
            _ => spans.push(BucketSpan { offset, length: 1 }),
        }
        let count = i64::try_from(*count).unwrap_or(i64::MAX);
        deltas.push(count - previous);
        (previous, next) = (count, index + 1);
    }
    (spans, deltas)
}

/// Formats a bound or a quantile like OpenMetrics and Prometheus 3.
///
/// This is Go's shortest float format, with `.0` added to integers that have no exponent.
fn format_float(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{value:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    match exponent.parse() {
        Ok(exponent @ (6.. | ..-4_i32)) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.abs())
        }
        _ => format!("{value:?}"),
    }
}

/// The metric type of the messages; both versions use the same numbers.
fn metric_type(kind: Kind) -> i32 {
    match kind {
        Kind::Counter => 1,
        Kind::Gauge => 2,
        Kind::Histogram => 3,
        Kind::GaugeHistogram => 4,
        Kind::Summary => 5,
        Kind::Info => 6,
        Kind::StateSet => 7,
        _ => 0,
    }
}

const RESET_HINT_GAUGE: i32 = 3;

/// The NaN of a stale marker.
const STALE_NAN: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_formatted_like_openmetrics() {
        for (value, expected) in [
            (0.0, "0.0"),
            (1.0, "1.0"),
            (0.5, "0.5"),
            (-2.5, "-2.5"),
            (1000.0, "1000.0"),
            (123_456.0, "123456.0"),
            (1e6, "1e+06"),
            (1_234_567.0, "1.234567e+06"),
            (1e21, "1e+21"),
            (1e-4, "0.0001"),
            (1.5e-7, "1.5e-07"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(format_float(value), expected);
        }
    }

    #[test]
    fn buckets_are_encoded_as_spans_and_deltas() {
        let (spans, deltas) = spans(&[(-2, 3), (-1, 1), (4, 5)]);
        let spans: Vec<_> = spans
            .iter()
            .map(|span| (span.offset, span.length))
            .collect();
        assert_eq!(spans, [(-2, 2), (4, 1)]);
        assert_eq!(deltas, [3, -2, 4]);
    }

    #[test]
    fn the_stale_marker_has_the_specified_bits() {
        assert!(STALE_NAN.is_nan());
        assert_eq!(STALE_NAN.to_bits(), 0x7ff0_0000_0000_0002);
    }
}
