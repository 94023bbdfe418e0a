//! The matchers that restrict a query to what the dashboard's variables select.

use crate::{
    catalog::{CatalogFamily, promql},
    describe::{kind::Kind, name::is_legacy_label},
};

/// The labels of a family that can be chosen by: a variable's name has letters, digits and
/// underscores only. An info's labels are for reading.
pub(super) fn labels(family: &CatalogFamily) -> impl Iterator<Item = &str> {
    let is_info = family.kind == Kind::Info;
    let names = family.labels.iter().map(|label| &*label.name);
    names.filter(move |name| !is_info && !TAKEN.contains(name) && is_legacy_label(name))
}

/// What a family's series must match to be chosen.
pub(super) fn matchers(family: &CatalogFamily) -> Vec<String> {
    chosen_by(["job", "instance"].into_iter().chain(labels(family)))
}

/// What series of any metric must match.
pub(super) fn of_target() -> Vec<String> {
    chosen_by(["job", "instance"])
}

pub(super) fn chosen_by<'a>(labels: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let matcher = |label| promql::matcher(label, "=~", &format!("${label}"));
    labels.into_iter().map(matcher).collect()
}

/// Variables of another meaning, labels that mean something to histograms and summaries, and
/// `outcome`: the share of errors among those that are errors is of no use.
const TAKEN: [&str; 6] = ["datasource", "job", "instance", "le", "outcome", "quantile"];
