//! The dashboard of functions with attributes.

use super::{
    Dashboard,
    families::most,
    layout::Row,
    overview::error_share,
    panel::Panel,
    queries::{average, buckets, quantile, rate, samples, sum_by},
    table,
    variables::{self, Variables},
};
use crate::catalog::{Catalog, CatalogFamily};

/// The families that functions share.
#[derive(Clone, Copy)]
pub(super) struct Calls<'a> {
    pub(super) counted: Option<&'a CatalogFamily>,
    pub(super) timed: Option<&'a CatalogFamily>,
    pub(super) in_flight: Option<&'a CatalogFamily>,
}

impl<'a> Calls<'a> {
    pub(super) fn of(catalog: &'a Catalog) -> Calls<'a> {
        let named = |name| catalog.family(&format!("{}{name}", catalog.prefix));
        Calls {
            counted: named("function_calls_total"),
            timed: named("function_duration_seconds"),
            in_flight: named("function_calls_in_flight"),
        }
    }

    fn all(self) -> impl Iterator<Item = &'a CatalogFamily> {
        [self.counted, self.timed, self.in_flight]
            .into_iter()
            .flatten()
    }

    pub(super) fn has(&self, family: &CatalogFamily) -> bool {
        self.all().any(|own| own.name == family.name)
    }
}

pub(super) fn dashboard(catalog: &Catalog) -> Dashboard {
    let calls = Calls::of(catalog);
    Dashboard {
        title: "Metrics of functions".to_owned(),
        description: "Made of the functions that the program measures: change those, not this.",
        uid: None,
        datasource: None,
        variables: Variables::of(&variables::anchor(catalog), calls.all()),
        rows: vec![
            Row::open("All functions", table::of(&calls).into_iter().collect()),
            Row::open("Calls", calls.counted.map(counted).unwrap_or_default()),
            Row::open("Durations", calls.timed.map(timed).unwrap_or_default()),
            Row::open(
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
            .query(FUNCTION, most(&sum_by(&BY, &rate))),
        Panel::lines("Share of errors")
            .narrow()
            .says("Of the calls that have ended, those that returned an error or panicked.")
            .about(calls)
            .unit("percentunit")
            .query(FUNCTION, most(&format!("({})", error_share(calls, &BY)))),
    ]
}

fn timed(durations: &CatalogFamily) -> Vec<Panel> {
    let p99 = quantile(0.99, durations, &BY);
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
            .query(FUNCTION, most(&format!("({p99})"))),
        Panel::heat_map("Distribution")
            .wide()
            .about(durations)
            .unit("s")
            .query("{{le}}", buckets(durations)),
    ]
}

fn in_flight(calls: &CatalogFamily) -> Vec<Panel> {
    let panel = Panel::lines("Calls in flight")
        .wide()
        .about(calls)
        .query(FUNCTION, most(&sum_by(&BY, &samples(calls, ""))));
    vec![panel]
}

/// What tells functions apart.
pub(super) const BY: [&str; 2] = ["function", "module"];
const FUNCTION: &str = "{{function}} ({{module}})";
