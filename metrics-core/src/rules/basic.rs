//! Generates alerts about scraping and about the library's metrics of itself (self-metrics).

use super::{
    settings::Rules,
    yaml::{Group, Rule},
};
use crate::catalog::promql;

pub(super) fn group(rules: &Rules) -> Group {
    let mut all = Vec::new();
    if let Some(job) = &rules.job {
        all.extend(target(rules, job));
    }
    all.extend(SELF_METRIC_ALERTS.iter().map(|alert| alert.rule(rules)));
    Group {
        name: "metrics".to_owned(),
        rules: all,
    }
}

/// Alerts that fire if a target of `job` is down or absent. The rules have them only if a job is
/// set, because the alerts would otherwise cover other programs' targets.
fn target(rules: &Rules, job: &str) -> [Rule; 2] {
    let up = promql::series("up", &[promql::matcher("job", "=", job)]);
    let hold_for = rules.window(DOWN_SECONDS).to_string();
    let page = |name: &str, expression, summary: &str, description: &str| Rule {
        is_alert: true,
        name: name.to_owned(),
        expression,
        hold_for: Some(hold_for.clone()),
        labels: vec![("severity".to_owned(), rules.page.clone())],
        annotations: vec![
            ("summary", summary.to_owned()),
            ("description", description.to_owned()),
        ],
    };
    [
        page(
            "TargetDown",
            format!("{up} == 0"),
            "{{ $labels.instance }} of {{ $labels.job }} cannot be scraped",
            "Prometheus has not received any metrics from it for a while: it is down, does not \
             answer in time, or sends an invalid exposition. The targets page of Prometheus shows \
             the error.",
        ),
        page(
            "TargetAbsent",
            format!("absent({up})"),
            "there is no target of {{ $labels.job }}",
            "Prometheus has no target of this job: no instance is running, or service discovery \
             does not find it.",
        ),
    ]
}

/// An alert that fires when a self-metric that counts failures grows.
struct SelfMetricAlert {
    alert: &'static str,
    counter: &'static str,
    by: [&'static str; 3],
    summary: &'static str,
    description: &'static str,
}

impl SelfMetricAlert {
    fn rule(&self, rules: &Rules) -> Rule {
        let counter = format!("{}{}", rules.catalog.prefix, self.counter);
        let counter = rules.series(&counter, Vec::new());
        let window = rules.window(RECENT_SECONDS);
        let by = promql::labels(self.by);
        Rule {
            is_alert: true,
            name: self.alert.to_owned(),
            expression: format!("sum by {by} (increase({counter}[{window}])) > 0"),
            hold_for: None,
            labels: vec![("severity".to_owned(), rules.ticket.clone())],
            annotations: vec![
                ("summary", self.summary.to_owned()),
                ("description", self.description.to_owned()),
            ],
        }
    }
}

const SELF_METRIC_ALERTS: [SelfMetricAlert; 3] = [
    SelfMetricAlert {
        alert: "SeriesOverflow",
        counter: "metrics_overflowed_total",
        by: ["job", "instance", "family"],
        summary: "{{ $labels.family }} of {{ $labels.job }} has reached its cardinality limit",
        description: "New label sets are recorded in the series `overflow`: totals stay correct, \
                      but their label values are lost. A label has more values than expected; \
                      reduce them, let series expire, or raise `max_series`.",
    },
    SelfMetricAlert {
        alert: "ValuesRejected",
        counter: "metrics_rejected_total",
        by: ["job", "family", "reason"],
        summary: "{{ $labels.family }} of {{ $labels.job }} rejects values",
        description: "Reason `{{ $labels.reason }}`: `value` means a value that the type cannot \
                      hold, `exemplar` an exemplar that is too long, `clash` a declaration that is \
                      left out because another one has its name, `help` a help text that is left \
                      out because another declaration of the metric has a different one.",
    },
    SelfMetricAlert {
        alert: "CollectorFails",
        counter: "metrics_collector_errors_total",
        by: ["job", "collector", "reason"],
        summary: "the collector {{ $labels.collector }} of {{ $labels.job }} fails",
        description: "Its families are missing from some scrapes, because it panics or does not \
                      finish in time: `{{ $labels.reason }}`.",
    },
];

/// How long a target must be down or absent before an alert fires.
const DOWN_SECONDS: u64 = 5 * 60;
/// The range of the `increase` in alerts on the self-metrics.
const RECENT_SECONDS: u64 = 15 * 60;
