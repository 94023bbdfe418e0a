//! Contender of the encoding bench: the crate foundations-metrics, whose registry is global and
//! never removes a metric.

use std::sync::{Arc, Weak};

use foundations_metrics::{
    CollectionOptions, Counter, EncodeMetric, Family, Histogram, MetricFamily, NamedMetric,
    RegistrationMetadata, ServiceNameFormat, collect, encode_to_text, metrics::HistogramBuilder,
    register,
};
use serde::Serialize;

use crate::{
    common::{Column, Role},
    expositions::{Encoder, Race, Work, inputs},
};

/// Owns the registered metrics, which are exposed until this value is dropped.
struct FoundationsMetrics {
    _metrics: Vec<Arc<dyn EncodeMetric>>,
}

impl Encoder for FoundationsMetrics {
    fn encode(&mut self, out: &mut Vec<u8>) {
        let families = collect(CollectionOptions {
            include_optional: true,
            service_name: None,
            service_name_format: ServiceNameFormat::MetricPrefix,
        });
        *out = encode_to_text(&families).into_bytes();
    }
}

/// Registered in place of a metric, because the registry never removes a metric: encodes the
/// metric, or nothing after [`FoundationsMetrics`] was dropped.
struct Held(Weak<dyn EncodeMetric>);

impl EncodeMetric for Held {
    fn encode(&self) -> Vec<MetricFamily> {
        let metric = self.0.upgrade();
        metric.map_or_else(Vec::new, |metric| metric.encode())
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
struct Triple {
    tenant: String,
    route: String,
    status: String,
}

#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
struct Pair {
    tenant: String,
    route: String,
}

pub(crate) fn enter(race: &mut Race, work: Work) {
    race.enter(work, PEER, || FoundationsMetrics::new(metrics(work)));
}

impl FoundationsMetrics {
    fn new(metrics: Vec<Arc<dyn EncodeMetric>>) -> Self {
        let held = |metric| Box::new(Held(Arc::downgrade(metric))) as Box<dyn EncodeMetric>;
        let all: Vec<_> = metrics.iter().map(held).collect();
        register(all, RegistrationMetadata::default());
        Self { _metrics: metrics }
    }
}

fn metrics(work: Work) -> Vec<Arc<dyn EncodeMetric>> {
    match work {
        Work::Families => {
            let family = |index| -> Arc<dyn EncodeMetric> {
                let counter: Counter = Counter::default();
                counter.inc_by(inputs::count(index));
                let name = inputs::family(index).leak();
                Arc::new(NamedMetric::new(name, inputs::HELP, counter))
            };
            (0..work.series()).map(family).collect()
        }
        Work::Histograms => {
            let histograms: Family<Pair, Histogram, HistogramBuilder> =
                Family::new_with_constructor(HistogramBuilder {
                    buckets: &inputs::BOUNDS,
                });
            for index in 0..work.series() {
                let [tenant, route] = inputs::pair(index);
                let histogram = histograms.get_or_create_owned(&Pair { tenant, route });
                inputs::seconds(index).for_each(|time| histogram.observe(time));
            }
            let name = inputs::HISTOGRAMS;
            vec![Arc::new(NamedMetric::new(name, inputs::HELP, histograms))]
        }
        Work::Counters(_) | Work::Threads(_) | Work::Shuffled => {
            let counters: Family<Triple, Counter> = Family::default();
            for index in 0..work.series() {
                let [tenant, route, status] = inputs::triple(index);
                let labels = Triple {
                    tenant,
                    route,
                    status,
                };
                counters.get_or_create(&labels).inc_by(inputs::count(index));
            }
            let name = inputs::COUNTERS;
            vec![Arc::new(NamedMetric::new(name, inputs::HELP, counters))]
        }
    }
}

const PEER: Column = Column {
    name: "foundations-metrics",
    package: Some("foundations-metrics"),
    role: Role::Peer,
};
