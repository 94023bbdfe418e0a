//! The crate prometheus-client in the rows with open labels.

use std::{fmt::Debug, hash::Hash, hint::black_box};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::Registry,
};

use super::label_sets;
use crate::{
    peers::prometheus_client::PEER,
    support::{
        Table, inputs,
        labels::{self, LabelInputs},
    },
};

label_sets! { #[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)] }

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
    registry.register("visits", "Counts", scraped.clone());
    let start = move || {
        let visits = scraped.clone();
        move |labels: &[&str; 2], _| _ = visits.get_or_create(&(*labels).into()).inc()
    };
    table.enter_scraped(&labels::SCRAPED, PEER, start, move || {
        let mut text = String::new();
        encode(&mut text, &registry).expect("writing to memory does not fail");
        black_box(text);
    });

    for inputs in &labels::HISTOGRAMS {
        let sizes: Family<Two, Histogram, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(inputs::bounds()));
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
    Labels: From<[&'static str; N]> + Clone + Debug + Hash + Eq + Send + Sync + 'static,
{
    let visits = Family::<Labels, Counter>::default();
    table.enter_labels(inputs, PEER, move || {
        let visits = visits.clone();
        move |labels, _| _ = visits.get_or_create(&(*labels).into()).inc()
    });
}
