//! Writes the matchers that restrict a query to the values selected in the dashboard's variables.

use crate::{
    catalog::{CatalogFamily, promql},
    describe::{kind::Kind, name::is_legacy_label},
};

/// The labels of a family that get a dashboard variable.
///
/// Leaves out the labels in [`WITHOUT_VARIABLE`], names with characters other than ASCII letters,
/// digits and underscores, which Grafana does not accept for a variable, and all labels of an info,
/// which are meant for reading, not for filtering.
pub(super) fn labels(family: &CatalogFamily) -> impl Iterator<Item = &str> {
    let is_info = family.kind == Kind::Info;
    let names = family.labels.iter().map(|label| &*label.name);
    names.filter(move |name| !is_info && !WITHOUT_VARIABLE.contains(name) && is_legacy_label(name))
}

/// The matchers for all variables that apply to a family.
pub(super) fn matchers(family: &CatalogFamily) -> Vec<String> {
    variable_matchers(["job", "instance"].into_iter().chain(labels(family)))
}

/// The matchers for `job` and `instance`, which apply to every metric.
pub(super) fn target_matchers() -> Vec<String> {
    variable_matchers(["job", "instance"])
}

/// A matcher for each label, with the variable of the same name.
pub(super) fn variable_matchers<'a>(labels: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let matcher = |label| promql::matcher(label, "=~", &format!("${label}"));
    labels.into_iter().map(matcher).collect()
}

/// Labels that get no variable of their own.
///
/// `datasource`, `job` and `instance` are variables already; `le` and `quantile` are internal to
/// histograms and summaries; selecting one `outcome` would make every share of errors 0 or 1.
const WITHOUT_VARIABLE: [&str; 6] = ["datasource", "job", "instance", "le", "outcome", "quantile"];
