//! What rules are generated from: the catalogue, and what the user chose.

use super::window::Window;
use crate::catalog::{Catalog, promql};

/// Recording rules and alerts for [Prometheus], in the YAML of its rule files.
///
/// For each objective that a function or a histogram is held to (`slo(latency = "250ms",
/// objective = 99.9)`, `slo(success = 99.9)`, `#[slo(...)]`) there are recording rules of the share
/// of calls that miss it, `job:objective_misses:ratio_rate5m` and its like, and alerts when they
/// spend too fast what the objective leaves to be spent: the error budget of 30 days. Windows and
/// rates are those of Google's [workbook on reliability], chapter 5, "Alerting on SLOs": a long
/// window, so that little is no alarm, along with a short one, so that the alarm ends when the
/// cause does.
///
/// | alert | severity | windows | so much faster than would last 30 days | of the budget |
/// |---|---|---|---|---|
/// | `ErrorBudgetBurnsFast` | `page` | 1 h and 5 min | 14.4 | 2 % |
/// | | | 6 h and 30 min | 6 | 5 % |
/// | `ErrorBudgetBurnsSlowly` | `ticket` | 1 d and 2 h | 3 | 10 % |
/// | | | 3 d and 6 h | 1 | 10 % |
///
/// The rate of a page cannot be reached where an objective allows more than its part in calls: of
/// calls of which 90 in a hundred must do, at most 10 times as many can fail. The rule is left out
/// then.
///
/// A call that is **cancelled** neither keeps nor misses an objective of success: who dropped the
/// future did not want the answer any more, as a client that hangs up, and many clients that do
/// should not wake anybody up. Where it is a time limit that drops it, the function that sets the
/// limit sees the error, and that is the one to hold to an objective. To an objective of latency a
/// cancelled call is one as all others: if it took too long until then, it has missed it.
///
/// The other alerts are about the metrics themselves: `TargetDown` and `TargetAbsent` where a
/// [`job`](Rules::job) is named, `SeriesOverflow` (a label reached its cap), `ValuesRejected`
/// (values that could not be recorded, declarations that clash) and `CollectorFails`.
///
/// Each alert says where what it is about is declared.
///
/// ```
/// use metrics_core::{Rules, catalog, counted};
///
/// #[counted(slo(success = 99.5))]
/// fn pay(sum: u32) -> Result<(), String> {
///     Ok(())
/// }
///
/// let yaml = Rules::of(&catalog()).job("shop").to_yaml();
/// assert!(yaml.contains("alert: \"ErrorBudgetBurnsFast\""));
/// # pay(1).unwrap();
/// ```
///
/// [Prometheus]: https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
/// [workbook on reliability]: https://sre.google/workbook/alerting-on-slos/
#[derive(Clone, Debug)]
#[must_use = "rules are for writing: `to_yaml`"]
pub struct Rules {
    pub(super) catalog: Catalog,
    pub(super) job: Option<String>,
    pub(super) scale: f64,
    pub(super) page: String,
    pub(super) ticket: String,
}

impl Rules {
    /// The rules for these metrics.
    pub fn of(catalog: &Catalog) -> Rules {
        Rules {
            catalog: catalog.clone(),
            job: None,
            scale: 1.0,
            page: "page".to_owned(),
            ticket: "ticket".to_owned(),
        }
    }

    /// The job that Prometheus scrapes the program as. The rules are about this job alone, and say
    /// when it is down. Without it they are about every job that has such metrics.
    pub fn job(mut self, job: impl Into<String>) -> Rules {
        self.job = Some(job.into());
        self
    }

    /// Makes all windows longer or shorter: `1.0 / 60.0` turns hours into minutes, for those who
    /// try rules out. Prometheus then looks at them so much more or less often than once in a
    /// minute. A window is a millisecond at least, and should hold a few scrapes. What is not a
    /// positive number leaves them as they are.
    pub fn scale_windows(mut self, factor: f64) -> Rules {
        if factor.is_finite() && factor > 0.0 {
            self.scale = factor;
        }
        self
    }

    /// The label `severity` of what somebody must see to at once (`page`), and of what has time
    /// until tomorrow (`ticket`).
    pub fn severities(mut self, page: impl Into<String>, ticket: impl Into<String>) -> Rules {
        (self.page, self.ticket) = (page.into(), ticket.into());
        self
    }

    /// Series of a name, of the job.
    pub(super) fn series(&self, name: &str, mut matchers: Vec<String>) -> String {
        if let Some(job) = &self.job {
            matchers.insert(0, promql::matcher("job", "=", job));
        }
        promql::series(name, &matchers)
    }

    pub(super) fn window(&self, seconds: u64) -> Window {
        Window::scaled(seconds, self.scale)
    }
}

impl Catalog {
    /// Recording rules and alerts for these metrics: [`Rules::of`].
    pub fn rules(&self) -> Rules {
        Rules::of(self)
    }
}
