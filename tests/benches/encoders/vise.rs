//! Contender of the encoding bench: the crate vise. Its family names are field names, so it does
//! not take part in the workload with a thousand families.

use vise::{Buckets, Counter, EncodeLabelSet, Family, Format, Histogram, Metrics, Registry};

use crate::{
    common::{Column, Role},
    expositions::{Encoder, Race, Work, as_text, inputs},
};

struct Vise(Registry);

impl Encoder for Vise {
    fn encode(&mut self, out: &mut Vec<u8>) {
        // vise writes its other formats by converting its `OpenMetrics` output line by line.
        as_text(out, |text| {
            let written = self.0.encode(text, Format::OpenMetrics);
            written.expect("writing to memory does not fail");
        });
    }
}

#[derive(Debug, Metrics)]
struct Counters {
    /// Requests since the start.
    http_requests: Family<Triple, Counter>,
}

#[derive(Debug, Metrics)]
struct Histograms {
    /// Durations of requests.
    #[metrics(buckets = Buckets::values(&inputs::BOUNDS))]
    http_request_duration_seconds: Family<Pair, Histogram<f64>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Triple {
    tenant: String,
    route: String,
    status: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pair {
    tenant: String,
    route: String,
}

pub(crate) fn enter(race: &mut Race, work: Work) {
    match work {
        Work::Counters(_) => race.enter(work, PEER, || Vise(counters(work))),
        Work::Histograms => race.enter(work, PEER, || Vise(histograms(work))),
        Work::Families | Work::Threads(_) | Work::Shuffled => {}
    }
}

fn counters(work: Work) -> Registry {
    let metrics = Counters::default();
    for index in 0..work.series() {
        let [tenant, route, status] = inputs::triple(index);
        let labels = Triple {
            tenant,
            route,
            status,
        };
        metrics.http_requests[&labels].inc_by(inputs::count(index));
    }
    let mut registry = Registry::empty();
    registry.register_metrics(&metrics);
    registry
}

fn histograms(work: Work) -> Registry {
    let metrics = Histograms::default();
    for index in 0..work.series() {
        let [tenant, route] = inputs::pair(index);
        let histogram = &metrics.http_request_duration_seconds[&Pair { tenant, route }];
        inputs::seconds(index).for_each(|time| histogram.observe(time));
    }
    let mut registry = Registry::empty();
    registry.register_metrics(&metrics);
    registry
}

const PEER: Column = Column {
    name: "vise",
    package: Some("vise"),
    role: Role::Peer,
};
