//! Builds the panels of one family, depending on its type.

use super::{
    layout::Row,
    panel::Panel,
    queries::{
        average, buckets, closed_labels, legend, observations, open_labels, quantile, rate,
        samples, samples_with, sum_by,
    },
    unit,
};
use crate::{
    catalog::{CatalogFamily, promql},
    describe::kind::Kind,
};

/// Builds a collapsed row with all panels of a family.
pub(super) fn row(family: &CatalogFamily) -> Row {
    let panels = match family.kind {
        Kind::Counter => counter(family),
        Kind::Histogram => histogram(family),
        Kind::GaugeHistogram => gauge_histogram(family),
        Kind::Summary => summary(family),
        Kind::Info => vec![info(family)],
        Kind::StateSet => vec![states(family)],
        Kind::Gauge | Kind::Unknown => gauge(family),
    };
    let panels = panels.into_iter().map(|panel| panel.about(family));
    Row::collapsed(&family.name, panels.collect())
}

fn counter(family: &CatalogFamily) -> Vec<Panel> {
    let (closed, open) = (closed_labels(family), open_labels(family));
    let rate = rate(&samples(family, ""));
    let per_second = Panel::lines(&format!("{}, per second", family.name))
        .unit(unit::of_rate(family))
        .query(&legend_or_name(family, &closed), sum_by(&closed, &rate));
    let largest = open.iter().map(|label| {
        Panel::lines(&format!("{}, by {label}", family.name))
            .unit(unit::of_rate(family))
            .query(&legend([*label]), largest(&sum_by(&[*label], &rate)))
    });
    wide_if_alone([per_second].into_iter().chain(largest).collect())
}

/// A panel with one line per instance and label set, because the sum of a gauge over instances may
/// be meaningless.
fn gauge(family: &CatalogFamily) -> Vec<Panel> {
    let labels = family.labels.iter().map(|label| &*label.name);
    let labels: Vec<_> = ["instance"].into_iter().chain(labels).collect();
    let mut values = samples(family, "");
    if !open_labels(family).is_empty() || family.collected {
        values = largest(&values);
    }
    let mut panel = Panel::lines(&family.name).unit(unit::of(family));
    if unit::is_timestamp(family) {
        // The Grafana unit `dateTimeAsIso` expects milliseconds.
        values = format!("{values} * 1000");
        panel = panel.unit("dateTimeAsIso");
    }
    wide_if_alone(vec![panel.query(&legend(labels), values)])
}

fn histogram(family: &CatalogFamily) -> Vec<Panel> {
    let mut panels = vec![
        Panel::heat_map(&format!("{}, distribution", family.name))
            .unit(unit::of(family))
            .query("{{le}}", buckets(family)),
        quantiles(family),
    ];
    let closed = closed_labels(family);
    if !closed.is_empty() {
        let p99 = quantile(0.99, family, &closed);
        panels.push(
            Panel::lines(&format!("{}, p99 by label", family.name))
                .unit(unit::of(family))
                .query(&legend(closed.iter().copied()), p99),
        );
    }
    panels.push(
        Panel::lines(&format!("{}, observations per second", family.name))
            .unit("cps")
            .query(
                &legend_or_name(family, &closed),
                observations(family, &closed),
            ),
    );
    panels
}

fn quantiles(family: &CatalogFamily) -> Panel {
    Panel::lines(&format!("{}, quantiles", family.name))
        .unit(unit::of(family))
        .query("p50", quantile(0.5, family, &[]))
        .query("p95", quantile(0.95, family, &[]))
        .query("p99", quantile(0.99, family, &[]))
        .query("average", average(family, &[]))
}

/// Panels like those of a histogram, but without rates, because the buckets hold current counts,
/// not totals.
fn gauge_histogram(family: &CatalogFamily) -> Vec<Panel> {
    vec![
        Panel::heat_map(&format!("{}, distribution", family.name))
            .unit(unit::of(family))
            .query("{{le}}", buckets(family)),
        Panel::lines(&format!("{}, quantiles", family.name))
            .unit(unit::of(family))
            .query("p50", quantile(0.5, family, &[]))
            .query("p95", quantile(0.95, family, &[]))
            .query("p99", quantile(0.99, family, &[])),
    ]
}

fn summary(family: &CatalogFamily) -> Vec<Panel> {
    let closed = closed_labels(family);
    let mut lines = Panel::lines(&format!("{}, average", family.name))
        .description("Quantiles of several instances cannot be aggregated; the largest is shown.")
        .unit(unit::of(family));
    for quantile in &family.quantiles {
        let matcher = promql::number_matcher("quantile", *quantile);
        let values = samples_with(family, "", Some(matcher));
        lines = lines.query(&format!("p{}", quantile * 100.0), format!("max({values})"));
    }
    let observations = Panel::lines(&format!("{}, observations per second", family.name))
        .unit("cps")
        .query(
            &legend_or_name(family, &closed),
            observations(family, &closed),
        );
    vec![lines.query("average", average(family, &[])), observations]
}

fn info(family: &CatalogFamily) -> Panel {
    let mut panel = Panel::table(&family.name).query("", samples(family, ""));
    panel.transformations = serde_json::json!([{
        "id": "organize",
        "options": {
            "excludeByName": { "Time": true, "Value": true, "__name__": true },
            "indexByName": {},
            "renameByName": {},
        },
    }]);
    panel
}

fn states(family: &CatalogFamily) -> Panel {
    // The state is the value of a label that has the family's name.
    let by: Vec<_> = [family.name.as_str()]
        .into_iter()
        .chain(closed_labels(family))
        .collect();
    let states = format!(
        "max by {} ({})",
        promql::labels(by.iter().copied()),
        samples(family, "")
    );
    Panel::states(&family.name).query(&legend(by), states)
}

/// Limits an expression to the largest series at each time, because there may be thousands.
pub(super) fn largest(expression: &str) -> String {
    format!("topk({MAX_SERIES}, {expression})")
}

/// The legend of `labels`, or the family's name if there are no labels.
fn legend_or_name(family: &CatalogFamily, labels: &[&str]) -> String {
    if labels.is_empty() {
        family.name.clone()
    } else {
        legend(labels.iter().copied())
    }
}

fn wide_if_alone(mut panels: Vec<Panel>) -> Vec<Panel> {
    match panels.pop() {
        Some(alone) if panels.is_empty() => vec![alone.wide()],
        Some(last) => {
            panels.push(last);
            panels
        }
        None => panels,
    }
}

/// Maximum number of series that [`largest`] selects at a time.
const MAX_SERIES: u32 = 20;
