//! Builds the overview dashboard of a program.

use super::{
    calls::Calls,
    document::Dashboard,
    families,
    layout::Row,
    panel::Panel,
    queries::{error_share, quantile, rate, samples, sum_by},
    selectors::target_matchers,
    variables::{self, Variables},
};
use crate::catalog::{Catalog, CatalogFamily, promql};

impl Dashboard {
    /// Builds a dashboard of the whole program.
    ///
    /// It starts with instances, requests or calls, errors, latency, process resources and the
    /// self-metrics. A collapsed row for each family follows; it runs no queries until expanded.
    ///
    /// The families of function calls have no row; they are on the
    /// [`functions`](Dashboard::functions) dashboard.
    pub fn overview(catalog: &Catalog) -> Dashboard {
        dashboard(catalog)
    }
}

fn dashboard(catalog: &Catalog) -> Dashboard {
    let calls = Calls::of(catalog);
    let others = || catalog.families.iter().filter(|family| !calls.has(family));
    let mut rows = vec![
        Row::expanded("Service", service(catalog, &calls)),
        Row::expanded("Process", process(catalog)),
        Row::expanded("Metrics", self_metrics(catalog)),
    ];
    rows.extend(others().map(families::row));
    Dashboard {
        title: "Metrics overview".to_owned(),
        description: "Generated from the metrics that the program declares; do not edit.",
        uid: None,
        datasource: None,
        variables: Variables::of(variables::anchor(catalog), others()),
        rows,
    }
}

/// Panels about the instances, and about HTTP requests if the program measures requests, otherwise
/// about function calls.
fn service(catalog: &Catalog, calls: &Calls<'_>) -> Vec<Panel> {
    let up = promql::series("up", &target_matchers());
    let mut panels = vec![
        Panel::lines("Instances")
            .narrow()
            .description(
                "The number of instances that Prometheus scrapes, and how many of them are up.",
            )
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
                .description("The share of finished requests or calls that failed or panicked.")
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
                .description("Open file descriptors, as a share of the process's limit.")
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

/// Panels about the self-metrics, and the scrape durations that Prometheus records.
///
/// A missing error counter is displayed as 0, so that "no errors" does not look like "no data".
fn self_metrics(catalog: &Catalog) -> Vec<Panel> {
    let series =
        |name: &str| promql::series(&format!("{}{name}", catalog.prefix), &target_matchers());
    let increase = |name: &str, by: &[&str]| {
        let increase = format!("increase({}[$__rate_interval])", series(name));
        format!("{} or on () vector(0)", sum_by(by, &increase))
    };
    let scrapes = |name: &str| promql::series(name, &target_matchers());
    vec![
        Panel::lines("Series")
            .narrow()
            .description("The families with the most series.")
            .query(
                "{{family}}",
                families::largest(&sum_by(&["family"], &series("metrics_series"))),
            ),
        Panel::lines("Lost to limits")
            .narrow()
            .description(
                "Look-ups that led to an overflow series because the metric had reached its cardinality \
                 limit; values that could not be recorded; collectors that panicked or timed out.",
            )
            .query(
                "overflow: {{family}}",
                increase("metrics_overflowed_total", &["family"]),
            )
            .query(
                "rejected: {{family}} {{reason}}",
                increase("metrics_rejected_total", &["family", "reason"]),
            )
            .query(
                "collector: {{collector}} {{reason}}",
                increase("metrics_collector_errors_total", &["collector", "reason"]),
            ),
        Panel::lines("Scrapes")
            .narrow()
            .description("The duration of a scrape.")
            .unit("s")
            .query("{{instance}}", scrapes("scrape_duration_seconds")),
    ]
}

impl Catalog {
    /// The family with this name after the registry's prefix, such as a family of the process
    /// collector.
    fn named(&self, name: &str) -> Option<&CatalogFamily> {
        self.family(&format!("{}{name}", self.prefix))
    }
}
