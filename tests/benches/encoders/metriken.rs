//! Contender of the encoding bench: the crate metriken, with metriken-exposition. Its histograms
//! have no configurable bounds, so it does not take part in the workload with histograms.

use std::collections::HashMap;

use metriken::{Counter, CounterGroup, DynBoxedMetric, MetricBuilder};
use metriken_exposition::{PrometheusOptions, prometheus_text};

use crate::{
    common::{Column, Role},
    expositions::{Encoder, Race, Work, inputs},
};

/// Owns globally registered metrics and removes them when dropped.
enum Metriken {
    Families {
        _counters: Vec<DynBoxedMetric<Counter>>,
    },
    Counters {
        _group: DynBoxedMetric<CounterGroup>,
    },
}

impl Encoder for Metriken {
    fn encode(&mut self, out: &mut Vec<u8>) {
        *out = prometheus_text(&PrometheusOptions::default()).into_bytes();
    }
}

pub(crate) fn enter(race: &mut Race, work: Work) {
    match work {
        Work::Families => race.enter(work, PEER, || families(work)),
        Work::Counters(_) => race.enter(work, PEER, || counters(work)),
        Work::Histograms | Work::Threads(_) | Work::Shuffled => {}
    }
}

fn families(work: Work) -> Metriken {
    let family = |index| {
        let builder = MetricBuilder::new(inputs::family(index)).description(inputs::HELP);
        let counter = builder.build(Counter::new());
        counter.add(inputs::count(index));
        counter
    };
    Metriken::Families {
        _counters: (0..work.series()).map(family).collect(),
    }
}

fn counters(work: Work) -> Metriken {
    let builder = MetricBuilder::new(inputs::COUNTERS).description(inputs::HELP);
    let group = builder.build(CounterGroup::new(work.series()));
    for index in 0..work.series() {
        let names = inputs::LABELS.map(str::to_owned);
        let labels: HashMap<String, String> =
            names.into_iter().zip(inputs::triple(index)).collect();
        group.set_metadata(index, labels);
        group.add(index, inputs::count(index));
    }
    Metriken::Counters { _group: group }
}

const PEER: Column = Column {
    name: "metriken",
    package: Some("metriken"),
    role: Role::Peer,
};
