//! The contenders in the rows with open labels of published shapes: counters with one, two, five
//! and twelve labels, and histograms with two.
//!
//! Four peers are absent because they have no open labels: metriken, autometrics,
//! prometheus-static-metric and the attributes of metered.

mod fast_telemetry;
mod fastmetrics;
mod foundations_metrics;
mod measured;
mod metered;
mod metrics;
mod opentelemetry;
mod ours;
mod prometheus;
mod prometheus_client;
mod vise;

use crate::support::Table;

/// Defines the label sets `One`, `Two`, `Five` and `Twelve` with owned texts, for libraries whose
/// label sets are structs. The arguments are the attributes of each struct.
macro_rules! label_sets {
    ($(#[$attribute:meta])+) => {
        $crate::peers::label_sets::label_set! { $(#[$attribute])+ One: 1 = device }
        $crate::peers::label_sets::label_set! { $(#[$attribute])+ Two: 2 = route host }
        $crate::peers::label_sets::label_set! {
            $(#[$attribute])+ Five: 5 = method route code host pod
        }
        $crate::peers::label_sets::label_set! {
            $(#[$attribute])+ Twelve: 12 =
                reporter source_workload source_workload_namespace source_canonical_service
                destination_workload destination_workload_namespace destination_canonical_service
                destination_service request_protocol response_code response_flags
                connection_security_policy
        }
    };
}

/// Defines one of the [`label_sets`].
macro_rules! label_set {
    ($(#[$attribute:meta])+ $name:ident: $count:literal = $($label:ident)+) => {
        $(#[$attribute])+
        struct $name {
            $($label: String,)+
        }

        $crate::peers::label_sets::from_texts! { $name: $count = $($label)+ }
    };
}

/// Creates a label set from borrowed texts.
macro_rules! from_texts {
    ($name:ident: $count:literal = $($label:ident)+) => {
        impl From<[&str; $count]> for $name {
            #[inline]
            fn from([$($label),+]: [&str; $count]) -> Self {
                Self { $($label: $label.to_owned(),)+ }
            }
        }
    };
}

use {from_texts, label_set, label_sets};

pub(crate) fn enter(table: &mut Table) {
    ours::enter(table);
    fast_telemetry::enter(table);
    fastmetrics::enter(table);
    foundations_metrics::enter(table);
    measured::enter(table);
    metered::enter(table);
    metrics::enter(table);
    opentelemetry::enter(table);
    prometheus::enter(table);
    prometheus_client::enter(table);
    vise::enter(table);
}
