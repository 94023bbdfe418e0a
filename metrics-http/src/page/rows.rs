//! Some series of a family: what the page shows of it right now.

use std::time::Duration;

use metrics_core::{Metric, MetricFamily, MetricValue, Registry};
use serde::Serialize;

use super::{feed::VERSION, point::total};

/// Which series are asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Wanted {
    family: String,
    /// What a label or its value is to contain, whatever the case.
    search: String,
    offset: usize,
    limit: usize,
    /// The largest first, instead of the registry's order.
    largest: bool,
}

/// What is answered.
#[derive(Serialize)]
struct Answer<'a> {
    version: u32,
    time: f64,
    /// How many there are that fit the search.
    total: usize,
    offset: usize,
    rows: Vec<Row<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    labels: &'a [(String, String)],
    #[serde(flatten)]
    value: Shown<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Shown<'a> {
    Number {
        value: f64,
    },
    Observed {
        count: f64,
        sum: f64,
    },
    Quantiles {
        count: f64,
        sum: f64,
        quantiles: &'a [(f64, f64)],
    },
    States {
        states: Vec<&'a str>,
    },
    Nothing {},
}

impl Wanted {
    pub(super) fn parse(query: &str) -> Wanted {
        let mut wanted = Wanted {
            limit: ROWS,
            ..Wanted::default()
        };
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*key {
                "family" => wanted.family = value.into_owned(),
                "search" => wanted.search = value.to_lowercase(),
                "offset" => wanted.offset = value.parse().unwrap_or(0),
                "limit" => wanted.limit = value.parse().unwrap_or(ROWS).min(MOST_ROWS),
                "sort" => wanted.largest = value == "value",
                _ => {}
            }
        }
        wanted
    }

    /// The series as JSON.
    pub(super) fn gather(&self, registry: &Registry, time: f64, patience: Duration) -> String {
        let names = sample_names(&self.family);
        let is_one = |name: &str| names.iter().any(|own| own == name);
        let gathered = registry.gather_within(patience, Some(&is_one));
        let family = gathered.iter().find(|family| family.name == self.family);
        let mut found: Vec<&Metric> = family.map_or_else(Vec::new, |family| self.found(family));
        if self.largest {
            found.sort_by(|a, b| total(&b.value).total_cmp(&total(&a.value)));
        }
        let rows = found.iter().skip(self.offset).take(self.limit);
        let answer = Answer {
            version: VERSION,
            time,
            total: found.len(),
            offset: self.offset,
            rows: rows.map(|metric| row(metric)).collect(),
        };
        // Numbers that JSON lacks become `null`, and nothing else can go wrong.
        serde_json::to_string(&answer).unwrap_or_default()
    }

    fn found<'a>(&self, family: &'a MetricFamily) -> Vec<&'a Metric> {
        let fits = |text: &str| text.to_lowercase().contains(&self.search);
        let metrics = family.metrics.iter();
        let found = metrics.filter(|metric| {
            let mut labels = metric.labels.iter();
            self.search.is_empty() || labels.any(|(name, value)| fits(name) || fits(value))
        });
        found.collect()
    }
}

fn row(metric: &Metric) -> Row<'_> {
    let value = match &metric.value {
        MetricValue::Counter(number) | MetricValue::Gauge(number) => Shown::Number {
            value: number.as_f64(),
        },
        MetricValue::Histogram { sum, .. } => Shown::Observed {
            count: total(&metric.value),
            sum: *sum,
        },
        MetricValue::Summary {
            quantiles,
            count,
            sum,
        } => Shown::Quantiles {
            count: *count as f64,
            sum: *sum,
            quantiles,
        },
        MetricValue::StateSet(states) => {
            let active = states.iter().filter(|(_, is_active)| *is_active);
            Shown::States {
                states: active.map(|(state, _)| state.as_str()).collect(),
            }
        }
        _ => Shown::Nothing {},
    };
    Row {
        labels: &metric.labels,
        value,
    }
}

/// Names by which a family is asked for, whatever its type.
fn sample_names(family: &str) -> [String; 2] {
    [family.to_owned(), format!("{family}_count")]
}

const ROWS: usize = 100;
const MOST_ROWS: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_far_as_it_makes_sense() {
        let wanted = Wanted::parse("family=a_total&search=X%20y&offset=7&limit=9999&sort=value");
        let expected = Wanted {
            family: "a_total".to_owned(),
            search: "x y".to_owned(),
            offset: 7,
            limit: MOST_ROWS,
            largest: true,
        };
        assert_eq!(wanted, expected);
        assert_eq!(Wanted::parse("offset=many&limit=-1").limit, ROWS);
    }
}
