//! Recording rules and alerts for objectives, with multiple windows and burn rates.
//!
//! Follows "The Site Reliability Workbook", chapter 5, "Alerting on SLOs", approach 6 and table
//! 5-8.

use std::collections::HashSet;

use super::{
    settings::Rules,
    yaml::{Group, Rule},
};
use crate::{
    catalog::{CatalogFamily, CatalogMember, promql},
    describe::{kind::Kind, objective::Objective},
};

/// Generates a group of recording rules and a group of alerts for all objectives.
pub(super) fn groups(rules: &Rules) -> Vec<Group> {
    let (mut recorded, mut alerts) = (Vec::new(), Vec::new());
    // Functions of the same name in one module (in two `impl` blocks) record into the same series,
    // so their objective needs one set of rules only.
    let mut known = HashSet::new();
    for family in &rules.catalog.families {
        for member in &family.members {
            for objective in &member.objectives {
                let target = Target {
                    rules,
                    family,
                    member,
                    objective,
                };
                if target.fits() && known.insert(target.labels()) {
                    recorded.extend(target.recordings());
                    alerts.extend(target.alerts());
                }
            }
        }
    }
    let group = |name: &str, rules| Group {
        name: name.to_owned(),
        rules,
    };
    vec![
        group("objectives", recorded),
        group("error-budgets", alerts),
    ]
}

/// An objective, with the family and the declaration it belongs to.
struct Target<'a> {
    rules: &'a Rules,
    family: &'a CatalogFamily,
    member: &'a CatalogMember,
    objective: &'a Objective,
}

