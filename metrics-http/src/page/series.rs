//! Answers queries of the live page for the current series of a family.

use std::time::Duration;

use metrics_core::{Metric, MetricFamily, MetricValue, Registry};
use serde::Serialize;

use super::{feed::VERSION, point::total};

/// Selects series of a family.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct SeriesQuery {
    family: String,
    /// The text to search for in label names and values, in lower case.
    search: String,
    offset: usize,
    limit: usize,
    /// Whether to sort by descending value instead of keeping the registry's order.
    sorts_by_value: bool,
}

#[derive(Serialize)]
struct SeriesResponse<'a> {
    version: u32,
    time: f64,
    /// Number of series that match the search.
    total: usize,
    offset: usize,
    series: Vec<Series<'a>>,
}

#[derive(Serialize)]
struct Series<'a> {
    labels: &'a [(String, String)],
    #[serde(flatten)]
    value: SeriesValue<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum SeriesValue<'a> {
    Number {
        value: f64,
    },
    Histogram {
        count: f64,
        sum: f64,
    },
    Summary {
        count: f64,
        sum: f64,
        quantiles: &'a [(f64, f64)],
    },
    StateSet {
        states: Vec<&'a str>,
    },
    None {},
}

impl SeriesQuery {
    /// Parses a query; a malformed parameter is replaced by its default.
    pub(super) fn parse(query: &str) -> SeriesQuery {
        let mut parsed = SeriesQuery {
            limit: DEFAULT_LIMIT,
            ..SeriesQuery::default()
        };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "family" => parsed.family = value.into_owned(),
                "search" => parsed.search = value.to_lowercase(),
                "offset" => parsed.offset = value.parse().unwrap_or(0),
                "limit" => parsed.limit = value.parse().unwrap_or(DEFAULT_LIMIT).min(MAX_LIMIT),
                "sort" => parsed.sorts_by_value = value == "value",
                _ => {}
            }
        }
        parsed
    }

    /// Gathers the family; returns the selected series as JSON.
    pub(super) fn gather(&self, registry: &Registry, time: f64, timeout: Duration) -> String {
        let is_selected = |name: &str| name == self.family;
        let gathered = registry.gather_within(timeout, Some(&is_selected));
        let family = gathered.iter().find(|family| family.name == self.family);
        let mut matching = family.map_or_else(Vec::new, |family| self.matching(family));
        if self.sorts_by_value {
            matching.sort_by(|a, b| total(&b.value).total_cmp(&total(&a.value)));
        }
        let page = matching.iter().skip(self.offset).take(self.limit);
        let response = SeriesResponse {
            version: VERSION,
            time,
            total: matching.len(),
            offset: self.offset,
            series: page.map(|metric| series(metric)).collect(),
        };
        // Does not fail, because non-finite numbers become `null`, and all map keys are strings.
        serde_json::to_string(&response).unwrap_or_default()
    }

    fn matching<'a>(&self, family: &'a MetricFamily) -> Vec<&'a Metric> {
        let matches = |text: &str| text.to_lowercase().contains(&self.search);
        let metrics = family.metrics.iter();
        let matching = metrics.filter(|metric| {
            let mut labels = metric.labels.iter();
            self.search.is_empty() || labels.any(|(name, value)| matches(name) || matches(value))
        });
        matching.collect()
    }
}

fn series(metric: &Metric) -> Series<'_> {
    let value = match &metric.value {
        MetricValue::Counter(number) | MetricValue::Gauge(number) => SeriesValue::Number {
            value: number.as_f64(),
        },
        MetricValue::Histogram { sum, .. } => SeriesValue::Histogram {
            count: total(&metric.value),
            sum: *sum,
        },
        MetricValue::Summary {
            quantiles,
            count,
            sum,
        } => SeriesValue::Summary {
            count: *count as f64,
            sum: *sum,
            quantiles,
        },
        MetricValue::StateSet(states) => {
            let active = states.iter().filter(|(_, is_active)| *is_active);
            SeriesValue::StateSet {
                states: active.map(|(state, _)| state.as_str()).collect(),
            }
        }
        _ => SeriesValue::None {},
    };
    Series {
        labels: &metric.labels,
        value,
    }
}

const DEFAULT_LIMIT: usize = 100;
const MAX_LIMIT: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malformed_parameters_have_their_default() {
        let query =
            SeriesQuery::parse("family=a_total&search=X%20y&offset=7&limit=9999&sort=value");
        let expected = SeriesQuery {
            family: "a_total".to_owned(),
            search: "x y".to_owned(),
            offset: 7,
            limit: MAX_LIMIT,
            sorts_by_value: true,
        };
        assert_eq!(query, expected);
        assert_eq!(
            SeriesQuery::parse("offset=many&limit=-1").limit,
            DEFAULT_LIMIT
        );
    }
}
