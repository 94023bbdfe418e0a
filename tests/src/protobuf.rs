//! A decoder of Prometheus' protobuf format, independent of the encoder under test.

use prost::Message;

/// Decodes all families of an exposition.
///
/// # Errors
///
/// The error of the decoder.
pub fn protobuf(mut exposition: &[u8]) -> Result<Vec<MetricFamily>, prost::DecodeError> {
    let mut families = Vec::new();
    while !exposition.is_empty() {
        families.push(MetricFamily::decode_length_delimited(&mut exposition)?);
    }
    Ok(families)
}

// The messages of `io/prometheus/client/metrics.proto` with its field numbers, without the fields
// that this library never writes, such as float counts.

/// A family.
#[derive(Clone, PartialEq, Message)]
pub struct MetricFamily {
    /// The name, including a suffix `_total` or `_info`.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// The help.
    #[prost(string, optional, tag = "2")]
    pub help: Option<String>,
    /// The type.
    #[prost(enumeration = "MetricType", optional, tag = "3")]
    pub r#type: Option<i32>,
    /// The series.
    #[prost(message, repeated, tag = "4")]
    pub metric: Vec<Metric>,
    /// The unit.
    #[prost(string, optional, tag = "5")]
    pub unit: Option<String>,
}

/// The type of a family, which decides the field of [`Metric`] that has the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum MetricType {
    /// A counter, with its value in the field `counter`.
    Counter = 0,
    /// A gauge, with its value in the field `gauge`.
    Gauge = 1,
    /// A summary, with its value in the field `summary`.
    Summary = 2,
    /// A metric of unknown type, with its value in the field `untyped`.
    Untyped = 3,
    /// A histogram, with its value in the field `histogram`.
    Histogram = 4,
    /// A gauge histogram, with its value in the field `histogram` as well.
    GaugeHistogram = 5,
}

/// A series.
#[derive(Clone, PartialEq, Message)]
pub struct Metric {
    /// The labels of the series.
    #[prost(message, repeated, tag = "1")]
    pub label: Vec<LabelPair>,
    /// The value of a gauge.
    #[prost(message, optional, tag = "2")]
    pub gauge: Option<Number>,
    /// The value of a counter.
    #[prost(message, optional, tag = "3")]
    pub counter: Option<Counter>,
    /// The value of a summary.
    #[prost(message, optional, tag = "4")]
    pub summary: Option<Summary>,
    /// The value of a metric of unknown type.
    #[prost(message, optional, tag = "5")]
    pub untyped: Option<Number>,
    /// The Unix time of the value in milliseconds, if it is given.
    #[prost(int64, optional, tag = "6")]
    pub timestamp_ms: Option<i64>,
    /// The value of a histogram.
    #[prost(message, optional, tag = "7")]
    pub histogram: Option<Histogram>,
}

/// A label.
#[derive(Clone, PartialEq, Eq, Hash, Message)]
pub struct LabelPair {
    /// The name of the label.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// The value of the label.
    #[prost(string, optional, tag = "2")]
    pub value: Option<String>,
}

/// A gauge, or a number of an unknown type.
#[derive(Clone, PartialEq, Message)]
pub struct Number {
    /// The number.
    #[prost(double, optional, tag = "1")]
    pub value: Option<f64>,
}

/// A counter.
#[derive(Clone, PartialEq, Message)]
pub struct Counter {
    /// The value of the counter.
    #[prost(double, optional, tag = "1")]
    pub value: Option<f64>,
    /// The exemplar.
    #[prost(message, optional, tag = "2")]
    pub exemplar: Option<Exemplar>,
    /// The created timestamp.
    #[prost(message, optional, tag = "3")]
    pub created_timestamp: Option<Timestamp>,
}

/// A summary.
#[derive(Clone, PartialEq, Message)]
pub struct Summary {
    /// The number of observations.
    #[prost(uint64, optional, tag = "1")]
    pub sample_count: Option<u64>,
    /// The sum of the observations.
    #[prost(double, optional, tag = "2")]
    pub sample_sum: Option<f64>,
    /// Quantiles of the observations.
    #[prost(message, repeated, tag = "3")]
    pub quantile: Vec<Quantile>,
    /// The created timestamp.
    #[prost(message, optional, tag = "4")]
    pub created_timestamp: Option<Timestamp>,
}

/// A quantile.
#[derive(Clone, PartialEq, Message)]
pub struct Quantile {
    /// The quantile, from 0 to 1.
    #[prost(double, optional, tag = "1")]
    pub quantile: Option<f64>,
    /// The value that this share of observations does not exceed.
    #[prost(double, optional, tag = "2")]
    pub value: Option<f64>,
}

