//! Queries for families, by their types.

use super::selectors::matchers;
use crate::{
    catalog::{CatalogFamily, CatalogLabel, promql},
    describe::kind::Kind,
};

/// A family's samples, as somebody chose them.
pub(super) fn samples(family: &CatalogFamily, suffix: &str) -> String {
    samples_with(family, suffix, None)
}

/// The same with one more condition.
pub(super) fn samples_with(family: &CatalogFamily, suffix: &str, more: Option<String>) -> String {
    let name = format!("{}{suffix}", family.name);
    let mut matchers = matchers(family);
    matchers.extend(more);
    promql::series(&name, &matchers)
}

/// A sample that all series of a family have.
pub(super) fn counted_by(family: &CatalogFamily) -> String {
    match family.kind {
        Kind::Histogram if is_native_only(family) => family.name.clone(),
        Kind::Histogram | Kind::Summary => format!("{}_count", family.name),
        Kind::GaugeHistogram => format!("{}_bucket", family.name),
        _ => family.name.clone(),
    }
}

/// How fast samples grow.
pub(super) fn rate(samples: &str) -> String {
    format!("rate({samples}[$__rate_interval])")
}

/// The sum of an expression by labels.
pub(super) fn sum_by(labels: &[&str], expression: &str) -> String {
    if labels.is_empty() {
        format!("sum({expression})")
    } else {
        let labels = promql::labels(labels.iter().copied());
        format!("sum by {labels} ({expression})")
    }
}

/// Of all that a counter has counted, what ended as an error or in a panic.
pub(super) fn error_share(counter: &CatalogFamily, by: &[&str]) -> String {
    let bad = promql::matcher("outcome", "=~", "error|panic");
    let bad = sum_by(by, &rate(&samples_with(counter, "", Some(bad))));
    format!("{bad} / {}", sum_by(by, &rate(&samples(counter, ""))))
}

/// The observations of a histogram in a second, or of a summary.
pub(super) fn observations(family: &CatalogFamily, by: &[&str]) -> String {
    either(
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

/// What the observations are on average.
pub(super) fn average(family: &CatalogFamily, by: &[&str]) -> String {
    either(
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
    either(
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

/// What a heat map shows of a histogram: how much is in each bucket.
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
        // Classic buckets have `le`, so that `or` alone would show both.
        (true, false) => format!("{0} or ({1} unless on () {0})", classic(), native()),
    }
}

/// A query of classic buckets, of native ones, or of those that Prometheus has: which of a
/// histogram that has both is up to how it scrapes.
fn either(
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

/// The labels that all values of are known, and so are few.
pub(super) fn closed_labels(family: &CatalogFamily) -> Vec<&str> {
    names(family, |label| {
        label.values.as_ref().is_some_and(|v| v.len() > 1)
    })
}

/// The labels whose values come as the program runs.
pub(super) fn open_labels(family: &CatalogFamily) -> Vec<&str> {
    names(family, |label| label.values.is_none())
}

fn names(family: &CatalogFamily, which: impl Fn(&CatalogLabel) -> bool) -> Vec<&str> {
    let labels = family.labels.iter().filter(|label| which(label));
    labels.map(|label| &*label.name).collect()
}

/// A legend of labels: `{{cache}} {{reason}}`.
pub(super) fn legend<'a>(labels: impl IntoIterator<Item = &'a str>) -> String {
    let labels = labels.into_iter().map(|label| format!("{{{{{label}}}}}"));
    labels.collect::<Vec<_>>().join(" ")
}
