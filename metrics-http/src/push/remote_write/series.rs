//! Families as series of samples, named and labelled as a scrape would have them.

use std::sync::Arc;

use metrics_core::{
    Escaping, Exemplar, Kind, Metric, MetricFamily, MetricValue, NativeHistogramSnapshot,
};

use super::proto::{BucketSpan, Histogram};

/// What identifies a series: its labels in the order of their names, `__name__` among them.
pub(super) type Labels = Arc<[(String, String)]>;

/// One series at one moment.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) labels: Labels,
    pub(super) family: Arc<Family>,
    /// Unix time in milliseconds.
    pub(super) time: i64,
    /// Likewise; 0 where it is not known.
    pub(super) start: i64,
    pub(super) value: PointValue,
    pub(super) exemplars: Vec<Exemplar>,
}

#[derive(Clone, Debug)]
pub(super) enum PointValue {
    Float(f64),
    /// Without times, which the point has.
    Native(Box<Histogram>),
}

/// What the series of a family have in common.
#[derive(Debug)]
pub(super) struct Family {
    pub(super) name: String,
    pub(super) help: String,
    pub(super) unit: String,
    pub(super) kind: i32,
}

/// How names are written, what is added to the labels of each series, and whether there are native
/// histograms.
pub(super) struct Shape {
    pub(super) escaping: Escaping,
    pub(super) native: bool,
    pub(super) labels: Vec<(String, String)>,
}

impl Shape {
    /// The points of all families at this time.
    pub(super) fn points(&self, families: &[MetricFamily], time: i64) -> Vec<Point> {
        let mut out = Vec::new();
        for family in families {
            let name = self.escaping.metric_name(&family.name);
            let common = Arc::new(Family {
                name: name.clone().into_owned(),
                help: family.help.clone(),
                unit: family.unit.clone().unwrap_or_default(),
                kind: kind(family.kind),
            });
            for metric in &family.metrics {
                let writer = Writer {
                    shape: self,
                    family: &common,
                    kind: family.kind,
                    metric,
                    time,
                };
                writer.write(&mut out);
            }
        }
        out
    }
}

struct Writer<'a> {
    shape: &'a Shape,
    family: &'a Arc<Family>,
    kind: Kind,
    metric: &'a Metric,
    time: i64,
}

impl Writer<'_> {
    fn write(&self, out: &mut Vec<Point>) {
        match &self.metric.value {
            MetricValue::Counter(number) => {
                let exemplars = self.metric.exemplars.clone();
                out.push(self.point("", None, number.as_f64(), exemplars));
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
                    let label = Some(("quantile", number(*quantile)));
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
            // A kind of value that this crate does not know yet has no samples either.
            _ => {}
        }
    }

    fn histogram(
        &self,
        out: &mut Vec<Point>,
        buckets: &[(f64, u64)],
        sum: f64,
        native: Option<&NativeHistogramSnapshot>,
    ) {
        if let Some(native) = native.filter(|_| self.shape.native) {
            let counts = native.positive.iter().chain(&native.negative);
            let counts = counts.map(|(_, count)| *count);
            let count = counts.fold(native.zero_count, u64::saturating_add);
            let mut point = self.point("", None, 0.0, self.metric.exemplars.clone());
            let histogram = histogram(native, count, sum, self.kind);
            point.value = PointValue::Native(Box::new(histogram));
            out.push(point);
            // A native histogram alone has the last bucket only, which says nothing more.
            if buckets.len() < 2 {
                return;
            }
        }
        let (mut count, mut below) = (0_u64, f64::NEG_INFINITY);
        for (bound, own) in buckets {
            count = count.saturating_add(*own);
            let lies_here = |one: &&Exemplar| one.value > below && one.value <= *bound;
            let exemplars = self.metric.exemplars.iter().filter(lies_here);
            let label = Some(("le", number(*bound)));
            out.push(self.point("_bucket", label, count as f64, exemplars.cloned().collect()));
            below = *bound;
        }
        let gauge = self.kind == Kind::GaugeHistogram;
        let (of_sum, of_count) = if gauge {
            ("_gsum", "_gcount")
        } else {
            ("_sum", "_count")
        };
        out.push(self.float(of_sum, None, sum));
        out.push(self.float(of_count, None, count as f64));
    }

    fn float(&self, suffix: &str, label: Option<(&str, String)>, value: f64) -> Point {
        self.point(suffix, label, value, Vec::new())
    }

    fn point(
        &self,
        suffix: &str,
        label: Option<(&str, String)>,
        value: f64,
        mut exemplars: Vec<Exemplar>,
    ) -> Point {
        exemplars.sort_by(|a, b| a.time.total_cmp(&b.time));
        Point {
            labels: self.labels(suffix, label),
            family: Arc::clone(self.family),
            time: self.time,
            start: self.metric.created.map_or(0, millis),
            value: PointValue::Float(value),
            exemplars,
        }
    }

    fn labels(&self, suffix: &str, label: Option<(&str, String)>) -> Labels {
        let mut labels = vec![(
            "__name__".to_owned(),
            format!("{}{suffix}", self.family.name),
        )];
        let own = self.metric.labels.iter().map(|(name, value)| {
            let name = self.shape.escaping.label_name(name);
            (name.into_owned(), value.clone())
        });
        labels.extend(own);
        labels.extend(label.map(|(name, value)| (name.to_owned(), value)));
        // What a metric says itself goes before what is said of all.
        for (name, value) in &self.shape.labels {
            if !labels.iter().any(|(known, _)| known == name) {
                labels.push((name.clone(), value.clone()));
            }
        }
        // A label without a value is the same as none, and must not be sent.
        labels.retain(|(_, value)| !value.is_empty());
        labels.sort_unstable();
        labels.into()
    }
}

