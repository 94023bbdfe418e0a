//! [`Variables`]: the variables of a Grafana dashboard, with which its user filters the panels.

use serde_json::{Value, json};

use super::{
    queries::sample_name,
    selectors::{labels, variable_matchers},
};
use crate::catalog::{Catalog, CatalogFamily, promql};

/// The variables for the data source, `job`, `instance`, and labels of the metrics.
#[derive(Clone, Debug)]
pub(super) struct Variables {
    /// A metric that every instance exposes, from which Grafana reads the values of `job` and
    /// `instance`.
    anchor: String,
    /// Each label with the name of a metric that has it.
    labels: Vec<(String, String)>,
}

impl Variables {
    /// The variables for these families; `anchor` is a metric that the program always exposes.
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
                    let metric = sample_name(family);
                    variables.labels.push((name.to_owned(), metric));
                }
            }
        }
        variables
    }

    fn has(&self, label: &str) -> bool {
        self.labels.iter().any(|(known, _)| known == label)
    }

    pub(super) fn to_json(&self, datasource_uid: Option<&str>) -> Vec<Value> {
        let mut datasource = json!({
            "name": "datasource",
            "label": "Data source",
            "type": "datasource",
            "query": "prometheus",
            "refresh": 1,
            "hide": 0,
        });
        if let Some(uid) = datasource_uid {
            datasource["current"] = json!({ "selected": true, "text": uid, "value": uid });
        }
        let job = query("job", &promql::series(&self.anchor, &[]));
        let of_job = promql::series(&self.anchor, &variable_matchers(["job"]));
        let instance = query("instance", &of_job);
        let labels = self.labels.iter().map(|(label, metric)| {
            query(
                label,
                &promql::series(metric, &variable_matchers(["job", "instance"])),
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
        // Refresh whenever the time range changes, to list the values of that range.
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "includeAll": true,
        // Without `allValue`, `All` expands to the known values, which excludes series that lack
        // the label.
        "allValue": ".*",
        "multi": true,
        "current": { "selected": true, "text": ["All"], "value": ["$__all"] },
    })
}

/// The name of a metric that every instance of the program exposes.
///
/// The last resort is `metrics_series`, which is missing if the registry has more than 1,000
/// families or does not write self-metrics.
pub(super) fn anchor(catalog: &Catalog) -> String {
    let infos = ["target_info", "build_info", "process_start_time_seconds"];
    let infos = infos.map(|name| format!("{}{name}", catalog.prefix));
    let found = infos
        .into_iter()
        .find(|name| catalog.family(name).is_some());
    found.unwrap_or_else(|| format!("{}metrics_series", catalog.prefix))
}

/// A panel's or variable's reference to the data source that the `datasource` variable selects.
pub(super) fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}