/// A histogram, classic, native or both.
#[derive(Clone, PartialEq, Message)]
pub struct Histogram {
    /// The number of observations.
    #[prost(uint64, optional, tag = "1")]
    pub sample_count: Option<u64>,
    /// The sum of the observations.
    #[prost(double, optional, tag = "2")]
    pub sample_sum: Option<f64>,
    /// The classic buckets.
    #[prost(message, repeated, tag = "3")]
    pub bucket: Vec<Bucket>,
    /// The created timestamp.
    #[prost(message, optional, tag = "15")]
    pub created_timestamp: Option<Timestamp>,
    /// The resolution: `2^schema` buckets per power of two.
    #[prost(sint32, optional, tag = "5")]
    pub schema: Option<i32>,
    /// The largest absolute value in the zero bucket.
    #[prost(double, optional, tag = "6")]
    pub zero_threshold: Option<f64>,
    /// Observations in the zero bucket.
    #[prost(uint64, optional, tag = "7")]
    pub zero_count: Option<u64>,
    /// Spans of buckets below zero.
    #[prost(message, repeated, tag = "9")]
    pub negative_span: Vec<BucketSpan>,
    /// Counts of the buckets in `negative_span`, each as the difference from the one before.
    #[prost(sint64, repeated, packed = "false", tag = "10")]
    pub negative_delta: Vec<i64>,
    /// Spans of buckets above zero.
    #[prost(message, repeated, tag = "12")]
    pub positive_span: Vec<BucketSpan>,
    /// Counts of the buckets in `positive_span`, each as the difference from the one before.
    #[prost(sint64, repeated, packed = "false", tag = "13")]
    pub positive_delta: Vec<i64>,
    /// Exemplars of the native buckets.
    #[prost(message, repeated, tag = "16")]
    pub exemplars: Vec<Exemplar>,
}

impl Histogram {
    /// Returns indices and counts of the populated native buckets above zero.
    pub fn positive(&self) -> Vec<(i32, u64)> {
        buckets(&self.positive_span, &self.positive_delta)
    }

    /// Returns indices and counts of the populated native buckets below zero.
    pub fn negative(&self) -> Vec<(i32, u64)> {
        buckets(&self.negative_span, &self.negative_delta)
    }
}

fn buckets(spans: &[BucketSpan], deltas: &[i64]) -> Vec<(i32, u64)> {
    let mut index = 0;
    let mut count = 0;
    let mut deltas = deltas.iter();
    let mut buckets = Vec::new();
    for span in spans {
        index += span.offset.unwrap_or_default();
        for delta in deltas
            .by_ref()
            .take(span.length.unwrap_or_default() as usize)
        {
            count += delta;
            if count != 0 {
                buckets.push((index, u64::try_from(count).expect("a count")));
            }
            index += 1;
        }
    }
    assert_eq!(deltas.next(), None, "more counts than buckets");
    buckets
}

/// A classic bucket.
#[derive(Clone, PartialEq, Message)]
pub struct Bucket {
    /// Observations up to the upper bound.
    #[prost(uint64, optional, tag = "1")]
    pub cumulative_count: Option<u64>,
    /// The upper bound of the bucket.
    #[prost(double, optional, tag = "2")]
    pub upper_bound: Option<f64>,
    /// The exemplar.
    #[prost(message, optional, tag = "3")]
    pub exemplar: Option<Exemplar>,
}

/// A span of consecutive native buckets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Message)]
pub struct BucketSpan {
    /// Gap after the previous span; for the first span, the index of its first bucket.
    #[prost(sint32, optional, tag = "1")]
    pub offset: Option<i32>,
    /// The number of buckets.
    #[prost(uint32, optional, tag = "2")]
    pub length: Option<u32>,
}

/// An exemplar.
#[derive(Clone, PartialEq, Message)]
pub struct Exemplar {
    /// The labels of the exemplar.
    #[prost(message, repeated, tag = "1")]
    pub label: Vec<LabelPair>,
    /// The recorded value.
    #[prost(double, optional, tag = "2")]
    pub value: Option<f64>,
    /// The time of the recording.
    #[prost(message, optional, tag = "3")]
    pub timestamp: Option<Timestamp>,
}

/// `google.protobuf.Timestamp`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Message)]
pub struct Timestamp {
    /// Seconds of Unix time.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Nanoseconds within the second.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}
