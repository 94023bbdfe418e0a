//! The crate measured in the rows with open labels, except with twelve labels: its label sets have
//! at most eleven.

use std::{hint::black_box, sync::Arc};

use measured::{
    CounterVec, HistogramVec, LabelGroup,
    metric::{MetricFamilyEncoding, histogram::Thresholds, name::MetricName},
    text::TextEncoder,
};
use paracord::ParaCord;

use crate::{
    peers::measured::PEER,
    support::{
        Table, inputs,
        labels::{self, LabelInputs},
    },
};

/// Defines a label set and a function that enters a counter with it.
macro_rules! label_group {
    ($name:ident, $set:ident, $count:literal, $enter:ident: $($label:ident)+) => {
        #[derive(LabelGroup)]
        #[label(set = $set)]
        struct $name<'a> {
            $(
                #[label(dynamic_with = ParaCord, default)]
                $label: &'a str,
            )+
        }

        impl<'a> $name<'a> {
            #[inline]
            fn new([$($label),+]: [&'a str; $count]) -> Self {
                Self { $($label,)+ }
            }
        }

        fn $enter(table: &mut Table, inputs: &'static LabelInputs<$count>) {
            let visits = Arc::new(CounterVec::<$set>::new());
            table.enter_labels(inputs, PEER, move || {
                let visits = Arc::clone(&visits);
                move |labels, _| visits.inc($name::new(*labels))
            });
        }
    };
}

label_group!(One, OneSet, 1, enter_one: device);
label_group!(Two, TwoSet, 2, enter_two: route host);
label_group!(Five, FiveSet, 5, enter_five: method route code host pod);
pub(super) fn enter(table: &mut Table) {
    for inputs in &labels::ONE {
        enter_one(table, inputs);
    }
    for inputs in &labels::TWO {
        enter_two(table, inputs);
    }
    for inputs in &labels::FIVE {
        enter_five(table, inputs);
    }

    let visits = Arc::new(CounterVec::<TwoSet>::new());
    let scraped = Arc::clone(&visits);
    let start = move || {
        let visits = Arc::clone(&visits);
        move |labels: &[&'static str; 2], _| visits.inc(Two::new(*labels))
    };
    table.enter_scraped(&labels::SCRAPED, PEER, start, move || {
        let mut encoder = TextEncoder::new(Vec::new());
        let name = MetricName::from_str("visits_total");
        let written = scraped.collect_family_into(name, &mut encoder);
        written
            .and_then(|()| encoder.flush())
            .expect("writing to memory does not fail");
        black_box(encoder);
    });

    for inputs in &labels::HISTOGRAMS {
        let thresholds = Thresholds::with_buckets(inputs::bounds());
        let sizes = Arc::new(HistogramVec::<TwoSet, 14>::with_metadata(thresholds));
        table.enter_labels(inputs, PEER, move || {
            let (sizes, values) = (Arc::clone(&sizes), inputs::values());
            move |labels, index| sizes.observe(Two::new(*labels), values.at(index))
        });
    }
}
