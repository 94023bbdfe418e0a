//! Generates alerts about the library's metrics of itself (self-metrics).

use super::{settings::Rules, yaml::Rule};
use crate::catalog::promql;

/// An alert about a self-metric.
pub(super) struct SelfMetricAlert {
    alert: &'static str,
    metric: &'static str,
    /// A regular expression for the values of the label `cause`; empty for a metric without it.
    causes: &'static str,
    condition: Condition,
    by: &'static [&'static str],
    summary: &'static str,
    description: &'static str,
}

/// When an alert about a self-metric fires.
enum Condition {
    /// The counter has increased by more than this in [`RECENT_SECONDS`].
    Increase(u32),
    /// The gauge is above this value.
    Above(f64),
}

impl SelfMetricAlert {
    pub(super) fn rule(&self, rules: &Rules) -> Rule {
        let name = format!("{}{}", rules.catalog.prefix, self.metric);
        let causes = (!self.causes.is_empty()).then(|| promql::matcher("cause", "=~", self.causes));
        let series = rules.series(&name, causes.into_iter().collect());
        let by = promql::labels(self.by.iter().copied());
        let expression = match self.condition {
            Condition::Increase(most) => {
                let increase = promql::increase(&series, &rules.window(RECENT_SECONDS));
                format!("sum by {by} ({increase}) > {most}")
            }
            Condition::Above(most) => format!("max by {by} ({series}) > {most}"),
        };
        Rule {
            is_alert: true,
            name: self.alert.to_owned(),
            expression,
            hold_for: None,
            labels: vec![("severity".to_owned(), rules.ticket.clone())],
            annotations: vec![
                ("summary", self.summary.to_owned()),
                ("description", self.description.to_owned()),
            ],
        }
    }
}

pub(super) const SELF_METRIC_ALERTS: [SelfMetricAlert; 7] = [
    SelfMetricAlert {
        alert: "SeriesNearLimit",
        metric: "metrics_series_limit_ratio",
        causes: "",
        condition: Condition::Above(0.8),
        by: &["job", "instance", "family"],
        summary: "{{ $labels.family }} of {{ $labels.job }} is near its cardinality limit",
        description: "It has {{ $value | humanizePercentage }} of the series that it may have. At \
                      the limit, new label sets are recorded in the series `overflow`. Find the \
                      label with too many values; reduce them, let series expire, or raise \
                      `max_series`.",
    },
    SelfMetricAlert {
        alert: "SeriesOverflow",
        metric: "metrics_overflowed_total",
        causes: "",
        condition: Condition::Increase(0),
        by: &["job", "instance", "family"],
        summary: "{{ $labels.family }} of {{ $labels.job }} has reached its cardinality limit",
        description: "New label sets are recorded in the series `overflow`: totals stay correct, \
                      but their label values are lost. A label has more values than expected; \
                      reduce them, let series expire, or raise `max_series`.",
    },
    SelfMetricAlert {
        alert: "ValuesRejected",
        metric: "metrics_rejected_total",
        causes: "",
        condition: Condition::Increase(0),
        by: &["job", "family", "reason"],
        summary: "{{ $labels.family }} of {{ $labels.job }} rejects values",
        description: "Reason `{{ $labels.reason }}`: `value` means a value that the type cannot \
                      hold, `exemplar` an exemplar that is too long, `clash` a declaration that is \
                      left out because another one has its name, `help` a help text that is left \
                      out because another declaration of the metric has a different one.",
    },
    SelfMetricAlert {
        alert: "CollectorFails",
        metric: "metrics_collector_errors_total",
        causes: "",
        condition: Condition::Increase(0),
        by: &["job", "collector", "reason"],
        summary: "the collector {{ $labels.collector }} of {{ $labels.job }} fails",
        description: "Its families are missing from some scrapes, because it panics or does not \
                      finish in time: `{{ $labels.reason }}`.",
    },
    SelfMetricAlert {
        alert: "ScrapesFail",
        metric: "metrics_http_errors_total",
        causes: "scrape_rejected|exposition_aborted|scrape_timeout",
        // A scraper that restarts aborts the expositions that it is receiving.
        condition: Condition::Increase(2),
        by: &["job", "instance", "cause"],
        summary: "{{ $labels.instance }} of {{ $labels.job }} fails to answer scrapes",
        description: "Cause `{{ $labels.cause }}`: `scrape_rejected` means that too many scrapes \
                      were in progress, `exposition_aborted` that a client disconnected, read too \
                      slowly, or asked for more than could be encoded within its timeout, \
                      `scrape_timeout` that families were left out because a collector took \
                      longer than the scraper allows.",
    },
    SelfMetricAlert {
        alert: "LoginsFail",
        metric: "metrics_http_errors_total",
        causes: "login",
        condition: Condition::Increase(10),
        by: &["job", "instance"],
        summary: "logins at the metrics endpoint of {{ $labels.instance }} fail",
        description: "{{ $value | humanize }} requests in the last minutes had wrong credentials: \
                      a scraper is misconfigured, or somebody guesses passwords. The events that \
                      `on_error` receives have the clients' addresses.",
    },
    SelfMetricAlert {
        alert: "ReloadFails",
        metric: "metrics_http_errors_total",
        causes: "reload",
        condition: Condition::Increase(0),
        by: &["job", "instance"],
        summary: "the metrics endpoint of {{ $labels.instance }} cannot use changed files",
        description: "A certificate, key or configuration file has changed and cannot be used. The \
                      previous content stays in use, so that an expiring certificate is not \
                      replaced. The events that `on_error` receives name the file and the fault.",
    },
];

/// The range in which an increase of a counter is recent.
const RECENT_SECONDS: u64 = 15 * 60;
