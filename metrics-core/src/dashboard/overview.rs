//! Builds the overview dashboard of a program.

use super::{
    calls::Calls,
    document::Dashboard,
    endpoint, families,
    layout::Row,
    panel::Panel,
    queries::{error_share, quantile, rate, samples, sum_by},
    selectors::target_matchers,
    variables::{self, Variables},
};
use crate::{
    catalog::{Catalog, CatalogFamily, promql},
    describe::subject::Subject,
};

impl Dashboard {
    /// Builds a dashboard of the whole program.
    ///
    /// It starts with instances, requests or calls, errors, latency, process resources and the
    /// metrics endpoint. A collapsed row for each family follows; it runs no queries until expanded.
    ///
    /// The families of function calls have no row, because they are on the
    /// [`functions`](Dashboard::functions) dashboard. Neither have the self-metrics, because they
    /// are in the row about the metrics endpoint.
    pub fn overview(catalog: &Catalog) -> Dashboard {
        dashboard(catalog)
    }
}

fn dashboard(catalog: &Catalog) -> Dashboard {
    let calls = Calls::of(catalog);
    let has_row =
        |family: &&CatalogFamily| family.subject != Subject::Library && !calls.has(family);
    let others = || catalog.families.iter().filter(has_row);
    let mut rows = vec![
        Row::expanded("Service", service(catalog, &calls)),
        Row::expanded("Process", process(catalog)),
        Row::expanded("Metrics endpoint", endpoint::panels(catalog)),
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

impl Catalog {
    /// The family with this name after the registry's prefix, such as a family of the process
    /// collector.
    pub(super) fn named(&self, name: &str) -> Option<&CatalogFamily> {
        self.family(&format!("{}{name}", self.prefix))
    }
}
