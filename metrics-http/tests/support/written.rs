//! A strict decoder of remote-write requests.
//!
//! The decoder has its own message definitions, so that a mistake in the library's definitions is
//! noticed.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;

use super::receiver::{Answer, Request};

/// A decoded request of either version.
#[derive(Clone, Debug)]
pub struct Written {
    pub version: u8,
    pub series: Vec<Series>,
    /// Type, help and unit by family; only in version 1.0.
    pub metadata: BTreeMap<String, (i32, String, String)>,
}

#[derive(Clone, Debug)]
pub struct Series {
    pub labels: BTreeMap<String, String>,
    pub samples: Vec<Sample>,
    pub histograms: Vec<Histogram>,
    pub exemplars: Vec<Exemplar>,
    /// Type, help and unit; only in version 2.0.
    pub metadata: Option<(i32, String, String)>,
}

impl Series {
    pub fn name(&self) -> &str {
        &self.labels["__name__"]
    }
}

#[derive(Clone, Debug)]
pub struct Exemplar {
    pub labels: BTreeMap<String, String>,
    pub value: f64,
    pub time: i64,
}

impl Written {
    /// Decodes a request; panics if it violates a rule of the specification that is checked here.
    pub fn of(request: &Request) -> Written {
        assert_eq!(request.method, "POST");
        assert_eq!(request.header("content-encoding"), Some("snappy"));
        assert!(request.header("user-agent").is_some());
        let version = request.header("x-prometheus-remote-write-version");
        let body = snap::raw::Decoder::new()
            .decompress_vec(&request.body)
            .unwrap();
        let written = match (version, request.header("content-type")) {
            (Some("0.1.0"), Some("application/x-protobuf")) => old(&body),
            (
                Some("2.0.0"),
                Some("application/x-protobuf;proto=io.prometheus.write.v2.Request"),
            ) => new(&body),
            other => panic!("{other:?}"),
        };
        written.check();
        written
    }

    /// Number of samples and histograms.
    pub fn len(&self) -> usize {
        let len = |one: &Series| one.samples.len() + one.histograms.len();
        self.series.iter().map(len).sum()
    }

    fn check(&self) {
        let mut known = BTreeSet::new();
        for series in &self.series {
            assert!(known.insert(&series.labels), "twice: {series:?}");
            assert!(series.labels.contains_key("__name__"), "{series:?}");
            assert!(
                series.samples.is_empty() != series.histograms.is_empty(),
                "{series:?}"
            );
            let times = series.samples.iter().map(|one| one.timestamp);
            let times = times.chain(series.histograms.iter().map(|one| one.timestamp));
            let times: Vec<_> = times.collect();
            assert!(times.is_sorted_by(|a, b| a < b), "{series:?}");
            assert!(times.iter().all(|time| *time > 1_700_000_000_000));
            let exemplars = series.exemplars.iter().map(|one| one.time);
            assert!(exemplars.is_sorted(), "{series:?}");
            if self.version == 2 {
                assert!(series.metadata.is_some(), "{series:?}");
            }
        }
    }
}

/// Accepts each request. The response to version 2.0 has the required headers with the numbers of
/// written samples, histograms and exemplars.
pub fn accept() -> Answer {
    Answer::Computed(|request| {
        let written = Written::of(request);
        if written.version == 1 {
            return (204, String::new());
        }
        let sum = |len: fn(&Series) -> usize| written.series.iter().map(len).sum::<usize>();
        let samples = sum(|one| one.samples.len());
        (
            204,
            counts(
                samples,
                sum(|one| one.histograms.len()),
                sum(|one| one.exemplars.len()),
            ),
        )
    })
}

/// Behaves like a server that supports only 1.0 and refuses 2.0 with 415.
pub fn accept_only_v1() -> Answer {
    Answer::Computed(|request| match Written::of(request).version {
        1 => (204, String::new()),
        _ => (415, String::new()),
    })
}

/// Behaves like a server that supports only 1.0 and decodes 2.0 as an empty message.
pub fn ignore_v2() -> Answer {
    Answer::Computed(|_| (204, String::new()))
}

pub fn counts(samples: usize, histograms: usize, exemplars: usize) -> String {
    let line = |what, count| format!("X-Prometheus-Remote-Write-{what}-Written: {count}\r\n");
    line("Samples", samples) + &line("Histograms", histograms) + &line("Exemplars", exemplars)
}

fn unique(labels: impl Iterator<Item = (String, String)>) -> BTreeMap<String, String> {
    let labels: Vec<_> = labels.collect();
    assert!(labels.is_sorted_by(|(a, _), (b, _)| a < b), "{labels:?}");
    let full = |(name, value): &(String, String)| !name.is_empty() && !value.is_empty();
    assert!(labels.iter().all(full), "{labels:?}");
    labels.into_iter().collect()
}

fn old(body: &[u8]) -> Written {
    let request = WriteRequest::decode(body).unwrap();
    let labels = |labels: &[Label]| {
        unique(
            labels
                .iter()
                .map(|one| (one.name.clone(), one.value.clone())),
        )
    };
    let series = request.timeseries.iter().map(|series| Series {
        labels: labels(&series.labels),
        samples: series.samples.clone(),
        histograms: series.histograms.clone(),
        exemplars: series
            .exemplars
            .iter()
            .map(|one| Exemplar {
                labels: labels(&one.labels),
                value: one.value,
                time: one.timestamp,
            })
            .collect(),
        metadata: None,
    });
    let metadata = request.metadata.iter().map(|one| {
        let facts = (one.kind, one.help.clone(), one.unit.clone());
        (one.name.clone(), facts)
    });
    Written {
        version: 1,
        series: series.collect(),
        metadata: metadata.collect(),
    }
}

