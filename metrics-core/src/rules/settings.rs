//! The public `Rules` type: the catalogue and the settings that rules are generated from.

use super::window::Window;
use crate::catalog::{Catalog, promql};

/// Recording rules and alerts for [Prometheus], as a YAML rule file.
///
/// Each objective of a function or histogram (`slo(latency = "250ms", objective = 99.9)`,
/// `slo(success = 99.9)`, `#[slo(...)]`) gets recording rules for the share of calls that miss it,
/// such as `job:objective_misses:ratio_rate5m`, and alerts that fire when the misses spend the
/// error budget of 30 days too fast. Windows and burn rates follow Google's [workbook on
/// reliability], chapter 5, "Alerting on SLOs": the long window keeps a short burst from firing the
/// alert, and the short window resolves the alert soon after the cause is gone.
///
/// | alert | severity | windows | burn rate (1 spends the budget in 30 days) | budget spent |
/// |---|---|---|---|---|
/// | `ErrorBudgetBurnsFast` | `page` | 1 h and 5 min | 14.4 | 2 % |
/// | | | 6 h and 30 min | 6 | 5 % |
/// | `ErrorBudgetBurnsSlowly` | `ticket` | 1 d and 2 h | 3 | 10 % |
/// | | | 3 d and 6 h | 1 | 10 % |
///
/// A burn rate that a low objective cannot reach is left out: with an objective of 90 %, the burn
/// rate is at most 10, when every call fails.
///
/// A **cancelled** call neither meets nor misses a success objective: its caller dropped the future
/// because it no longer needed the result, as when a client disconnects, and many disconnecting
/// clients should not page anyone. If a time limit drops the future, set the objective on the
/// function that sets the limit, because that function sees the error. For a latency objective, a
/// cancelled call counts like any other: it misses the objective if it ran for too long.
///
/// The other alerts are about scraping and the self-metrics: `TargetDown` and `TargetAbsent` if a
/// [`job`](Rules::job) is set, `SeriesNearLimit` and `SeriesOverflow` (a family nears, or has
/// reached, its cardinality limit), `ValuesRejected` (values or exemplars that could not be
/// recorded, declarations or help texts that clash), `CollectorFails` (a collector panicked or
/// timed out), and, about the metrics endpoint, `ScrapesFail`, `LoginsFail` and `ReloadFails`.
///
/// The description of an objective's alert names the source location of the metric.
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
    /// Creates the rules for a catalogue, with default settings.
    pub fn of(catalog: &Catalog) -> Rules {
        Rules {
            catalog: catalog.clone(),
            job: None,
            scale: 1.0,
            page: "page".to_owned(),
            ticket: "ticket".to_owned(),
        }
    }

    /// Sets the name of the program's job in Prometheus' scrape configuration.
    ///
    /// Restricts the rules to this job and adds alerts for when its targets are down or absent.
    /// Without a job, the rules cover every job that exposes the metrics of the catalogue.
    pub fn job(mut self, job: impl Into<String>) -> Rules {
        self.job = Some(job.into());
        self
    }

    /// Multiplies all windows by a factor, to try rules out: `1.0 / 60.0` turns hours into minutes.
    ///
    /// The evaluation interval becomes one minute times the factor. A window is at least one
    /// millisecond, and should contain a few scrapes. A factor that is not finite and positive is
    /// ignored.
    pub fn scale_windows(mut self, factor: f64) -> Rules {
        if factor.is_finite() && factor > 0.0 {
            self.scale = factor;
        }
        self
    }

    /// Sets the label `severity` of urgent alerts (default `page`) and others (default `ticket`).
    pub fn severities(mut self, page: impl Into<String>, ticket: impl Into<String>) -> Rules {
        (self.page, self.ticket) = (page.into(), ticket.into());
        self
    }

    /// Selects the series of a name, restricted to the job if one is set.
    pub(super) fn series(&self, name: &str, mut matchers: Vec<String>) -> String {
        if let Some(job) = &self.job {
            matchers.insert(0, promql::matcher("job", "=", job));
        }
        promql::series(name, &matchers)
    }

    /// A window of `seconds`, multiplied by the scale.
    pub(super) fn window(&self, seconds: u64) -> Window {
        Window::scaled(seconds, self.scale)
    }
}

impl Catalog {
    /// Creates recording rules and alerts for the metrics of the catalogue; see [`Rules::of`].
    pub fn rules(&self) -> Rules {
        Rules::of(self)
    }
}
