//! Encodes samples as the body and the headers of a remote-write request.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use hyper::{
    HeaderMap,
    header::{self, HeaderName, HeaderValue},
};
use prost::Message;

use super::{
    proto::{
        Exemplar, ExemplarV1, Histogram, Label, Metadata, MetadataV1, Request, Sample, TimeSeries,
        TimeSeriesV1, WriteRequest,
    },
    series::{Labels, SampleValue, SeriesSample, millis},
    version::RemoteWriteVersion,
};

/// The body of a request: the message, compressed with snappy.
pub(super) fn body(samples: &[SeriesSample], version: RemoteWriteVersion) -> Vec<u8> {
    let message = match version {
        RemoteWriteVersion::V1 => message_v1(samples).encode_to_vec(),
        RemoteWriteVersion::V2 => message_v2(samples).encode_to_vec(),
    };
    // Fails only for messages above 4 GiB, which exceed any reasonable `max_samples_per_send`.
    snap::raw::Encoder::new()
        .compress_vec(&message)
        .unwrap_or_default()
}

/// The headers that describe the body.
pub(super) fn headers(version: RemoteWriteVersion) -> HeaderMap {
    let (content_type, version) = match version {
        RemoteWriteVersion::V1 => ("application/x-protobuf", "0.1.0"),
        RemoteWriteVersion::V2 => (
            "application/x-protobuf;proto=io.prometheus.write.v2.Request",
            "2.0.0",
        ),
    };
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_ENCODING, "snappy"),
        (VERSION, version),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
}

/// Groups samples by series, in the order of each series' first sample.
fn by_series(samples: &[SeriesSample]) -> Vec<Vec<&SeriesSample>> {
    let mut indices = HashMap::<&Labels, usize>::new();
    let mut series = Vec::<Vec<&SeriesSample>>::new();
    for sample in samples {
        let index = *indices.entry(&sample.labels).or_insert(series.len());
        match series.get_mut(index) {
            Some(samples) => samples.push(sample),
            None => series.push(vec![sample]),
        }
    }
    series
}

fn values(samples: &[&SeriesSample], version: RemoteWriteVersion) -> (Vec<Sample>, Vec<Histogram>) {
    let (mut floats, mut histograms) = (Vec::new(), Vec::new());
    for sample in samples {
        let start_timestamp = match version {
            RemoteWriteVersion::V1 => 0,
            RemoteWriteVersion::V2 => sample.created,
        };
        match &sample.value {
            SampleValue::Float(value) => floats.push(Sample {
                value: *value,
                timestamp: sample.time,
                start_timestamp,
            }),
            SampleValue::NativeHistogram(histogram) => histograms.push(Histogram {
                timestamp: sample.time,
                start_timestamp,
                ..(**histogram).clone()
            }),
        }
    }
    (floats, histograms)
}

fn exemplars<'p>(samples: &[&'p SeriesSample]) -> impl Iterator<Item = &'p metrics_core::Exemplar> {
    samples.iter().flat_map(|sample| &sample.exemplars)
}

fn message_v1(samples: &[SeriesSample]) -> WriteRequest {
    let label = |(name, value): &(String, String)| Label {
        name: name.clone(),
        value: value.clone(),
    };
    let mut request = WriteRequest::default();
    let mut families = HashSet::new();
    for samples in by_series(samples) {
        let (floats, histograms) = values(&samples, RemoteWriteVersion::V1);
        let exemplars = exemplars(&samples).map(|exemplar| ExemplarV1 {
            labels: sorted_labels(exemplar).iter().map(label).collect(),
            value: exemplar.value,
            timestamp: millis(exemplar.time),
        });
        request.timeseries.push(TimeSeriesV1 {
            labels: samples[0].labels.iter().map(label).collect(),
            samples: floats,
            exemplars: exemplars.collect(),
            histograms,
        });
        let family = &samples[0].family;
        if families.insert(&family.name) {
            request.metadata.push(MetadataV1 {
                kind: family.kind,
                metric_family_name: family.name.clone(),
                help: family.help.clone(),
                unit: family.unit.clone(),
            });
        }
    }
    request
}

fn message_v2(samples: &[SeriesSample]) -> Request {
    let mut symbols = Symbols::new();
    let mut timeseries = Vec::new();
    for samples in by_series(samples) {
        let (floats, histograms) = values(&samples, RemoteWriteVersion::V2);
        let exemplars = exemplars(&samples).map(|exemplar| Exemplar {
            labels_refs: symbols.label_refs(&sorted_labels(exemplar)),
            value: exemplar.value,
            timestamp: millis(exemplar.time),
        });
        let exemplars = exemplars.collect();
        let family = Arc::clone(&samples[0].family);
        timeseries.push(TimeSeries {
            labels_refs: symbols.label_refs(&samples[0].labels),
            samples: floats,
            histograms,
            exemplars,
            metadata: Some(Metadata {
                kind: family.kind,
                help_ref: symbols.index(&family.help),
                unit_ref: symbols.index(&family.unit),
            }),
            created_timestamp: samples.last().map_or(0, |last| last.created),
        });
    }
    Request {
        symbols: symbols.strings,
        timeseries,
    }
}

/// The labels of an exemplar, sorted as the specification requires.
fn sorted_labels(exemplar: &metrics_core::Exemplar) -> Vec<(String, String)> {
    let mut labels = exemplar.labels.clone();
    labels.sort_unstable();
    labels
}

/// The symbol table of a message of version 2.0: each string once, referred to by index.
struct Symbols {
    strings: Vec<String>,
    indices: HashMap<String, u32>,
}

impl Symbols {
    /// Index 0 is the empty string, as the specification requires.
    fn new() -> Symbols {
        Symbols {
            strings: vec![String::new()],
            indices: HashMap::from([(String::new(), 0)]),
        }
    }

    fn index(&mut self, text: &str) -> u32 {
        if let Some(index) = self.indices.get(text) {
            return *index;
        }
        let index = self.strings.len() as u32;
        self.strings.push(text.to_owned());
        self.indices.insert(text.to_owned(), index);
        index
    }

    fn label_refs(&mut self, labels: &[(String, String)]) -> Vec<u32> {
        let pairs = labels.iter();
        pairs
            .flat_map(|(name, value)| [self.index(name), self.index(value)])
            .collect()
    }
}

const VERSION: HeaderName = HeaderName::from_static("x-prometheus-remote-write-version");
