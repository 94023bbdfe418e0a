//! A dashboard and its JSON.

use serde_json::json;

use super::{
    layout::{self, Row, panels},
    variables::Variables,
};

/// A dashboard of [Grafana](https://grafana.com), in the JSON that Grafana imports and provisions.
///
/// The same catalogue makes the same dashboard, to the byte. What a panel is called by, its `id`,
/// comes from what it shows: it stays when metrics are added, and so do links to it.
///
/// Queries take the metrics as Prometheus scrapes them, and choose by variables: the data source,
/// `job`, `instance`, and labels of the metrics shown. Of a histogram that has classic and native
/// buckets those are shown that Prometheus has.
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
/// A test of the program may write it to a file, for `grafana` to be provisioned with:
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
    /// What it is called. Unless [`uid`](Dashboard::uid) says otherwise, Grafana knows it by this
    /// as well, and takes one of the same title for a new version of it.
    pub fn title(mut self, title: impl Into<String>) -> Dashboard {
        self.title = title.into();
        self
    }

    /// What Grafana knows it by, in its address too: up to 40 letters, digits, `-` and `_`; others
    /// become `-`.
    pub fn uid(mut self, uid: impl Into<String>) -> Dashboard {
        self.uid = Some(uid.into());
        self
    }

    /// The `uid` of the data source that is chosen at first. Otherwise Grafana chooses: its default
    /// one, if that is a Prometheus.
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
            // Crosshairs of all panels go together.
            "graphTooltip": 1,
            "refresh": "30s",
            "time": { "from": "now-1h", "to": "now" },
            "schemaVersion": SCHEMA_VERSION,
            "annotations": { "list": [] },
            "templating": { "list": self.variables.to_json(self.datasource.as_deref()) },
            "panels": panels(&self.rows),
        });
        // All of it is text, finite numbers and lists of these.
        serde_json::to_string_pretty(&dashboard).unwrap_or_default()
    }
}

/// That of Grafana 10.0; later versions bring it up to theirs as they read it.
const SCHEMA_VERSION: u32 = 38;
