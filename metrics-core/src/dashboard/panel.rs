//! `Panel`, a panel of a Grafana dashboard, and its JSON.

use serde_json::{Value, json};

use super::variables::datasource;
use crate::catalog::CatalogFamily;

/// A panel that `layout.rs` has not placed on the grid yet.
#[derive(Clone, Debug)]
pub(super) struct Panel {
    title: String,
    description: String,
    visualization: Visualization,
    width: u32,
    height: u32,
    unit: &'static str,
    queries: Vec<Query>,
    mappings: Value,
    pub(super) transformations: Value,
    pub(super) overrides: Value,
}

/// The visualization of a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Visualization {
    Lines,
    HeatMap,
    Table,
    States,
}

#[derive(Clone, Debug)]
struct Query {
    expression: String,
    legend: String,
}

impl Panel {
    /// A graph of values over time.
    pub(super) fn lines(title: &str) -> Panel {
        Panel::new(title, Visualization::Lines, 12, 8)
    }

    /// A heat map of the observations in each bucket over time.
    pub(super) fn heat_map(title: &str) -> Panel {
        Panel::new(title, Visualization::HeatMap, 12, 8)
    }

    /// A table of the current labels and values.
    pub(super) fn table(title: &str) -> Panel {
        Panel::new(title, Visualization::Table, 24, 8)
    }

    /// A timeline of which states were on.
    pub(super) fn states(title: &str) -> Panel {
        let mut panel = Panel::new(title, Visualization::States, 24, 8);
        panel.mappings = json!([{
            "type": "value",
            "options": {
                "0": { "text": "off", "color": "transparent", "index": 0 },
                "1": { "text": "on", "color": "green", "index": 1 },
            },
        }]);
        panel
    }

    fn new(title: &str, visualization: Visualization, width: u32, height: u32) -> Panel {
        Panel {
            title: title.to_owned(),
            description: String::new(),
            visualization,
            width,
            height,
            unit: "short",
            queries: Vec::new(),
            mappings: json!([]),
            transformations: json!([]),
            overrides: json!([]),
        }
    }

    /// Appends the family's help, name and type, and where it is declared, to the description.
    pub(super) fn about(mut self, family: &CatalogFamily) -> Panel {
        if !self.description.is_empty() {
            self.description.push_str("\n\n");
        }
        self.description.push_str(&about(family));
        self
    }

    /// Sets the description.
    pub(super) fn description(mut self, text: &str) -> Panel {
        text.clone_into(&mut self.description);
        self
    }

    pub(super) fn unit(mut self, unit: &'static str) -> Panel {
        self.unit = unit;
        self
    }

    pub(super) fn wide(mut self) -> Panel {
        self.width = 24;
        self
    }

    pub(super) fn narrow(mut self) -> Panel {
        self.width = 8;
        self
    }

    pub(super) fn query(mut self, legend: &str, expression: String) -> Panel {
        self.queries.push(Query {
            expression,
            legend: legend.to_owned(),
        });
        self
    }

    pub(super) fn title(&self) -> &str {
        &self.title
    }

    pub(super) fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    pub(super) fn to_json(&self) -> Value {
        let defaults = json!({
            "unit": self.unit,
            "mappings": self.mappings,
            "custom": self.visualization.custom(),
        });
        json!({
            "type": self.visualization.plugin(),
            "title": self.title,
            "description": self.description,
            "datasource": datasource(),
            "targets": self.targets(),
            "fieldConfig": { "defaults": defaults, "overrides": self.overrides },
            "options": self.visualization.options(self.unit),
            "transformations": self.transformations,
        })
    }

    fn targets(&self) -> Vec<Value> {
        let is_instant = self.visualization == Visualization::Table;
        let format = match self.visualization {
            Visualization::Table => "table",
            Visualization::HeatMap => "heatmap",
            _ => "time_series",
        };
        let has_exemplars = |query: &Query| {
            self.visualization == Visualization::Lines && query.expression.contains("_bucket")
        };
        let queries = self.queries.iter().zip('A'..='Z');
        let target = |(query, letter): (&Query, char)| {
            json!({
                "refId": letter.to_string(),
                "datasource": datasource(),
                "editorMode": "code",
                "expr": query.expression,
                "legendFormat": query.legend,
                "format": format,
                "instant": is_instant,
                "range": !is_instant,
                "exemplar": has_exemplars(query),
            })
        };
        queries.map(target).collect()
    }
}

impl Visualization {
    fn plugin(self) -> &'static str {
        match self {
            Visualization::Lines => "timeseries",
            Visualization::HeatMap => "heatmap",
            Visualization::Table => "table",
            Visualization::States => "state-timeline",
        }
    }

    /// The plugin's settings for each field (`fieldConfig.defaults.custom`).
    fn custom(self) -> Value {
        match self {
            Visualization::Lines => {
                json!({ "lineWidth": 1, "fillOpacity": 10, "showPoints": "never" })
            }
            Visualization::States => json!({ "lineWidth": 0, "fillOpacity": 80 }),
            Visualization::Table => json!({ "align": "auto", "inspect": false }),
            Visualization::HeatMap => json!({}),
        }
    }

    fn options(self, unit: &str) -> Value {
        match self {
            Visualization::Lines => json!({
                "legend": {
                    "showLegend": true,
                    "displayMode": "list",
                    "placement": "bottom",
                    "calcs": [],
                },
                "tooltip": { "mode": "multi", "sort": "desc" },
            }),
            Visualization::HeatMap => json!({
                "calculate": false,
                "color": {
                    "mode": "scheme",
                    "scheme": "Oranges",
                    "exponent": 0.5,
                    "steps": 64,
                    "reverse": false,
                    "fill": "dark-orange",
                    "scale": "exponential",
                },
                "cellGap": 1,
                "cellValues": { "unit": "short" },
                "exemplars": { "color": "rgba(255,0,255,0.7)" },
                "filterValues": { "le": 1e-9 },
                "legend": { "show": true },
                "rowsFrame": { "layout": "auto" },
                "showValue": "never",
                "tooltip": { "mode": "single", "yHistogram": false, "showColorScale": false },
                "yAxis": { "axisPlacement": "left", "reverse": false, "unit": unit },
            }),
            Visualization::Table => {
                json!({ "frameIndex": 0, "showHeader": true, "cellHeight": "sm" })
            }
            Visualization::States => json!({
                "mergeValues": true,
                "showValue": "never",
                "alignValue": "left",
                "rowHeight": 0.9,
                "legend": { "showLegend": true, "displayMode": "list", "placement": "bottom" },
                "tooltip": { "mode": "single", "sort": "none" },
            }),
        }
    }
}

/// The help, name and type of a family, and where it is declared.
fn about(family: &CatalogFamily) -> String {
    let locations: Vec<_> = family
        .members
        .iter()
        .take(MAX_LOCATIONS)
        .map(|member| format!("{}:{}", member.file, member.line))
        .collect();
    let more = family.members.len().saturating_sub(MAX_LOCATIONS);
    let more = match more {
        0 => String::new(),
        more => format!(" and in {more} more places"),
    };
    format!(
        "{}\n\n`{}` ({}), declared at {}{more}.",
        family.help,
        family.name,
        family.kind,
        locations.join(", ")
    )
}

/// Maximum number of declarations that a description lists.
const MAX_LOCATIONS: usize = 3;
