//! Contender of the encoding bench: the crate fast-telemetry, which has no registry. Each metric
//! encodes itself, without escaping.

use fast_telemetry::{Counter, DynamicCounter, DynamicHistogram, PrometheusExport};

use crate::{
    common::{Column, Role},
    expositions::{Encoder, Race, Work, as_text, inputs},
};

enum FastTelemetry {
    Families(Vec<(String, Counter)>),
    Counters(DynamicCounter),
    Histograms(DynamicHistogram),
}

impl Encoder for FastTelemetry {
    fn encode(&mut self, out: &mut Vec<u8>) {
        as_text(out, |text| match self {
            Self::Families(families) => {
                for (name, counter) in families {
                    counter.export_prometheus(text, name, inputs::HELP);
                }
            }
            Self::Counters(counters) => {
                counters.export_prometheus(text, inputs::COUNTERS, inputs::HELP);
            }
            Self::Histograms(histograms) => {
                histograms.export_prometheus(text, inputs::HISTOGRAMS, inputs::HELP);
            }
        });
    }
}

pub(crate) fn enter(race: &mut Race, work: Work) {
    race.enter(work, PEER, || FastTelemetry::new(work));
}

impl FastTelemetry {
    fn new(work: Work) -> Self {
        match work {
            Work::Families => {
                let family = |index| {
                    let counter = Counter::new(SHARDS);
                    counter.add(inputs::count(index) as isize);
                    (inputs::family(index), counter)
                };
                Self::Families((0..work.series()).map(family).collect())
            }
            Work::Histograms => {
                // The library takes only integers, so durations are in nanoseconds.
                let bounds = inputs::BOUNDS.map(|bound| (bound * 1e9).round() as u64);
                let histograms = DynamicHistogram::with_limits(&bounds, SHARDS, work.series());
                for index in 0..work.series() {
                    let values = inputs::pair(index);
                    let histogram = histograms.series(&labels(&values));
                    inputs::observations(index)
                        .for_each(|microseconds| histogram.record(microseconds * 1_000));
                }
                Self::Histograms(histograms)
            }
            Work::Counters(_) | Work::Threads(_) | Work::Shuffled => {
                let counters = DynamicCounter::with_max_series(SHARDS, work.series());
                for index in 0..work.series() {
                    let values = inputs::triple(index);
                    counters.add(&labels(&values), inputs::count(index) as isize);
                }
                Self::Counters(counters)
            }
        }
    }
}

fn labels<const N: usize>(values: &[String; N]) -> [(&str, &str); N] {
    std::array::from_fn(|index| (inputs::LABELS[index], values[index].as_str()))
}

/// Number of shards: one per core of a small machine.
const SHARDS: usize = 2;

const PEER: Column = Column {
    name: "fast-telemetry",
    package: Some("fast-telemetry"),
    role: Role::Peer,
};
