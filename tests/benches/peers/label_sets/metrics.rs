//! The facade crate metrics with metrics-exporter-prometheus in the rows with open labels. Each row
//! has its own recorder, which registers what the macros `counter!` and `histogram!` would.

use std::{hint::black_box, sync::Arc};

use metrics::{Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};

use crate::{
    peers::metrics::PEER,
    support::{
        Table, inputs,
        labels::{self, LabelInputs},
    },
};

pub(super) fn enter(table: &mut Table) {
    for inputs in &labels::ONE {
        enter_counter(table, inputs);
    }
    for inputs in &labels::TWO {
        enter_counter(table, inputs);
    }
    for inputs in &labels::FIVE {
        enter_counter(table, inputs);
    }
    for inputs in &labels::TWELVE {
        enter_counter(table, inputs);
    }

    let (names, recorder) = (labels::SCRAPED.names(), recorder());
    let exporter = recorder.handle();
    let start = move || {
        let recorder = Arc::clone(&recorder);
        move |labels: &[&str; 2], _| count(&recorder, names, *labels)
    };
    table.enter_scraped(&labels::SCRAPED, PEER, start, move || {
        black_box(exporter.render());
    });

    enter_histograms(table);
}

fn enter_counter<const N: usize>(table: &mut Table, inputs: &'static LabelInputs<N>) {
    let (names, recorder) = (inputs.names(), recorder());
    table.enter_labels(inputs, PEER, move || {
        let recorder = Arc::clone(&recorder);
        move |labels, _| count(&recorder, names, *labels)
    });
}

fn enter_histograms(table: &mut Table) {
    for inputs in &labels::HISTOGRAMS {
        let (names, recorder) = (inputs.names(), recorder());
        table.enter_labels(inputs, PEER, move || {
            let (recorder, values) = (Arc::clone(&recorder), inputs::values());
            // A program must run the upkeep every few seconds: until then, histograms store each
            // observation.
            recorder.handle().run_upkeep();
            move |labels, index| {
                let key = key("sizes", names, *labels);
                let sizes = recorder.register_histogram(&key, &METADATA);
                sizes.record(values.at(index));
            }
        });
    }
}

#[inline]
fn count<const N: usize>(
    recorder: &PrometheusRecorder,
    names: [&'static str; N],
    labels: [&str; N],
) {
    let key = key("visits_total", names, labels);
    recorder.register_counter(&key, &METADATA).increment(1);
}

#[inline]
fn key<const N: usize>(name: &'static str, names: [&'static str; N], labels: [&str; N]) -> Key {
    let labels: Vec<_> = names
        .into_iter()
        .zip(labels)
        .map(|(name, value)| Label::new(name, value.to_owned()))
        .collect();
    Key::from_parts(name, labels)
}

fn recorder() -> Arc<PrometheusRecorder> {
    let builder = PrometheusBuilder::new().set_buckets(&inputs::bounds());
    Arc::new(builder.expect("there are buckets").build_recorder())
}

const METADATA: Metadata<'static> =
    Metadata::new(module_path!(), Level::INFO, Some(module_path!()));
