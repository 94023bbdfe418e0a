//! Contender of the encoding bench: the facade crate metrics, with metrics-exporter-prometheus.

use metrics::{counter, describe_counter, describe_histogram, histogram, with_local_recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use crate::{
    common::{Column, Role},
    expositions::{Encoder, Race, Work, inputs},
};

struct Metrics(PrometheusHandle);

impl Encoder for Metrics {
    fn encode(&mut self, out: &mut Vec<u8>) {
        self.0
            .render_to_write(out)
            .expect("writing to memory does not fail");
    }
}

pub(crate) fn enter(race: &mut Race, work: Work) {
    race.enter(work, PEER, || {
        let recorder = PrometheusBuilder::new().set_buckets(&inputs::BOUNDS);
        let recorder = recorder.expect("there are buckets").build_recorder();
        with_local_recorder(&recorder, || record(work));
        let handle = recorder.handle();
        // Aggregates the observations, which histograms store one by one until then.
        handle.run_upkeep();
        Metrics(handle)
    });
}

fn record(work: Work) {
    match work {
        Work::Families => {
            for index in 0..work.series() {
                let name = inputs::family(index);
                describe_counter!(name.clone(), inputs::HELP);
                counter!(name).increment(inputs::count(index));
            }
        }
        Work::Histograms => {
            describe_histogram!(inputs::HISTOGRAMS, inputs::HELP);
            for index in 0..work.series() {
                let labels = labels(inputs::pair(index));
                let histogram = histogram!(inputs::HISTOGRAMS, &labels);
                inputs::seconds(index).for_each(|time| histogram.record(time));
            }
        }
        Work::Counters(_) | Work::Threads(_) | Work::Shuffled => {
            describe_counter!(inputs::COUNTERS, inputs::HELP);
            for index in 0..work.series() {
                let labels = labels(inputs::triple(index));
                counter!(inputs::COUNTERS, &labels).increment(inputs::count(index));
            }
        }
    }
}

fn labels<const N: usize>(values: [String; N]) -> Vec<(&'static str, String)> {
    inputs::LABELS.into_iter().zip(values).collect()
}

const PEER: Column = Column {
    name: "metrics + exporter-prometheus",
    package: Some("metrics-exporter-prometheus"),
    role: Role::Peer,
};
