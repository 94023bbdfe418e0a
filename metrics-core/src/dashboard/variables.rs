//! What somebody who looks at a dashboard can choose.

use serde_json::{Value, json};

use super::{
    queries::counted_by,
    selectors::{chosen_by, labels},
};
use crate::catalog::{Catalog, CatalogFamily, promql};

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
                    let metric = counted_by(family);
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

/// Where Grafana says that data comes from: what the variable holds.
pub(super) fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}
