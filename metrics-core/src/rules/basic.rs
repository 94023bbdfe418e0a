//! Generates the group of alerts about scraping and about self-metrics.

use super::{
    self_metrics::SELF_METRIC_ALERTS,
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

/// How long a target must be down or absent before an alert fires.
const DOWN_SECONDS: u64 = 5 * 60;
