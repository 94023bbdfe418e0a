//! The crate fastmetrics in the rows with open labels.

use std::{hash::Hash, hint::black_box};

use fastmetrics::{
    derive::{EncodeLabelSet, LabelSetSchema},
    format::text::{TextProfile, encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use super::label_sets;
use crate::{
    peers::fastmetrics::PEER,
    support::{
        Table, inputs,
        labels::{self, LabelInputs},
    },
};

label_sets! { #[derive(Clone, Hash, PartialEq, Eq, EncodeLabelSet, LabelSetSchema)] }

pub(super) fn enter(table: &mut Table) {
    for inputs in &labels::ONE {
        enter_counter::<_, One>(table, inputs);
    }
    for inputs in &labels::TWO {
        enter_counter::<_, Two>(table, inputs);
    }
    for inputs in &labels::FIVE {
        enter_counter::<_, Five>(table, inputs);
    }
    for inputs in &labels::TWELVE {
        enter_counter::<_, Twelve>(table, inputs);
    }

    let (scraped, mut registry) = (Family::<Two, Counter>::default(), Registry::default());
    let added = registry.register("visits", "Counts", scraped.clone());
    added.expect("the name is valid");
    let start = move || {
        let visits = scraped.clone();
        move |labels: &[&str; 2], _| visits.with_or_new(&(*labels).into(), Counter::inc)
    };
    table.enter_scraped(&labels::SCRAPED, PEER, start, move || {
        let mut text = String::new();
        let written = encode(&mut text, &registry, TextProfile::PrometheusV0_0_4);
        written.expect("writing to memory does not fail");
        black_box(text);
    });

    for inputs in &labels::HISTOGRAMS {
        let sizes = Family::<Two, Histogram>::new(|| Histogram::new(inputs::bounds()));
        table.enter_labels(inputs, PEER, move || {
            let (sizes, values) = (sizes.clone(), inputs::values());
            move |labels, index| {
                sizes.with_or_new(&(*labels).into(), |sizes| sizes.observe(values.at(index)));
            }
        });
    }
}

fn enter_counter<const N: usize, Labels>(table: &mut Table, inputs: &'static LabelInputs<N>)
where
    Labels: From<[&'static str; N]> + Clone + Hash + Eq + Send + Sync + 'static,
{
    let visits = Family::<Labels, Counter>::default();
    table.enter_labels(inputs, PEER, move || {
        let visits = visits.clone();
        move |labels, _| visits.with_or_new(&(*labels).into(), Counter::inc)
    });
}
