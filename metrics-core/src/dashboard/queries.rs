//! Writes the PromQL queries of dashboard panels, depending on the type of the family.

use super::selectors::matchers;
use crate::{
    catalog::{CatalogFamily, CatalogLabel, promql},
    describe::kind::Kind,
};

/// Selects the samples whose name is the family's plus `suffix`, filtered by the dashboard's
/// variables.
pub(super) fn samples(family: &CatalogFamily, suffix: &str) -> String {
    samples_with(family, suffix, None)
}

/// Like [`samples`], also restricted by the matcher `more`, if there is one.
pub(super) fn samples_with(family: &CatalogFamily, suffix: &str, more: Option<String>) -> String {
    let name = format!("{}{suffix}", family.name);
    let mut matchers = matchers(family);
    matchers.extend(more);
    promql::series(&name, &matchers)
}

/// Names of samples, of which every series of the family has at least one. A histogram with classic
/// and native buckets has two names, because Prometheus stores it as classic series, as native
/// series, or as both.
pub(super) fn sample_names(family: &CatalogFamily) -> Vec<String> {
    let (name, count) = (family.name.clone(), format!("{}_count", family.name));
    match family.kind {
        Kind::Histogram if is_native_only(family) => vec![name],
        Kind::Histogram if family.native.is_some() => vec![name, count],
        Kind::Histogram | Kind::Summary => vec![count],
        Kind::GaugeHistogram => vec![format!("{name}_bucket")],
        _ => vec![name],
    }
}

/// The per-second increase of samples.
pub(super) fn rate(samples: &str) -> String {
    format!("rate({samples}[$__rate_interval])")
}

/// Sums an expression by labels, or over all series if there are none.
pub(super) fn sum_by(labels: &[&str], expression: &str) -> String {
    if labels.is_empty() {
        format!("sum({expression})")
    } else {
        let labels = promql::labels(labels.iter().copied());
        format!("sum by {labels} ({expression})")
    }
}

/// The share of a counter's increase with outcome `error` or `panic`.
pub(super) fn error_share(counter: &CatalogFamily, by: &[&str]) -> String {
    let bad = promql::matcher("outcome", "=~", "error|panic");
    let bad = sum_by(by, &rate(&samples_with(counter, "", Some(bad))));
    format!("{bad} / {}", sum_by(by, &rate(&samples(counter, ""))))
}

/// The number of observations per second of a histogram or summary.
pub(super) fn observations(family: &CatalogFamily, by: &[&str]) -> String {
    classic_or_native(
        family,
        || sum_by(by, &rate(&samples(family, "_count"))),
        || {
            format!(
                "histogram_count({})",
                sum_by(by, &rate(&samples(family, "")))
            )
        },
    )
}

/// The average of a histogram's or summary's observations.
pub(super) fn average(family: &CatalogFamily, by: &[&str]) -> String {
    classic_or_native(
        family,
        || {
            let [sum, count] = ["_sum", "_count"].map(|s| sum_by(by, &rate(&samples(family, s))));
            format!("{sum} / {count}")
        },
        || {
            let all = sum_by(by, &rate(&samples(family, "")));
            format!("histogram_sum({all}) / histogram_count({all})")
        },
    )
}

/// A quantile of a histogram's observations.
pub(super) fn quantile(quantile: f64, family: &CatalogFamily, by: &[&str]) -> String {
    let with_le: Vec<_> = ["le"].into_iter().chain(by.iter().copied()).collect();
    classic_or_native(
        family,
        || {
            let buckets = samples(family, "_bucket");
            let buckets = if family.kind == Kind::GaugeHistogram {
                buckets
            } else {
                rate(&buckets)
            };
            format!(
                "histogram_quantile({quantile}, {})",
                sum_by(&with_le, &buckets)
            )
        },
        || {
            let all = sum_by(by, &rate(&samples(family, "")));
            format!("histogram_quantile({quantile}, {all})")
        },
    )
}

/// The query of a heat map: the number of observations in each bucket, per interval for a
/// histogram, and the current number for a gauge histogram.
pub(super) fn buckets(family: &CatalogFamily) -> String {
    let classic = || {
        let buckets = samples(family, "_bucket");
        match family.kind {
            Kind::GaugeHistogram => sum_by(&["le"], &buckets),
            _ => sum_by(&["le"], &format!("increase({buckets}[$__rate_interval])")),
        }
    };
    let native = || format!("sum(increase({}[$__rate_interval]))", samples(family, ""));
    match (family.native.is_some(), is_native_only(family)) {
        (false, _) => classic(),
        (true, true) => native(),
        // Classic series have `le` and native ones do not, so a plain `or` would return both.
        (true, false) => format!("{0} or ({1} unless on () {0})", classic(), native()),
    }
}

/// Queries the classic or the native buckets, depending on which the histogram has.
///
/// If it has both, the query works with either, because the scrape configuration of Prometheus
/// decides which of them it stores.
fn classic_or_native(
    family: &CatalogFamily,
    classic: impl Fn() -> String,
    native: impl Fn() -> String,
) -> String {
    match (family.native.is_some(), is_native_only(family)) {
        (false, _) => classic(),
        (true, true) => native(),
        (true, false) => format!("{} or {}", classic(), native()),
    }
}

fn is_native_only(family: &CatalogFamily) -> bool {
    family.native.is_some() && family.buckets.is_empty()
}

/// The closed labels that have more than one value.
pub(super) fn closed_labels(family: &CatalogFamily) -> Vec<&str> {
    names(family, |label| {
        label.values.as_ref().is_some_and(|v| v.len() > 1)
    })
}

/// The open labels, whose values are known only at run time.
pub(super) fn open_labels(family: &CatalogFamily) -> Vec<&str> {
    names(family, |label| label.values.is_none())
}

fn names(family: &CatalogFamily, is_wanted: impl Fn(&CatalogLabel) -> bool) -> Vec<&str> {
    let labels = family.labels.iter().filter(|label| is_wanted(label));
    labels.map(|label| &*label.name).collect()
}

/// A legend template with the values of labels: `{{cache}} {{reason}}`.
pub(super) fn legend<'a>(labels: impl IntoIterator<Item = &'a str>) -> String {
    let labels = labels.into_iter().map(|label| format!("{{{{{label}}}}}"));
    labels.collect::<Vec<_>>().join(" ")
}
