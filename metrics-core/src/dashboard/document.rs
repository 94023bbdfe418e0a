//! [`Dashboard`]: a generated Grafana dashboard with its settings, and its JSON.

use serde_json::json;

use super::{
    layout::{self, Row, panels},
    variables::Variables,
};

/// A [Grafana](https://grafana.com) dashboard, as JSON for import or provisioning.
///
/// The output depends only on the catalogue and the settings, byte for byte. A panel's `id` is
/// derived from the titles of its row and panel, so links to a panel keep working when metrics are
/// added.
///
/// Queries filter by dashboard variables: data source, `job`, `instance`, and labels of the
/// metrics. If a histogram has both classic and native buckets, its panels use whichever Prometheus
/// stores.
///
/// ```
/// use metrics_core::{Dashboard, catalog, metrics};
///
/// metrics! {
///     /// Orders taken.
///     static ORDERS: Counter = "shop_orders_total";
/// }
///
/// let json = Dashboard::overview(&catalog()).title("Shop").to_json();
/// assert!(json.contains("sum(rate(shop_orders_total{"));
/// # ORDERS.inc();
/// ```
///
/// A test of the program can write the file that Grafana is provisioned from:
///
/// ```no_run
/// # use metrics_core::{Dashboard, catalog};
/// std::fs::write("dashboards/functions.json", Dashboard::functions(&catalog()).to_json())?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a dashboard is for writing: `to_json`"]
pub struct Dashboard {
    pub(super) title: String,
    pub(super) description: &'static str,
    pub(super) uid: Option<String>,
    pub(super) datasource: Option<String>,
    pub(super) variables: Variables,
    pub(super) rows: Vec<Row>,
}

impl Dashboard {
    /// Sets the title. Unless [`uid`](Dashboard::uid) is set, the identifier is derived from the
    /// title, so that Grafana replaces an existing dashboard of the same title.
    pub fn title(mut self, title: impl Into<String>) -> Dashboard {
        self.title = title.into();
        self
    }

    /// Sets the identifier that Grafana uses, also in the dashboard's URL.
    ///
    /// It is lower-cased and limited to 40 ASCII letters, digits, `-` and `_`. A run of other
    /// characters becomes one `-`, and a longer text is cut and ends in a hash.
    pub fn uid(mut self, uid: impl Into<String>) -> Dashboard {
        self.uid = Some(uid.into());
        self
    }

    /// Sets the `uid` of the data source that is selected initially. Without it Grafana selects its
    /// default data source, if that is a Prometheus.
    pub fn datasource(mut self, uid: impl Into<String>) -> Dashboard {
        self.datasource = Some(uid.into());
        self
    }

    /// The dashboard as JSON.
    pub fn to_json(&self) -> String {
        let uid = layout::uid(self.uid.as_deref().unwrap_or(&self.title));
        let dashboard = json!({
            "uid": uid,
            "title": self.title,
            "description": self.description,
            "tags": ["metrics"],
            "timezone": "browser",
            "editable": true,
            // Shared crosshair: hovering over one panel marks the time in all of them.
            "graphTooltip": 1,
            "refresh": "30s",
            "time": { "from": "now-1h", "to": "now" },
            "schemaVersion": SCHEMA_VERSION,
            "annotations": { "list": [] },
            "templating": { "list": self.variables.to_json(self.datasource.as_deref()) },
            "panels": panels(&self.rows),
        });
        // Cannot fail, because every map key is a string and every number is finite.
        serde_json::to_string_pretty(&dashboard).unwrap_or_default()
    }
}

/// The schema version of Grafana 10.0. Later versions migrate the dashboard when they load it.
const SCHEMA_VERSION: u32 = 38;
