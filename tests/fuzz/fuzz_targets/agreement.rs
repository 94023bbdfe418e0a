//! Converts expositions of all formats to the samples of the text format, to compare them.

use std::collections::BTreeMap;

use crate::{
    protobuf::{self, Metric, MetricFamily, MetricType},
    strict::Family,
};

type Labels = BTreeMap<String, String>;

/// The bits of each sample's value, by name and labels.
#[derive(Debug, Default, PartialEq)]
pub struct Samples(BTreeMap<(String, Labels), u64>);

impl Samples {
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Adds a sample, and panics if there is one with equal name and labels.
    fn add(&mut self, name: String, labels: Labels, value: f64) {
        // The text format writes every NaN as `NaN`, and -0 as 0.
        let bits = if value.is_nan() {
            f64::NAN.to_bits()
        } else {
            (value + 0.0).to_bits()
        };
        let before = self.0.insert((name, labels), bits);
        assert_eq!(before, None, "duplicate sample");
    }

    pub fn of_text(families: Vec<Family>) -> Self {
        let mut samples = Samples::default();
        for family in families {
            for mut sample in family.samples {
                canonical(&family.kind, &mut sample.labels);
                samples.add(sample.name, sample.labels, sample.value);
            }
        }
        samples
    }

    pub fn of_openmetrics(families: Vec<Family>) -> Self {
        let mut samples = Samples::default();
        for family in families {
            for mut sample in family.samples {
                let suffix = sample.name[family.name.len()..].to_owned();
                let suffix = match (&*family.kind, &*suffix) {
                    ("counter" | "histogram" | "summary", "_created") => continue,
                    ("gaugehistogram", "_gsum") => "_sum",
                    ("gaugehistogram", "_gcount") => "_count",
                    (_, suffix) => suffix,
                };
                canonical(&family.kind, &mut sample.labels);
                let name = format!("{}{suffix}", family.name);
                samples.add(name, sample.labels, sample.value);
            }
        }
        samples
    }

    pub fn of_protobuf(exposition: &[u8]) -> Self {
        let mut samples = Samples::default();
        let families = protobuf::protobuf(exposition).expect("the exposition is valid protobuf");
        for family in &families {
            for metric in &family.metric {
                samples.of_metric(family, metric);
            }
        }
        samples
    }

    fn of_metric(&mut self, family: &MetricFamily, metric: &Metric) {
        let mut labels = Labels::new();
        for label in &metric.label {
            assert_ne!(label.value(), "", "a label without value");
            let before = labels.insert(label.name().to_owned(), label.value().to_owned());
            assert_eq!(before, None, "duplicate label");
        }
        let name = family.name();
        let mut add = |suffix: &str, extra: Option<(&str, f64)>, value: f64| {
            let mut labels = labels.clone();
            let extra = extra.map(|(name, of)| (name.to_owned(), format!("{:?}", of + 0.0)));
            labels.extend(extra);
            self.add(format!("{name}{suffix}"), labels, value);
        };
        let number = |it: &Option<protobuf::Number>| it.as_ref().and_then(|it| it.value);
        match family.r#type() {
            MetricType::Counter => {
                let counter = metric.counter.as_ref().expect("a counter");
                add("", None, counter.value.expect("a total"));
            }
            MetricType::Gauge => add("", None, number(&metric.gauge).expect("a value")),
            MetricType::Untyped => add("", None, number(&metric.untyped).expect("a value")),
            MetricType::Summary => {
                let summary = metric.summary.as_ref().expect("a summary");
                for it in &summary.quantile {
                    let quantile = it.quantile.expect("a quantile");
                    add("", Some(("quantile", quantile)), it.value.expect("a value"));
                }
                add("_sum", None, summary.sample_sum.expect("a sum"));
                add(
                    "_count",
                    None,
                    summary.sample_count.expect("a count") as f64,
                );
            }
            MetricType::Histogram | MetricType::GaugeHistogram => {
                let histogram = metric.histogram.as_ref().expect("a histogram");
                let count = histogram.sample_count.expect("a count");
                for bucket in &histogram.bucket {
                    let bound = bucket.upper_bound.expect("a bound");
                    // The bucket `+Inf` is written only for its exemplar.
                    if bound < f64::INFINITY {
                        let total = bucket.cumulative_count.expect("a count");
                        add("_bucket", Some(("le", bound)), total as f64);
                    }
                }
                add("_bucket", Some(("le", f64::INFINITY)), count as f64);
                add("_sum", None, histogram.sample_sum.expect("a sum"));
                add("_count", None, count as f64);
                if histogram.schema.is_some() {
                    check_native(histogram, count);
                }
            }
        }
    }

    /// Asserts that these OpenMetrics samples equal the text samples.
    ///
    /// OpenMetrics omits sum and count of a histogram with negative observations.
    pub fn agrees_with(&self, text: &Samples) {
        for (key, value) in &self.0 {
            assert_eq!(text.0.get(key), Some(value), "{key:?} of OpenMetrics");
        }
        for key in text.0.keys().filter(|key| !self.0.contains_key(key)) {
            let is_left_out = ["_sum", "_count"].iter().any(|suffix| {
                key.0.strip_suffix(suffix).is_some_and(|family| {
                    let mut labels = key.1.clone();
                    labels.insert("le".to_owned(), "inf".to_owned());
                    self.0.contains_key(&(format!("{family}_bucket"), labels))
                })
            });
            assert!(is_left_out, "{key:?} is not in OpenMetrics");
        }
    }
}

/// Formats a bound or a quantile in the notation of Rust, because the formats differ.
fn canonical(kind: &str, labels: &mut Labels) {
    let label = match kind {
        "histogram" | "gaugehistogram" => "le",
        "summary" => "quantile",
        _ => return,
    };
    if let Some(bound) = labels.get_mut(label) {
        let value: f64 = bound.parse().expect("a number");
        *bound = format!("{value:?}");
    }
}

/// Asserts that native buckets add up to the count and that a reader recognises them as native.
fn check_native(histogram: &protobuf::Histogram, count: u64) {
    let sides = [histogram.positive(), histogram.negative()];
    let of_side = |side: &Vec<(i32, u64)>| side.iter().map(|(_, count)| count).sum::<u64>();
    let buckets: u64 = sides.iter().map(of_side).sum();
    let zero = histogram.zero_count.expect("a count");
    assert_eq!(
        buckets + zero,
        count,
        "the native buckets do not add up to the count"
    );
    let has_spans = [&histogram.positive_span, &histogram.negative_span]
        .iter()
        .any(|spans| !spans.is_empty());
    assert!(
        zero > 0 || has_spans,
        "neither a zero bucket nor a span marks it as native"
    );
    let schema = histogram.schema.expect("a schema");
    assert!((-4..=8).contains(&schema), "schema {schema}");
}
