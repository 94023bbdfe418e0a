//! The crate fast-telemetry in the rows with open labels.

use std::{hint::black_box, sync::Arc};

use fast_telemetry::{DynamicCounter, DynamicHistogram, PrometheusExport};

use crate::{
    peers::fast_telemetry::{PEER, SHARDS},
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

    let (names, visits) = (labels::SCRAPED.names(), counter(&labels::SCRAPED));
    let scraped = Arc::clone(&visits);
    let start = move || {
        let visits = Arc::clone(&visits);
        move |labels: &[&str; 2], _| visits.inc(&named(names, *labels))
    };
    table.enter_scraped(&labels::SCRAPED, PEER, start, move || {
        let mut text = String::new();
        scraped.export_prometheus(&mut text, "visits_total", "Counts.");
        black_box(text);
    });

    for inputs in &labels::HISTOGRAMS {
        let bounds = inputs::bounds().map(|bound| bound as u64);
        let sizes = DynamicHistogram::with_limits(&bounds, SHARDS, inputs.series());
        let (names, sizes) = (inputs.names(), Arc::new(sizes));
        table.enter_labels(inputs, PEER, move || {
            let (sizes, values) = (Arc::clone(&sizes), inputs::values());
            move |labels, index| sizes.record(&named(names, *labels), values.at(index) as u64)
        });
    }
}

fn enter_counter<const N: usize>(table: &mut Table, inputs: &'static LabelInputs<N>) {
    let (names, visits) = (inputs.names(), counter(inputs));
    table.enter_labels(inputs, PEER, move || {
        let visits = Arc::clone(&visits);
        move |labels, _| visits.inc(&named(names, *labels))
    });
}

fn counter<const N: usize>(inputs: &LabelInputs<N>) -> Arc<DynamicCounter> {
    Arc::new(DynamicCounter::with_max_series(SHARDS, inputs.series()))
}

fn named<'a, const N: usize>(names: [&'a str; N], values: [&'a str; N]) -> [(&'a str, &'a str); N] {
    std::array::from_fn(|index| (names[index], values[index]))
}
