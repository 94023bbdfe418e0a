//! Builds the panels about the metrics endpoint: what the library counts about itself, and the
//! scrapes that Prometheus records.

use super::{
    families,
    panel::Panel,
    queries::{average, rate, sum_by},
    selectors::target_matchers,
};
use crate::catalog::{Catalog, promql};

/// Panels about the registry's self-metrics and, if the program has one, the server's.
///
/// A missing error counter is displayed as 0, so that "no errors" does not look like "no data".
pub(super) fn panels(catalog: &Catalog) -> Vec<Panel> {
    let mut panels = registry(catalog).to_vec();
    panels.extend(server(catalog));
    panels
}

fn registry(catalog: &Catalog) -> [Panel; 4] {
    let series = |name: &str| self_metric(catalog, name);
    let scrapes = promql::series("scrape_duration_seconds", &target_matchers());
    let ratios = format!("max by (family) ({})", series("metrics_series_limit_ratio"));
    [
        Panel::lines("Scrapes")
            .narrow()
            .description("The duration of a scrape.")
            .unit("s")
            .query("{{instance}}", scrapes),
        Panel::lines("Series")
            .narrow()
            .description("The number of series of an instance.")
            .query("{{instance}}", series("metrics_series")),
        Panel::lines("Share of the cardinality limit")
            .narrow()
            .description(
                "The families that have at least half as many series as their cardinality limit.",
            )
            .unit("percentunit")
            .query("{{family}}", or_zero(&families::largest(&ratios))),
        Panel::lines("Lost to limits")
            .narrow()
            .description(
                "Look-ups that led to an overflow series because the metric had reached its cardinality \
                 limit; values that could not be recorded; collectors that panicked or timed out.",
            )
            .query(
                "overflow: {{family}}",
                increase(&series("metrics_overflowed_total"), &["family"]),
            )
            .query(
                "rejected: {{family}} {{reason}}",
                increase(&series("metrics_rejected_total"), &["family", "reason"]),
            )
            .query(
                "collector: {{collector}} {{reason}}",
                increase(
                    &series("metrics_collector_errors_total"),
                    &["collector", "reason"],
                ),
            ),
    ]
}

/// Panels about the server, which are missing if the program has none.
fn server(catalog: &Catalog) -> Vec<Panel> {
    let (Some(requests), Some(errors), Some(durations)) = (
        catalog.named("metrics_http_requests_total"),
        catalog.named("metrics_http_errors_total"),
        catalog.named("metrics_http_exposition_duration_seconds"),
    ) else {
        return Vec::new();
    };
    let errors_of_target = self_metric(catalog, "metrics_http_errors_total");
    vec![
        Panel::lines("Requests to the endpoint")
            .narrow()
            .about(requests)
            .unit("reqps")
            .query(
                "{{route}} {{code}}",
                or_zero(&sum_by(
                    &["route", "code"],
                    &rate(&self_metric(catalog, "metrics_http_requests_total")),
                )),
            ),
        Panel::lines("Errors of the endpoint")
            .narrow()
            .about(errors)
            .query("{{cause}}", increase(&errors_of_target, &["cause"])),
        Panel::lines("Duration of an exposition")
            .narrow()
            .about(durations)
            .unit("s")
            .query("average", average(durations, &[])),
    ]
}

/// Selects the series of a self-metric by the variables `job` and `instance` only, because the
/// dashboard has no variables for the labels of self-metrics.
fn self_metric(catalog: &Catalog, name: &str) -> String {
    promql::series(&format!("{}{name}", catalog.prefix), &target_matchers())
}

/// How much a counter increases between two points of a panel, by labels.
fn increase(series: &str, by: &[&str]) -> String {
    or_zero(&sum_by(by, &promql::increase(series, &"$__rate_interval")))
}

fn or_zero(expression: &str) -> String {
    format!("{expression} or on () vector(0)")
}
