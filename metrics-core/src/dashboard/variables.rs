//! [`Variables`]: the variables of a Grafana dashboard, with which its user filters the panels.

use serde_json::{Value, json};

use super::{
    queries::sample_names,
    selectors::{labels, variable_matchers},
};
use crate::{
    catalog::{Catalog, CatalogFamily, promql},
    describe::kind::Kind,
};

/// The variables for the data source, `job`, `instance`, and labels of the metrics.
#[derive(Clone, Debug)]
pub(super) struct Variables {
    /// Names of samples from which Grafana reads the values of `job` and `instance`; every instance
    /// exposes at least one of them.
    anchor: Vec<String>,
    /// Each label with the names of samples that have it.
    labels: Vec<(String, Vec<String>)>,
}

impl Variables {
    /// The variables for these families; `anchor` are the names that [`anchor`] returns.
    pub(super) fn of<'a>(
        anchor: Vec<String>,
        families: impl IntoIterator<Item = &'a CatalogFamily>,
    ) -> Variables {
        let mut variables = Variables {
            anchor,
            labels: Vec::new(),
        };
        for family in families {
            for name in labels(family) {
                if !variables.has(name) {
                    let samples = sample_names(family);
                    variables.labels.push((name.to_owned(), samples));
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
        let job = query("job", &promql::any_series(&self.anchor, &[]));
        let of_job = promql::any_series(&self.anchor, &variable_matchers(["job"]));
        let instance = query("instance", &of_job);
        let labels = self.labels.iter().map(|(label, samples)| {
            query(
                label,
                &promql::any_series(samples, &variable_matchers(["job", "instance"])),
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

/// The names of samples, of which every instance of the program exposes at least one.
///
/// The last resort is `metrics_series`, which is missing if the registry does not write
/// self-metrics.
pub(super) fn anchor(catalog: &Catalog) -> Vec<String> {
    let infos = ["target_info", "build_info", "process_start_time_seconds"];
    let infos = infos.map(|name| format!("{}{name}", catalog.prefix));
    let found = infos
        .into_iter()
        .find(|name| catalog.family(name).is_some());
    if let Some(info) = found {
        return vec![info];
    }
    let mut families = catalog.families.iter();
    match families.find(|family| is_always_exposed(family)) {
        Some(family) => sample_names(family),
        None => vec![format!("{}metrics_series", catalog.prefix)],
    }
}

/// Whether a family surely has samples before the first recording: a counter, histogram or summary
/// whose label values are all known at compile time, and which no collector writes.
fn is_always_exposed(family: &CatalogFamily) -> bool {
    let has_zeros = matches!(family.kind, Kind::Counter | Kind::Histogram | Kind::Summary);
    has_zeros && !family.collected && family.labels.iter().all(|label| label.values.is_some())
}

/// A panel's or variable's reference to the data source that the `datasource` variable selects.
pub(super) fn datasource() -> Value {
    json!({ "type": "prometheus", "uid": "${datasource}" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Counter, Gauge, Histogram, Options, Registry};

    fn options(name: &str) -> Options {
        Options::new(name, "Help.")
    }

    #[test]
    fn a_metric_that_is_exposed_from_the_start_stands_for_the_program() {
        let registry = Registry::new();
        let (gauge, labelled) = (options("a"), options("b_total").labels(["open"]));
        registry.create::<Gauge>(gauge).expect("valid");
        registry.create_family::<Counter>(labelled).expect("valid");
        assert_eq!(anchor(&registry.catalog()), ["metrics_series"]);
        registry
            .create::<Counter>(options("c_total"))
            .expect("valid");
        assert_eq!(anchor(&registry.catalog()), ["c_total"]);
        registry
            .create::<Gauge>(options("process_start_time_seconds"))
            .expect("valid");
        let start = ["process_start_time_seconds"];
        assert_eq!(anchor(&registry.catalog()), start);
    }

    #[test]
    fn a_label_of_a_histogram_with_both_kinds_of_buckets_is_found_in_either() {
        let registry = Registry::new();
        let both = options("size").labels(["shop"]).native(1.1).buckets([1.0]);
        registry.create_family::<Histogram>(both).expect("valid");
        let catalog = registry.catalog();
        let variables = Variables::of(vec!["up".to_owned()], &catalog.families);
        let shop = variables.to_json(None).pop().expect("it has a label");
        let query = shop["query"].as_str().expect("text");
        let series = r#"label_values({__name__=~"size|size_count",job=~"#;
        assert!(query.starts_with(series), "{query}");
    }
}
