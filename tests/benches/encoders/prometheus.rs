//! Contender of the encoding bench: the crate prometheus.

use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, Opts, Registry,
    TextEncoder,
};

use crate::{
    common::{Column, Role},
    expositions::{Encoder, Race, Work, inputs},
};

struct Prometheus(Registry);

impl Encoder for Prometheus {
    fn encode(&mut self, out: &mut Vec<u8>) {
        let written = TextEncoder::new().encode(&self.0.gather(), out);
        written.expect("writing to memory does not fail");
    }
}

pub(crate) fn enter(race: &mut Race, work: Work) {
    race.enter(work, PEER, || Prometheus(registry(work)));
}

fn registry(work: Work) -> Registry {
    let registry = Registry::new();
    match work {
        Work::Families => {
            for index in 0..work.series() {
                let counter = IntCounter::new(inputs::family(index), inputs::HELP);
                let counter = counter.expect(VALID);
                counter.inc_by(inputs::count(index));
                registry.register(Box::new(counter)).expect(VALID);
            }
        }
        Work::Histograms => {
            let options = HistogramOpts::new(inputs::HISTOGRAMS, inputs::HELP);
            let options = options.buckets(inputs::BOUNDS.to_vec());
            let histograms = HistogramVec::new(options, &inputs::LABELS[..2]).expect(VALID);
            for index in 0..work.series() {
                let histogram = histograms.with_label_values(&inputs::pair(index));
                inputs::seconds(index).for_each(|time| histogram.observe(time));
            }
            registry.register(Box::new(histograms)).expect(VALID);
        }
        Work::Counters(_) | Work::Threads(_) | Work::Shuffled => {
            let options = Opts::new(inputs::COUNTERS, inputs::HELP);
            let counters = IntCounterVec::new(options, &inputs::LABELS).expect(VALID);
            for index in 0..work.series() {
                let counter = counters.with_label_values(&inputs::triple(index));
                counter.inc_by(inputs::count(index));
            }
            registry.register(Box::new(counters)).expect(VALID);
        }
    }
    registry
}

const PEER: Column = Column {
    name: "prometheus",
    package: Some("prometheus"),
    role: Role::Peer,
};
const VALID: &str = "the names are valid";