/// What says that a series ends.
pub(super) fn stale(point: &Point, time: i64) -> Point {
    let value = match &point.value {
        PointValue::Float(_) => PointValue::Float(STALE),
        PointValue::Native(_) => PointValue::Native(Box::new(Histogram {
            count_int: Some(0),
            zero_count_int: Some(0),
            sum: STALE,
            ..Histogram::default()
        })),
    };
    Point {
        labels: Arc::clone(&point.labels),
        family: Arc::clone(&point.family),
        time,
        start: 0,
        value,
        exemplars: Vec::new(),
    }
}

/// Unix time in milliseconds.
pub(super) fn millis(seconds: f64) -> i64 {
    (seconds * 1e3) as i64
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

/// Buckets as gaps and lengths, and each count as what it is more than the one before.
fn spans(buckets: &[(i32, u64)]) -> (Vec<BucketSpan>, Vec<i64>) {
    let (mut spans, mut deltas) = (Vec::<BucketSpan>::new(), Vec::new());
    let (mut next, mut before) = (0, 0_i64);
    for (index, count) in buckets {
        let offset = index - next;
        match spans.last_mut() {
            Some(span) if offset == 0 => span.length += 1,
            _ => spans.push(BucketSpan { offset, length: 1 }),
        }
        let count = i64::try_from(*count).unwrap_or(i64::MAX);
        deltas.push(count - before);
        (before, next) = (count, index + 1);
    }
    (spans, deltas)
}

/// A bound or a quantile as OpenMetrics and Prometheus 3 have it: as Go writes floats, and so that
/// one can see that it is one.
fn number(value: f64) -> String {
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

/// The types of both versions, which have the same numbers.
fn kind(kind: Kind) -> i32 {
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

/// The one NaN that says that a series ends.
const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_written_as_openmetrics_has_them() {
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
            assert_eq!(number(value), expected);
        }
    }

    #[test]
    fn buckets_become_spans_and_differences() {
        let (spans, deltas) = spans(&[(-2, 3), (-1, 1), (4, 5)]);
        let spans: Vec<_> = spans.iter().map(|one| (one.offset, one.length)).collect();
        assert_eq!(spans, [(-2, 2), (4, 1)]);
        assert_eq!(deltas, [3, -2, 4]);
    }

    #[test]
    fn the_stale_marker_is_the_nan_of_the_specification() {
        assert!(STALE.is_nan());
        assert_eq!(STALE.to_bits(), 0x7ff0_0000_0000_0002);
    }
}
