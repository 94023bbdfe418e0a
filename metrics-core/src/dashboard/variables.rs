//! What somebody who looks at a dashboard can choose.

use serde_json::{Value, json};

use super::datasource;
use crate::{
    catalog::{Catalog, CatalogFamily, promql},
    describe::name::is_legacy_label,
};

/// Variables: the data source, `job`, `instance`, and labels.
#[derive(Clone, Debug)]
pub(super) struct Variables {
    /// A metric that every instance has, to find jobs by.
    anchor: String,
    /// Each label with a metric that has it.
    labels: Vec<(String, String)>,
}

impl Variables {
    /// The variables of these families; `anchor` is a metric that the program always has.
    pub(super) fn of<'a>(
        anchor: &str,
        families: impl IntoIterator<Item = &'a CatalogFamily>,
    ) -> Variables {
        let mut variables = Variables {
            anchor: anchor.to_owned(),
            labels: Vec::new(),
        };
        for family in families {
            for name in labels(family) {
                if !variables.has(name) {
                    let metric = super::queries::counted_by(family);
                    variables.labels.push((name.to_owned(), metric));
                }
            }
        }
        variables
    }

    fn has(&self, label: &str) -> bool {
        self.labels.iter().any(|(known, _)| known == label)
    }

    pub(super) fn to_json(&self, chosen: Option<&str>) -> Vec<Value> {
        let mut datasource = json!({
            "name": "datasource",
            "label": "Data source",
            "type": "datasource",
            "query": "prometheus",
            "refresh": 1,
            "hide": 0,
        });
        if let Some(uid) = chosen {
            datasource["current"] = json!({ "selected": true, "text": uid, "value": uid });
        }
        let job = query("job", &promql::series(&self.anchor, &[]));
        let of_job = promql::series(&self.anchor, &chosen_by(["job"]));
        let instance = query("instance", &of_job);
        let labels = self.labels.iter().map(|(label, metric)| {
            query(
                label,
                &promql::series(metric, &chosen_by(["job", "instance"])),
            )
        });
        [datasource, job, instance]
            .into_iter()
            .chain(labels)
            .collect()
    }
}

/// The labels of a family that can be chosen by: a variable's name has letters, digits and
/// underscores only. An info's labels are for reading.
fn labels(family: &CatalogFamily) -> impl Iterator<Item = &str> {
    let is_info = family.kind == crate::describe::kind::Kind::Info;
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

fn chosen_by<'a>(labels: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let matcher = |label| promql::matcher(label, "=~", &format!("${label}"));
    labels.into_iter().map(matcher).collect()
}

fn query(label: &str, series: &str) -> Value {
    let query = format!("label_values({series}, {label})");
    json!({
        "name": label,
        "label": label,
        "type": "query",
        "datasource": datasource(),
        "definition": query,
        "query": query,
        // Whenever the time range changes: what there was then.
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "includeAll": true,
        // Series that lack the label match as well.
        "allValue": ".*",
        "multi": true,
        "current": { "selected": true, "text": ["All"], "value": ["$__all"] },
    })
}

/// A metric that every instance of the program has.
pub(super) fn anchor(catalog: &Catalog) -> String {
    let infos = ["target_info", "build_info", "process_start_time_seconds"];
    let infos = infos.map(|name| format!("{}{name}", catalog.prefix));
    let found = infos
        .into_iter()
        .find(|name| catalog.family(name).is_some());
    found.unwrap_or_else(|| format!("{}metrics_series", catalog.prefix))
}

/// Variables of another meaning, labels that mean something to histograms and summaries, and
/// `outcome`: the share of errors among those that are errors is of no use.
const TAKEN: [&str; 6] = ["datasource", "job", "instance", "le", "outcome", "quantile"];
