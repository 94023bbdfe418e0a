//! The crate vise in the rows with open labels. Its families exist only within a struct of metrics,
//! so each row has one of these structs.

use std::{fmt::Debug, hash::Hash, hint::black_box};

use vise::{Buckets, Counter, EncodeLabelSet, Family, Format, Histogram, Metrics, Registry};

use super::from_texts;
use crate::{
    peers::vise::PEER,
    support::{
        Table, inputs,
        labels::{self, LabelInputs},
    },
};

// The library's derive does not accept structs that a macro defines.

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct One {
    device: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Two {
    route: String,
    host: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Five {
    method: String,
    route: String,
    code: String,
    host: String,
    pod: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Twelve {
    reporter: String,
    source_workload: String,
    source_workload_namespace: String,
    source_canonical_service: String,
    destination_workload: String,
    destination_workload_namespace: String,
    destination_canonical_service: String,
    destination_service: String,
    request_protocol: String,
    response_code: String,
    response_flags: String,
    connection_security_policy: String,
}

from_texts! { One: 1 = device }
from_texts! { Two: 2 = route host }
from_texts! { Five: 5 = method route code host pod }
from_texts! {
    Twelve: 12 =
        reporter source_workload source_workload_namespace source_canonical_service
        destination_workload destination_workload_namespace destination_canonical_service
        destination_service request_protocol response_code response_flags
        connection_security_policy
}

#[derive(Debug, Metrics)]
struct Visits {
    /// Visits with one label.
    one: Family<One, Counter>,
    /// Visits with two labels.
    two: Family<Two, Counter>,
    /// Visits with five labels.
    five: Family<Five, Counter>,
    /// Visits with twelve labels.
    twelve: Family<Twelve, Counter>,
    /// Sizes of visits.
    #[metrics(buckets = Buckets::exponential(1.0..=8192.0, 2.0))]
    sizes: Family<Two, Histogram<f64>>,
}

pub(super) fn enter(table: &mut Table) {
    for inputs in &labels::ONE {
        enter_counter(table, inputs, Visits::default().one);
    }
    for inputs in &labels::TWO {
        enter_counter(table, inputs, Visits::default().two);
    }
    for inputs in &labels::FIVE {
        enter_counter(table, inputs, Visits::default().five);
    }
    for inputs in &labels::TWELVE {
        enter_counter(table, inputs, Visits::default().twelve);
    }

    let (scraped, mut registry) = (Visits::default(), Registry::empty());
    registry.register_metrics(&scraped);
    let start = move || {
        let visits = scraped.two.clone();
        move |labels: &[&str; 2], _| _ = visits[&(*labels).into()].inc()
    };
    table.enter_scraped(&labels::SCRAPED, PEER, start, move || {
        let mut text = String::new();
        let written = registry.encode(&mut text, Format::OpenMetrics);
        written.expect("writing to memory does not fail");
        black_box(text);
    });

    for inputs in &labels::HISTOGRAMS {
        let sizes = Visits::default().sizes;
        table.enter_labels(inputs, PEER, move || {
            let (sizes, values) = (sizes.clone(), inputs::values());
            move |labels, index| sizes[&(*labels).into()].observe(values.at(index))
        });
    }
}

fn enter_counter<const N: usize, Labels>(
    table: &mut Table,
    inputs: &'static LabelInputs<N>,
    visits: Family<Labels, Counter>,
) where
    Labels: From<[&'static str; N]> + Clone + Debug + Hash + Eq + Send + Sync + 'static,
{
    table.enter_labels(inputs, PEER, move || {
        let visits = visits.clone();
        move |labels, _| _ = visits[&Labels::from(*labels)].inc()
    });
}
