//! Contender of the encoding bench: the crate fastmetrics.

use fastmetrics::{
    derive::{EncodeLabelSet, LabelSetSchema},
    format::text::{TextProfile, encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use crate::{
    common::{Column, Role},
    expositions::{Encoder, Race, Work, as_text, inputs},
};

struct Fastmetrics(Registry);

impl Encoder for Fastmetrics {
    fn encode(&mut self, out: &mut Vec<u8>) {
        as_text(out, |text| {
            let written = encode(text, &self.0, TextProfile::PrometheusV0_0_4);
            written.expect("writing to memory does not fail");
        });
    }
}

#[derive(Clone, Hash, PartialEq, Eq, EncodeLabelSet, LabelSetSchema)]
struct Triple {
    tenant: String,
    route: String,
    status: String,
}

#[derive(Clone, Hash, PartialEq, Eq, EncodeLabelSet, LabelSetSchema)]
struct Pair {
    tenant: String,
    route: String,
}

pub(crate) fn enter(race: &mut Race, work: Work) {
    race.enter(work, PEER, || Fastmetrics(registry(work)));
}

fn registry(work: Work) -> Registry {
    let mut registry = Registry::default();
    match work {
        Work::Families => {
            for index in 0..work.series() {
                let counter = <Counter>::default();
                counter.inc_by(inputs::count(index));
                let name = inputs::family(index);
                let added = registry.register(name, inputs::HELP, counter);
                added.expect(VALID);
            }
        }
        Work::Histograms => {
            let histograms = Family::<Pair, Histogram>::new(|| Histogram::new(inputs::BOUNDS));
            for index in 0..work.series() {
                let [tenant, route] = inputs::pair(index);
                histograms.with_or_new(&Pair { tenant, route }, |histogram| {
                    inputs::seconds(index).for_each(|time| histogram.observe(time));
                });
            }
            let added = registry.register(inputs::HISTOGRAMS, inputs::HELP, histograms);
            added.expect(VALID);
        }
        Work::Counters(_) | Work::Threads(_) | Work::Shuffled => {
            let counters = Family::<Triple, Counter>::default();
            for index in 0..work.series() {
                let [tenant, route, status] = inputs::triple(index);
                let labels = Triple {
                    tenant,
                    route,
                    status,
                };
                counters.with_or_new(&labels, |counter| counter.inc_by(inputs::count(index)));
            }
            let name = inputs::COUNTERS;
            registry
                .register(name, inputs::HELP, counters)
                .expect(VALID);
        }
    }
    registry
}

const PEER: Column = Column {
    name: "fastmetrics",
    package: Some("fastmetrics"),
    role: Role::Peer,
};
const VALID: &str = "the names are valid";
