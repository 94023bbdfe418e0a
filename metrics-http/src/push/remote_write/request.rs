//! A batch of points as the body of a request.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use hyper::{
    HeaderMap,
    header::{self, HeaderName, HeaderValue},
};
use metrics_core::Exemplar;
use prost::Message;

use super::{
    RemoteWriteVersion,
    proto::{
        Exemplar as NewExemplar, Histogram, Label, Metadata, OldExemplar, OldMetadata,
        OldTimeSeries, Request, Sample, TimeSeries, WriteRequest,
    },
    series::{Labels, Point, PointValue, millis},
};

/// The compressed message.
pub(super) fn body(points: &[Point], version: RemoteWriteVersion) -> Vec<u8> {
    let message = match version {
        RemoteWriteVersion::V1 => old(points).encode_to_vec(),
        RemoteWriteVersion::V2 => new(points).encode_to_vec(),
    };
    // It fails above four gigabytes alone, which is more than a queue can hold.
    snap::raw::Encoder::new()
        .compress_vec(&message)
        .unwrap_or_default()
}

/// What says what the body is.
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

/// Points of the same series together, in the order in which these appear.
fn by_series(points: &[Point]) -> Vec<Vec<&Point>> {
    let mut places = HashMap::<&Labels, usize>::new();
    let mut series = Vec::<Vec<&Point>>::new();
    for point in points {
        let place = *places.entry(&point.labels).or_insert(series.len());
        match series.get_mut(place) {
            Some(points) => points.push(point),
            None => series.push(vec![point]),
        }
    }
    series
}

fn samples(points: &[&Point], version: RemoteWriteVersion) -> (Vec<Sample>, Vec<Histogram>) {
    let (mut samples, mut histograms) = (Vec::new(), Vec::new());
    for point in points {
        let start_timestamp = match version {
            RemoteWriteVersion::V1 => 0,
            RemoteWriteVersion::V2 => point.start,
        };
        match &point.value {
            PointValue::Float(value) => samples.push(Sample {
                value: *value,
                timestamp: point.time,
                start_timestamp,
            }),
            PointValue::Native(histogram) => histograms.push(Histogram {
                timestamp: point.time,
                start_timestamp,
                ..(**histogram).clone()
            }),
        }
    }
    (samples, histograms)
}

fn exemplars<'p>(points: &[&'p Point]) -> impl Iterator<Item = &'p Exemplar> {
    points.iter().flat_map(|point| &point.exemplars)
}

fn old(points: &[Point]) -> WriteRequest {
    let label = |(name, value): &(String, String)| Label {
        name: name.clone(),
        value: value.clone(),
    };
    let mut request = WriteRequest::default();
    let mut families = HashSet::new();
    for points in by_series(points) {
        let (samples, histograms) = samples(&points, RemoteWriteVersion::V1);
        let exemplars = exemplars(&points).map(|exemplar| OldExemplar {
            labels: sorted(exemplar).iter().map(label).collect(),
            value: exemplar.value,
            timestamp: millis(exemplar.time),
        });
        request.timeseries.push(OldTimeSeries {
            labels: points[0].labels.iter().map(label).collect(),
            samples,
            exemplars: exemplars.collect(),
            histograms,
        });
        let family = &points[0].family;
        if families.insert(&family.name) {
            request.metadata.push(OldMetadata {
                kind: family.kind,
                metric_family_name: family.name.clone(),
                help: family.help.clone(),
                unit: family.unit.clone(),
            });
        }
    }
    request
}

fn new(points: &[Point]) -> Request {
    let mut symbols = Symbols::new();
    let mut timeseries = Vec::new();
    for points in by_series(points) {
        let (samples, histograms) = samples(&points, RemoteWriteVersion::V2);
        let exemplars = exemplars(&points).map(|exemplar| NewExemplar {
            labels_refs: symbols.of_labels(&sorted(exemplar)),
            value: exemplar.value,
            timestamp: millis(exemplar.time),
        });
        let exemplars = exemplars.collect();
        let family = Arc::clone(&points[0].family);
        timeseries.push(TimeSeries {
            labels_refs: symbols.of_labels(&points[0].labels),
            samples,
            histograms,
            exemplars,
            metadata: Some(Metadata {
                kind: family.kind,
                help_ref: symbols.of(&family.help),
                unit_ref: symbols.of(&family.unit),
            }),
            created_timestamp: points.last().map_or(0, |last| last.start),
        });
    }
    Request {
        symbols: symbols.all,
        timeseries,
    }
}

fn sorted(exemplar: &Exemplar) -> Vec<(String, String)> {
    let mut labels = exemplar.labels.clone();
    labels.sort_unstable();
    labels
}

/// Each string once.
struct Symbols {
    all: Vec<String>,
    known: HashMap<String, u32>,
}

impl Symbols {
    /// The first is the empty one, which stands for none.
    fn new() -> Symbols {
        Symbols {
            all: vec![String::new()],
            known: HashMap::from([(String::new(), 0)]),
        }
    }

    fn of(&mut self, text: &str) -> u32 {
        if let Some(at) = self.known.get(text) {
            return *at;
        }
        let at = self.all.len() as u32;
        self.all.push(text.to_owned());
        self.known.insert(text.to_owned(), at);
        at
    }

    fn of_labels(&mut self, labels: &[(String, String)]) -> Vec<u32> {
        let pairs = labels.iter();
        pairs
            .flat_map(|(name, value)| [self.of(name), self.of(value)])
            .collect()
    }
}

const VERSION: HeaderName = HeaderName::from_static("x-prometheus-remote-write-version");