impl Target<'_> {
    /// Whether the family has the data that the objective needs: buckets, or a label `outcome`.
    fn fits(&self) -> bool {
        match self.objective {
            Objective::Latency { .. } => self.family.kind == Kind::Histogram,
            Objective::Success { .. } => {
                let mut labels = self.family.labels.iter();
                labels.any(|label| label.name == "outcome")
            }
        }
    }

    /// The labels that identify the objective in the recorded series.
    fn labels(&self) -> Vec<(String, String)> {
        let mut labels = vec![
            ("metric".to_owned(), self.family.name.clone()),
            (
                "objective".to_owned(),
                match self.objective {
                    Objective::Latency { seconds, .. } => format!("latency {seconds}s"),
                    Objective::Success { .. } => "success".to_owned(),
                },
            ),
        ];
        labels.extend(self.member.labels.iter().cloned());
        labels
    }

    fn recordings(&self) -> Vec<Rule> {
        let mut known = HashSet::new();
        let windows = BURNS.iter().flat_map(|burn| [burn.short, burn.long]);
        let windows = windows.filter(|window| known.insert(*window));
        let rule = |window| {
            let window = self.rules.window(window).to_string();
            Rule {
                is_alert: false,
                name: recorded(&window),
                expression: self.misses(&window),
                lasting: None,
                labels: self.labels(),
                annotations: Vec::new(),
            }
        };
        windows.map(rule).collect()
    }

    /// The expression for the share of calls in a window that missed the objective.
    fn misses(&self, window: &str) -> String {
        let own = |suffix: &str, more: Option<String>| {
            let labels = self.member.labels.iter();
            let matchers = labels.map(|(name, value)| promql::matcher(name, "=", value));
            let name = format!("{}{suffix}", self.family.name);
            let series = self.rules.series(&name, matchers.chain(more).collect());
            format!("sum by (job) (rate({series}[{window}]))")
        };
        match *self.objective {
            Objective::Success { .. } => {
                let bad = promql::matcher("outcome", "!~", "ok|cancelled");
                let counted = promql::matcher("outcome", "!=", "cancelled");
                let suffix = match self.family.kind {
                    Kind::Histogram => "_count",
                    _ => "",
                };
                format!(
                    "{} / {}",
                    own(suffix, Some(bad)),
                    own(suffix, Some(counted))
                )
            }
            Objective::Latency { seconds, .. } => {
                let fast = own("_bucket", Some(promql::le(seconds)));
                let share = format!("{fast} / {}", own("_count", None));
                match self.family.native {
                    None => format!("1 - {share}"),
                    // Prometheus may store the native buckets in place of the classic ones.
                    Some(_) => format!(
                        "1 - ({share} or histogram_fraction(0, {seconds}, {}))",
                        own("", None)
                    ),
                }
            }
        }
    }

    fn alerts(&self) -> Vec<Rule> {
        let budget = 1.0 - self.percent() / 100.0;
        let alert = |name: &str, severity: &String, pages: bool| {
            let burns = BURNS.iter().filter(|burn| burn.pages == pages);
            let burns: Vec<_> = burns
                .filter(|burn| burn.rate * budget < 1.0)
                .map(|burn| self.burns(burn))
                .collect();
            let mut labels = self.labels();
            labels.push(("severity".to_owned(), severity.clone()));
            (!burns.is_empty()).then(|| Rule {
                is_alert: true,
                name: name.to_owned(),
                expression: burns.join(" or "),
                lasting: None,
                labels,
                annotations: self.annotations(),
            })
        };
        let (page, ticket) = (&self.rules.page, &self.rules.ticket);
        let alerts = [
            alert("ErrorBudgetBurnsFast", page, true),
            alert("ErrorBudgetBurnsSlowly", ticket, false),
        ];
        alerts.into_iter().flatten().collect()
    }

    /// The condition that the burn rate is exceeded in both the long and the short window.
    fn burns(&self, burn: &Burn) -> String {
        let limit = format!("({} * {})", burn.rate, self.budget());
        let matchers = self.labels();
        let matchers = matchers
            .iter()
            .map(|(n, value)| promql::matcher(n, "=", value));
        let matchers: Vec<_> = matchers.collect();
        let [long, short] = [burn.long, burn.short].map(|window| {
            let window = self.rules.window(window).to_string();
            let series = self.rules.series(&recorded(&window), matchers.clone());
            format!("{series} > {limit}")
        });
        format!("({long} and {short})")
    }

    fn percent(&self) -> f64 {
        match *self.objective {
            Objective::Latency { percent, .. } | Objective::Success { percent } => percent,
        }
    }

    /// The share of calls that may miss the objective, rounded to hide floating-point error.
    fn budget(&self) -> f64 {
        ((100.0 - self.percent()) * 1e10).round() / 1e12
    }

    fn annotations(&self) -> Vec<(&'static str, String)> {
        let what = text(&self.what());
        let percent = self.percent();
        let (summary, held) = match *self.objective {
            Objective::Latency { seconds, .. } => (
                format!("{what} is too slow"),
                format!("{percent} % must take {seconds} s or less"),
            ),
            Objective::Success { .. } => (
                format!("{what} fails too often"),
                format!("{percent} % must succeed"),
            ),
        };
        let (file, line) = (text(&self.member.file), self.member.line);
        let name = text(&self.family.name);
        let description = format!(
            "{what}: {held}, and {{{{ $value | humanizePercentage }}}} in the longer window did \
             not. Measured by {name}, declared at {file}:{line}."
        );
        vec![("summary", summary), ("description", description)]
    }

    /// The measured function's path, or the name of the metric.
    fn what(&self) -> String {
        let label = |name: &str| {
            let mut labels = self.member.labels.iter();
            labels
                .find(|(label, _)| label == name)
                .map(|(_, value)| value)
        };
        match (label("function"), label("module")) {
            (Some(function), Some(module)) => format!("{module}::{function}"),
            _ => self.family.name.clone(),
        }
    }
}

/// The name of a window's recorded series: level, metric and operations, as Prometheus'
/// [guide](https://prometheus.io/docs/practices/rules/) recommends.
fn recorded(window: &str) -> String {
    format!("job:objective_misses:ratio_rate{window}")
}

/// Escapes a text for an annotation, which Prometheus expands as a template.
fn text(text: &str) -> String {
    text.replace("{{", "{{\"{{\"}}")
}

/// A pair of windows, in seconds, and the burn rate above which an alert fires.
struct Burn {
    pages: bool,
    long: u64,
    short: u64,
    /// In multiples of the rate that spends the whole error budget in 30 days.
    rate: f64,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const BURNS: [Burn; 4] = [
    Burn {
        pages: true,
        long: HOUR,
        short: 5 * MINUTE,
        rate: 14.4,
    },
    Burn {
        pages: true,
        long: 6 * HOUR,
        short: 30 * MINUTE,
        rate: 6.0,
    },
    Burn {
        pages: false,
        long: DAY,
        short: 2 * HOUR,
        rate: 3.0,
    },
    Burn {
        pages: false,
        long: 3 * DAY,
        short: 6 * HOUR,
        rate: 1.0,
    },
];