fn new(body: &[u8]) -> Written {
    let request = NewRequest::decode(body).unwrap();
    let symbols = &request.symbols;
    assert_eq!(symbols.first().map(String::as_str), Some(""));
    let different: BTreeSet<_> = symbols.iter().collect();
    assert_eq!(different.len(), symbols.len(), "{symbols:?}");
    let text = |at: u32| symbols[at as usize].clone();
    let labels = |refs: &[u32]| {
        assert_eq!(refs.len() % 2, 0);
        unique(refs.chunks(2).map(|pair| (text(pair[0]), text(pair[1]))))
    };
    let series = request.timeseries.iter().map(|series| Series {
        labels: labels(&series.labels_refs),
        samples: series.samples.clone(),
        histograms: series.histograms.clone(),
        exemplars: series
            .exemplars
            .iter()
            .map(|one| Exemplar {
                labels: labels(&one.labels_refs),
                value: one.value,
                time: one.timestamp,
            })
            .collect(),
        metadata: series
            .metadata
            .as_ref()
            .map(|one| (one.kind, text(one.help_ref), text(one.unit_ref))),
    });
    Written {
        version: 2,
        series: series.collect(),
        metadata: BTreeMap::new(),
    }
}

#[derive(Message)]
struct WriteRequest {
    #[prost(message, repeated, tag = "1")]
    timeseries: Vec<TimeSeries>,
    #[prost(message, repeated, tag = "3")]
    metadata: Vec<MetricMetadata>,
}

#[derive(Message)]
struct MetricMetadata {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "4")]
    help: String,
    #[prost(string, tag = "5")]
    unit: String,
}

#[derive(Message)]
struct TimeSeries {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
    #[prost(message, repeated, tag = "3")]
    exemplars: Vec<OldExemplar>,
    #[prost(message, repeated, tag = "4")]
    histograms: Vec<Histogram>,
}

#[derive(Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Message)]
struct OldExemplar {
    #[prost(message, repeated, tag = "1")]
    labels: Vec<Label>,
    #[prost(double, tag = "2")]
    value: f64,
    #[prost(int64, tag = "3")]
    timestamp: i64,
}

#[derive(Message)]
struct NewRequest {
    #[prost(string, repeated, tag = "4")]
    symbols: Vec<String>,
    #[prost(message, repeated, tag = "5")]
    timeseries: Vec<NewTimeSeries>,
}

#[derive(Message)]
struct NewTimeSeries {
    #[prost(uint32, repeated, tag = "1")]
    labels_refs: Vec<u32>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
    #[prost(message, repeated, tag = "3")]
    histograms: Vec<Histogram>,
    #[prost(message, repeated, tag = "4")]
    exemplars: Vec<NewExemplar>,
    #[prost(message, optional, tag = "5")]
    metadata: Option<NewMetadata>,
}

#[derive(Message)]
struct NewExemplar {
    #[prost(uint32, repeated, tag = "1")]
    labels_refs: Vec<u32>,
    #[prost(double, tag = "2")]
    value: f64,
    #[prost(int64, tag = "3")]
    timestamp: i64,
}

#[derive(Message)]
struct NewMetadata {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(uint32, tag = "3")]
    help_ref: u32,
    #[prost(uint32, tag = "4")]
    unit_ref: u32,
}

#[derive(Clone, Message)]
pub struct Sample {
    #[prost(double, tag = "1")]
    pub value: f64,
    #[prost(int64, tag = "2")]
    pub timestamp: i64,
    #[prost(int64, tag = "3")]
    pub start_timestamp: i64,
}

#[derive(Clone, Message)]
pub struct Histogram {
    #[prost(uint64, optional, tag = "1")]
    pub count: Option<u64>,
    #[prost(double, tag = "3")]
    pub sum: f64,
    #[prost(sint32, tag = "4")]
    pub schema: i32,
    #[prost(double, tag = "5")]
    pub zero_threshold: f64,
    #[prost(uint64, optional, tag = "6")]
    pub zero_count: Option<u64>,
    #[prost(message, repeated, tag = "11")]
    pub positive_spans: Vec<Span>,
    #[prost(sint64, repeated, tag = "12")]
    pub positive_deltas: Vec<i64>,
    #[prost(int64, tag = "15")]
    pub timestamp: i64,
    #[prost(int64, tag = "17")]
    pub start_timestamp: i64,
}

impl Histogram {
    /// Indices and counts of the positive buckets.
    pub fn positive(&self) -> Vec<(i32, i64)> {
        let (mut index, mut count) = (0, 0);
        let mut deltas = self.positive_deltas.iter();
        let mut buckets = Vec::new();
        for span in &self.positive_spans {
            index += span.offset;
            for _ in 0..span.length {
                count += deltas.next().unwrap();
                buckets.push((index, count));
                index += 1;
            }
        }
        assert_eq!(deltas.next(), None);
        buckets
    }
}

#[derive(Clone, Message)]
pub struct Span {
    #[prost(sint32, tag = "1")]
    pub offset: i32,
    #[prost(uint32, tag = "2")]
    pub length: u32,
}
