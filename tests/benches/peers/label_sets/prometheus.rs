//! The crate prometheus in the rows with open labels.

use std::hint::black_box;

use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry, TextEncoder};

use crate::{
    peers::prometheus::SHARED,
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

    let (scraped, registry) = (counter(&labels::SCRAPED), Registry::new());
    registry.register(Box::new(scraped.clone())).expect(VALID);
    let start = move || {
        let visits = scraped.clone();
        move |labels: &[&str; 2], _| visits.with_label_values(labels).inc()
    };
    table.enter_scraped(&labels::SCRAPED, SHARED, start, move || {
        let text = TextEncoder::new().encode_to_string(&registry.gather());
        black_box(text.expect("writing to memory does not fail"));
    });

    for inputs in &labels::HISTOGRAMS {
        let options = HistogramOpts::new("sizes", "Observes.").buckets(inputs::bounds().to_vec());
        let sizes = HistogramVec::new(options, &inputs.names()).expect(VALID);
        table.enter_labels(inputs, SHARED, move || {
            let (sizes, values) = (sizes.clone(), inputs::values());
            move |labels, index| sizes.with_label_values(labels).observe(values.at(index))
        });
    }
}

fn enter_counter<const N: usize>(table: &mut Table, inputs: &'static LabelInputs<N>) {
    let visits = counter(inputs);
    table.enter_labels(inputs, SHARED, move || {
        let visits = visits.clone();
        move |labels, _| visits.with_label_values(labels).inc()
    });
}

fn counter<const N: usize>(inputs: &LabelInputs<N>) -> IntCounterVec {
    IntCounterVec::new(Opts::new("visits_total", "Counts."), &inputs.names()).expect(VALID)
}

const VALID: &str = "the options are valid";
