//! The crate metered in the rows with open labels, except during scrapes, because its text format
//! is in another crate.

use std::{
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use metered::{BucketHistogram, Buckets, Family, LabelSet};

use super::label_sets;
use crate::{
    peers::metered::PEER,
    support::{
        Table, inputs,
        labels::{self, LabelInputs},
    },
};

label_sets! { #[derive(Clone, PartialEq, Eq, Hash, LabelSet)] }

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

    for inputs in &labels::HISTOGRAMS {
        let sizes = Arc::new(Family::<Two, BucketHistogram>::new_with_constructor_fn(
            || BucketHistogram::new(Buckets::custom(inputs::bounds())),
        ));
        table.enter_labels(inputs, PEER, move || {
            let (sizes, values) = (Arc::clone(&sizes), inputs::values());
            move |labels, index| {
                sizes.with(&(*labels).into(), |sizes| {
                    _ = sizes.observe(values.at(index));
                });
            }
        });
    }
}

fn enter_counter<const N: usize, Labels>(table: &mut Table, inputs: &'static LabelInputs<N>)
where
    Labels: From<[&'static str; N]> + Clone + Hash + Eq + LabelSet + Send + Sync + 'static,
{
    let visits = Arc::new(Family::<Labels, AtomicU64>::default());
    table.enter_labels(inputs, PEER, move || {
        let visits = Arc::clone(&visits);
        move |labels, _| {
            visits.with(&(*labels).into(), |visits| _ = visits.fetch_add(1, Relaxed));
        }
    });
}
