//! The dashboard of a whole program.

use super::{
    calls::Calls,
    document::Dashboard,
    families,
    layout::Row,
    panel::Panel,
    queries::{error_share, quantile, rate, samples, sum_by},
    selectors::of_target,
    variables::{self, Variables},
};
use crate::catalog::{Catalog, CatalogFamily, promql};

impl Dashboard {
    /// What the program does as a whole: whether it is up, its requests or calls, errors, latency,
    /// what the process takes, and what the metrics say of themselves; then a row for each family,
    /// closed at first, so that it costs nothing until somebody looks.
    ///
    /// The families of function calls are in [`functions`](Dashboard::functions).
    pub fn overview(catalog: &Catalog) -> Dashboard {
        dashboard(catalog)
    }
}

fn dashboard(catalog: &Catalog) -> Dashboard {
    let calls = Calls::of(catalog);
    let others = || catalog.families.iter().filter(|family| !calls.has(family));
    let mut rows = vec![
        Row::open("Service", service(catalog, &calls)),
        Row::open("Process", process(catalog)),
        Row::open("Metrics", own(catalog)),
    ];
    rows.extend(others().map(families::row));
    Dashboard {
        title: "Metrics overview".to_owned(),
        description: "Made of the metrics that the program declares: change those, not this.",
        uid: None,
        datasource: None,
        variables: Variables::of(&variables::anchor(catalog), others()),
        rows,
    }
}

/// Requests where they are measured, or else calls.
fn service(catalog: &Catalog, calls: &Calls<'_>) -> Vec<Panel> {
    let up = promql::series("up", &of_target());
    let mut panels = vec![
        Panel::lines("Instances")
            .narrow()
            .says("How many instances Prometheus scrapes, and for how many that succeeds.")
            .query("up", format!("sum({up})"))
            .query("all", format!("count({up})")),
    ];
    let requests = catalog.named("http_server_requests_total");
    let durations = catalog.named("http_server_request_duration_seconds");
    if let Some(counter) = requests.or(calls.counted) {
        let what = if requests.is_some() {
            "Requests"
        } else {
            "Calls"
        };
        panels.push(
            Panel::lines(&format!("{what} per second"))
                .narrow()
                .about(counter)
                .unit("reqps")
                .query(
                    "{{outcome}}",
                    sum_by(&["outcome"], &rate(&samples(counter, ""))),
                ),
        );
        panels.push(
            Panel::lines("Share of errors")
                .narrow()
                .says("Of all that has ended, what failed or panicked.")
                .about(counter)
                .unit("percentunit")
                .query("errors", error_share(counter, &[])),
        );
    }
    if let Some(durations) = durations.or(calls.timed) {
        panels.push(
            Panel::lines("Latency")
                .narrow()
                .about(durations)
                .unit("s")
                .query("p50", quantile(0.5, durations, &[]))
                .query("p99", quantile(0.99, durations, &[])),
        );
    }
    panels
}

fn process(catalog: &Catalog) -> Vec<Panel> {
    let named = |name| catalog.named(name);
    let mut panels = Vec::new();
    if let Some(cpu) = named("process_cpu_seconds_total") {
        panels.push(
            Panel::lines("CPU")
                .narrow()
                .about(cpu)
                .unit("percentunit")
                .query("{{instance}}", rate(&samples(cpu, ""))),
        );
    }
    if let Some(memory) = named("process_resident_memory_bytes") {
        panels.push(
            Panel::lines("Memory")
                .narrow()
                .about(memory)
                .unit("bytes")
                .query("{{instance}}", samples(memory, "")),
        );
    }
    if let (Some(open), Some(most)) = (named("process_open_fds"), named("process_max_fds")) {
        panels.push(
            Panel::lines("File descriptors")
                .narrow()
                .says("Of those that the process may open, how many are.")
                .about(open)
                .unit("percentunit")
                .query(
                    "{{instance}}",
                    format!("{} / {}", samples(open, ""), samples(most, "")),
                ),
        );
    }
    panels
}

/// What the registry says of itself, and Prometheus of its scrapes. Nothing is 0.
fn own(catalog: &Catalog) -> Vec<Panel> {
    let own = |name: &str| promql::series(&format!("{}{name}", catalog.prefix), &of_target());
    let grown = |name: &str, by: &[&str]| {
        let grown = format!("increase({}[$__rate_interval])", own(name));
        format!("{} or on () vector(0)", sum_by(by, &grown))
    };
    let scrapes = |name: &str| promql::series(name, &of_target());
    vec![
        Panel::lines("Series")
            .narrow()
            .says("Series of each family, the largest of them.")
            .query(
                "{{family}}",
                families::most(&sum_by(&["family"], &own("metrics_series"))),
            ),
        Panel::lines("Lost to limits")
            .narrow()
            .says(
                "Label sets that were recorded as `overflow`, as their metric had reached its cap; \
                 values that could not be recorded; collectors that panicked or did not answer.",
            )
            .query(
                "overflow: {{family}}",
                grown("metrics_overflowed_total", &["family"]),
            )
            .query(
                "rejected: {{family}} {{reason}}",
                grown("metrics_rejected_total", &["family", "reason"]),
            )
            .query(
                "collector: {{collector}} {{reason}}",
                grown("metrics_collector_errors_total", &["collector", "reason"]),
            ),
        Panel::lines("Scrapes")
            .narrow()
            .says("How long a scrape takes.")
            .unit("s")
            .query("{{instance}}", scrapes("scrape_duration_seconds")),
    ]
}

impl Catalog {
    /// The family that a server or a layer registers by this name, below the registry's prefix.
    fn named(&self, name: &str) -> Option<&CatalogFamily> {
        self.family(&format!("{}{name}", self.prefix))
    }
}
