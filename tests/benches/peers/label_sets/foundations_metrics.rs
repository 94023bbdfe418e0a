//! The crate foundations-metrics in the rows with open labels.

use std::{hash::Hash, hint::black_box};

use foundations_metrics::{
    EncodeMetric, Family, Histogram, NamedMetric, ThreadLocalCounter, encode_to_text,
    metrics::HistogramBuilder,
};
use serde::Serialize;

use super::label_sets;
use crate::{
    peers::foundations_metrics::PEER,
    support::{
        Table, inputs,
        labels::{self, LabelInputs},
    },
};

label_sets! { #[derive(Clone, PartialEq, Eq, Hash, Serialize)] }

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

    let scraped = Family::<Two, ThreadLocalCounter>::default();
    let metric = NamedMetric::new("visits_total", "Counts.", scraped.clone());
    let start = move || {
        let visits = scraped.clone();
        move |labels: &[&str; 2], _| visits.get_or_create(&(*labels).into()).inc()
    };
    table.enter_scraped(&labels::SCRAPED, PEER, start, move || {
        black_box(encode_to_text(&metric.encode()));
    });

    for inputs in &labels::HISTOGRAMS {
        let sizes: Family<Two, Histogram, HistogramBuilder> =
            Family::new_with_constructor(HistogramBuilder {
                buckets: inputs::bounds().to_vec().leak(),
            });
        table.enter_labels(inputs, PEER, move || {
            let (sizes, values) = (sizes.clone(), inputs::values());
            move |labels, index| {
                sizes
                    .get_or_create(&(*labels).into())
                    .observe(values.at(index));
            }
        });
    }
}

fn enter_counter<const N: usize, Labels>(table: &mut Table, inputs: &'static LabelInputs<N>)
where
    Labels: From<[&'static str; N]> + Clone + Hash + Eq + Send + Sync + 'static,
{
    let visits = Family::<Labels, ThreadLocalCounter>::default();
    table.enter_labels(inputs, PEER, move || {
        let visits = visits.clone();
        move |labels, _| visits.get_or_create(&(*labels).into()).inc()
    });
}
