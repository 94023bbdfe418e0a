//! Builds the table of measured functions for the dashboard of functions.

use serde_json::{Map, Value, json};

use super::{
    calls::{Calls, FUNCTION_LABELS},
    panel::Panel,
    queries::{error_share, quantile, rate, samples, sum_by},
};

/// Builds a table with a row for each function: call rate, share of errors, p50, p99, in flight.
///
/// `None` if no function is measured.
pub(super) fn of(calls: &Calls<'_>) -> Option<Panel> {
    let mut columns = Vec::new();
    if let Some(calls) = calls.counted {
        columns.push((
            "calls per second",
            "reqps",
            sum_by(&FUNCTION_LABELS, &rate(&samples(calls, ""))),
        ));
        columns.push((
            "share of errors",
            "percentunit",
            error_share(calls, &FUNCTION_LABELS),
        ));
    }
    if let Some(durations) = calls.timed {
        columns.push(("p50", "s", quantile(0.5, durations, &FUNCTION_LABELS)));
        columns.push(("p99", "s", quantile(0.99, durations, &FUNCTION_LABELS)));
    }
    if let Some(in_flight) = calls.in_flight {
        columns.push((
            "in flight",
            "short",
            sum_by(&FUNCTION_LABELS, &samples(in_flight, "")),
        ));
    }
    if columns.is_empty() {
        return None;
    }
    let about = [calls.counted, calls.timed, calls.in_flight];
    let mut panel = Panel::table("Functions");
    for family in about.into_iter().flatten() {
        panel = panel.about(family);
    }
    let (mut names, mut units) = (Map::new(), Vec::new());
    // Grafana's `merge` puts the values of query `A` into the column `Value #A`.
    for ((title, unit, _), letter) in columns.iter().zip('A'..='Z') {
        names.insert(format!("Value #{letter}"), json!(title));
        units.push(json!({
            "matcher": { "id": "byName", "options": title },
            "properties": [{ "id": "unit", "value": unit }],
        }));
    }
    for (title, _, expression) in columns {
        panel = panel.query(title, expression);
    }
    panel.transformations = json!([
        { "id": "merge", "options": {} },
        {
            "id": "organize",
            "options": {
                "excludeByName": { "Time": true },
                "indexByName": { "function": 0, "module": 1 },
                "renameByName": Value::Object(names),
            },
        },
    ]);
    panel.overrides = Value::Array(units);
    Some(panel)
}
