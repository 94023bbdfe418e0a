//! Alerts about the metrics themselves.

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
    all.extend(OWN.iter().map(|own| own.rule(rules)));
    Group {
        name: "metrics".to_owned(),
        rules: all,
    }
}

/// Without a job they would be about other programs' targets.
fn target(rules: &Rules, job: &str) -> [Rule; 2] {
    let up = promql::series("up", &[promql::matcher("job", "=", job)]);
    let lasting = rules.window(DOWN).to_string();
    let page = |name: &str, expression, summary: &str, description: &str| Rule {
        is_alert: true,
        name: name.to_owned(),
        expression,
        lasting: Some(lasting.clone()),
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
            "Prometheus has not got any metrics from it for a while: it is down, does not answer \
             in time, or answers with what is no exposition. The page of targets says which.",
        ),
        page(
            "TargetAbsent",
            format!("absent({up})"),
            "there is no {{ $labels.job }}",
            "Prometheus knows no target of this job: nothing runs, or it is not found.",
        ),
    ]
}

/// An alert when one of the registry's own counters grows.
struct Own {
    alert: &'static str,
    counter: &'static str,
    by: [&'static str; 3],
    summary: &'static str,
    description: &'static str,
}

impl Own {
    fn rule(&self, rules: &Rules) -> Rule {
        let counter = format!("{}{}", rules.catalog.prefix, self.counter);
        let counter = rules.series(&counter, Vec::new());
        let window = rules.window(RECENT);
        let by = promql::labels(self.by);
        Rule {
            is_alert: true,
            name: self.alert.to_owned(),
            expression: format!("sum by {by} (increase({counter}[{window}])) > 0"),
            lasting: None,
            labels: vec![("severity".to_owned(), rules.ticket.clone())],
            annotations: vec![
                ("summary", self.summary.to_owned()),
                ("description", self.description.to_owned()),
            ],
        }
    }
}

const OWN: [Own; 3] = [
    Own {
        alert: "SeriesOverflow",
        counter: "metrics_overflowed_total",
        by: ["job", "instance", "family"],
        summary: "{{ $labels.family }} of {{ $labels.job }} has reached its cap of series",
        description: "New label sets are recorded as `overflow`: their sum is right, and what they \
                      were is not known. A label has more values than was thought; give it fewer, \
                      let series expire, or raise `max_series`.",
    },
    Own {
        alert: "ValuesRejected",
        counter: "metrics_rejected_total",
        by: ["job", "family", "reason"],
        summary: "{{ $labels.family }} of {{ $labels.job }} rejects values",
        description: "Reason `{{ $labels.reason }}`: `value` is one that the type cannot hold, \
                      `exemplar` one that is too long, `clash` a declaration that is left out, as \
                      another has its name.",
    },
    Own {
        alert: "CollectorFails",
        counter: "metrics_collector_errors_total",
        by: ["job", "collector", "reason"],
        summary: "the collector {{ $labels.collector }} of {{ $labels.job }} fails",
        description: "Its families are missing in some scrapes, for it panics or does not answer \
                      in time: `{{ $labels.reason }}`.",
    },
];

/// How long a target must be away.
const DOWN: u64 = 5 * 60;
/// What is recent, for what should not happen at all.
const RECENT: u64 = 15 * 60;
