//! Builds the dashboard of the functions with `#[counted]`, `#[timed]` or `#[in_flight]` that
//! record into the default families.

use super::{
    calls::{Calls, FUNCTION_LABELS},
    document::Dashboard,
    families::largest,
    layout::Row,
    panel::Panel,
    queries::{average, buckets, error_share, quantile, rate, samples, sum_by},
    table,
    variables::{self, Variables},
};
use crate::catalog::{Catalog, CatalogFamily};

impl Dashboard {
    /// Builds a dashboard of the functions with [`counted`](macro@crate::counted),
    /// [`timed`](macro@crate::timed) or [`in_flight`](macro@crate::in_flight).
    ///
    /// It contains a table of all functions, then calls by outcome, durations and calls in flight.
    ///
    /// Functions whose attribute sets another family `name` are on the
    /// [`overview`](Dashboard::overview) dashboard instead.
    pub fn functions(catalog: &Catalog) -> Dashboard {
        dashboard(catalog)
    }
}

fn dashboard(catalog: &Catalog) -> Dashboard {
    let calls = Calls::of(catalog);
    Dashboard {
        title: "Metrics of functions".to_owned(),
        description: "Generated from the functions that the program measures; do not edit.",
        uid: None,
        datasource: None,
        variables: Variables::of(variables::anchor(catalog), calls.all()),
        rows: vec![
            Row::expanded("All functions", table::of(&calls).into_iter().collect()),
            Row::expanded("Calls", calls.counted.map(counted).unwrap_or_default()),
            Row::expanded("Durations", calls.timed.map(timed).unwrap_or_default()),
            Row::expanded(
                "In flight",
                calls.in_flight.map(in_flight).unwrap_or_default(),
            ),
        ],
    }
}

fn counted(calls: &CatalogFamily) -> Vec<Panel> {
    let rate = rate(&samples(calls, ""));
    vec![
        Panel::lines("Calls per second, by outcome")
            .narrow()
            .about(calls)
            .unit("reqps")
            .query("{{outcome}}", sum_by(&["outcome"], &rate)),
        Panel::lines("Calls per second, by function")
            .narrow()
            .about(calls)
            .unit("reqps")
            .query(FUNCTION, largest(&sum_by(&FUNCTION_LABELS, &rate))),
        Panel::lines("Share of errors")
            .narrow()
            .description("The share of finished calls that returned an error or panicked.")
            .about(calls)
            .unit("percentunit")
            .query(
                FUNCTION,
                largest(&format!("({})", error_share(calls, &FUNCTION_LABELS))),
            ),
    ]
}

fn timed(durations: &CatalogFamily) -> Vec<Panel> {
    let p99 = quantile(0.99, durations, &FUNCTION_LABELS);
    vec![
        Panel::lines("Quantiles")
            .about(durations)
            .unit("s")
            .query("p50", quantile(0.5, durations, &[]))
            .query("p95", quantile(0.95, durations, &[]))
            .query("p99", quantile(0.99, durations, &[]))
            .query("average", average(durations, &[])),
        Panel::lines("p99, by function")
            .about(durations)
            .unit("s")
            .query(FUNCTION, largest(&format!("({p99})"))),
        Panel::heat_map("Distribution")
            .wide()
            .about(durations)
            .unit("s")
            .query("{{le}}", buckets(durations)),
    ]
}

fn in_flight(calls: &CatalogFamily) -> Vec<Panel> {
    let panel = Panel::lines("Calls in flight").wide().about(calls).query(
        FUNCTION,
        largest(&sum_by(&FUNCTION_LABELS, &samples(calls, ""))),
    );
    vec![panel]
}

/// The legend of a panel with one line per function.
const FUNCTION: &str = "{{function}} ({{module}})";
