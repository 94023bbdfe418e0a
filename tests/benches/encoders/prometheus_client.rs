//! Contender of the encoding bench: the crate prometheus-client, the official library.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use crate::{
    common::{Column, Role},
    expositions::{Encoder, Race, Work, as_text, inputs},
};

struct PrometheusClient(Registry);

impl Encoder for PrometheusClient {
    fn encode(&mut self, out: &mut Vec<u8>) {
        as_text(out, |text| {
            encode(text, &self.0).expect("writing to memory does not fail");
        });
    }
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Triple {
    tenant: String,
    route: String,
    status: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Pair {
    tenant: String,
    route: String,
}

pub(crate) fn enter(race: &mut Race, work: Work) {
    race.enter(work, PEER, || PrometheusClient(registry(work)));
}

fn registry(work: Work) -> Registry {
    let mut registry = Registry::default();
    match work {
        Work::Families => {
            for index in 0..work.series() {
                let counter: Counter = Counter::default();
                counter.inc_by(inputs::count(index));
                let name = inputs::family_without_suffix(index);
                registry.register(name, inputs::HELP, counter);
            }
        }
        Work::Histograms => {
            let histograms: Family<Pair, Histogram, fn() -> Histogram> =
                Family::new_with_constructor(|| Histogram::new(inputs::BOUNDS));
            for index in 0..work.series() {
                let [tenant, route] = inputs::pair(index);
                let histogram = histograms.get_or_create_owned(&Pair { tenant, route });
                inputs::seconds(index).for_each(|time| histogram.observe(time));
            }
            registry.register(inputs::HISTOGRAMS, inputs::HELP, histograms);
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
            registry.register(inputs::COUNTERS_WITHOUT_SUFFIX, inputs::HELP, counters);
        }
    }
    registry
}

const PEER: Column = Column {
    name: "prometheus-client",
    package: Some("prometheus-client"),
    role: Role::Peer,
};
