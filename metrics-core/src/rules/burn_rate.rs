//! Generates recording rules and alerts for service level objectives, with multiple windows and
//! burn rates.
//!
//! The rules follow "The Site Reliability Workbook", chapter 5, "Alerting on SLOs", approach 6,
//! with the windows and burn rates of its example.

use std::collections::{HashMap, HashSet};

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
    // Several members of a family can record into the same series: functions of one name in one
    // module, for example in two `impl` blocks, and declarations of one name. Of the objectives
    // with equal labels of such members, only the one with the highest percentage gets rules. It is
    // the strictest. `Catalog::lint` reports the others.
    let mut all: Vec<MeasuredObjective<'_>> = Vec::new();
    let mut known = HashMap::new();
    for family in &rules.catalog.families {
        for member in &family.members {
            for objective in &member.objectives {
                let measured = MeasuredObjective {
                    rules,
                    family,
                    member,
                    objective,
                };
                if !measured.has_data() {
                    continue;
                }
                let at = *known.entry(measured.labels()).or_insert(all.len());
                match all.get_mut(at) {
                    None => all.push(measured),
                    Some(other) if other.objective.percent() < objective.percent() => {
                        *other = measured;
                    }
                    Some(_) => {}
                }
            }
        }
    }
    let recordings = all.iter().flat_map(MeasuredObjective::recordings);
    let alerts = all.iter().flat_map(MeasuredObjective::alerts);
    let group = |name: &str, rules| Group {
        name: name.to_owned(),
        rules,
    };
    vec![
        group("objectives", recordings.collect()),
        group("error-budgets", alerts.collect()),
    ]
}

/// An objective, with the family and the member of the catalogue that it belongs to.
struct MeasuredObjective<'a> {
    rules: &'a Rules,
    family: &'a CatalogFamily,
    member: &'a CatalogMember,
    objective: &'a Objective,
}

impl MeasuredObjective<'_> {
    /// Whether the family has the data that the objective needs: a latency needs the buckets of a
    /// histogram, and success the label `outcome`.
    fn has_data(&self) -> bool {
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
            ("objective".to_owned(), self.objective.requirement()),
        ];
        labels.extend(self.member.labels.iter().cloned());
        labels
    }

    fn recordings(&self) -> Vec<Rule> {
        let mut seen = HashSet::new();
        let windows = BURNS.iter().flat_map(|burn| [burn.short, burn.long]);
        let windows = windows.filter(|window| seen.insert(*window));
        let rule = |window| {
            let window = self.rules.window(window).to_string();
            Rule {
                is_alert: false,
                name: record_name(&window),
                expression: self.miss_ratio(&window),
                hold_for: None,
                labels: self.labels(),
                annotations: Vec::new(),
            }
        };
        windows.map(rule).collect()
    }

    /// The expression for the share of calls in a window that missed the objective. For success,
    /// cancelled calls do not count.
    fn miss_ratio(&self, window: &str) -> String {
        let rate = |suffix: &str, more: Option<String>| {
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
                    rate(suffix, Some(bad)),
                    rate(suffix, Some(counted))
                )
            }
            Objective::Latency { seconds, .. } => {
                let fast = rate("_bucket", Some(promql::number_matcher("le", seconds)));
                let share = format!("{fast} / {}", rate("_count", None));
                match self.family.native {
                    None => format!("1 - {share}"),
                    // Also queries the native buckets, because Prometheus may store them instead of
                    // the classic ones.
                    Some(_) => format!(
                        "1 - ({share} or histogram_fraction(0, {seconds}, {}))",
                        rate("", None)
                    ),
                }
            }
        }
    }

    fn alerts(&self) -> Vec<Rule> {
        let budget = 1.0 - self.objective.percent() / 100.0;
        let alert = |name: &str, severity: &String, is_page: bool| {
            let burns = BURNS.iter().filter(|burn| burn.is_page == is_page);
            let conditions: Vec<_> = burns
                .filter(|burn| burn.rate * budget < 1.0)
                .map(|burn| self.condition(burn))
                .collect();
            let mut labels = self.labels();
            labels.push(("severity".to_owned(), severity.clone()));
            (!conditions.is_empty()).then(|| Rule {
                is_alert: true,
                name: name.to_owned(),
                expression: conditions.join(" or "),
                hold_for: None,
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
    fn condition(&self, burn: &Burn) -> String {
        let limit = format!("({} * {})", burn.rate, self.budget());
        let matchers = self.labels();
        let matchers = matchers
            .iter()
            .map(|(name, value)| promql::matcher(name, "=", value));
        let matchers: Vec<_> = matchers.collect();
        let [long, short] = [burn.long, burn.short].map(|window| {
            let window = self.rules.window(window).to_string();
            let series = self.rules.series(&record_name(&window), matchers.clone());
            format!("{series} > {limit}")
        });
        format!("({long} and {short})")
    }

    /// The share of calls that may miss the objective, rounded to hide floating-point error.
    fn budget(&self) -> f64 {
        ((100.0 - self.objective.percent()) * 1e10).round() / 1e12
    }

    fn annotations(&self) -> Vec<(&'static str, String)> {
        let subject = escape_template(&self.subject());
        let percent = self.objective.percent();
        let (summary, requirement) = match *self.objective {
            Objective::Latency { seconds, .. } => (
                format!("{subject} is too slow"),
                format!("{percent} % must take {seconds} s or less"),
            ),
            Objective::Success { .. } => (
                format!("{subject} fails too often"),
                format!("{percent} % must succeed"),
            ),
        };
        let (file, line) = (escape_template(&self.member.file), self.member.line);
        let name = escape_template(&self.family.name);
        let description = format!(
            "{subject}: {requirement}, and {{{{ $value | humanizePercentage }}}} in the longer \
             window did not. Measured by {name}, declared at {file}:{line}."
        );
        vec![("summary", summary), ("description", description)]
    }

    /// The measured function's path, or the name of the metric.
    fn subject(&self) -> String {
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
fn record_name(window: &str) -> String {
    format!("job:objective_misses:ratio_rate{window}")
}

/// Escapes a text for an annotation, which Prometheus expands as a template.
fn escape_template(text: &str) -> String {
    text.replace("{{", "{{\"{{\"}}")
}

/// A pair of windows, in seconds, and the burn rate above which an alert fires.
struct Burn {
    is_page: bool,
    long: u64,
    short: u64,
    /// The burn rate: a multiple of the rate that spends the whole error budget in 30 days.
    rate: f64,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

const BURNS: [Burn; 4] = [
    Burn {
        is_page: true,
        long: HOUR,
        short: 5 * MINUTE,
        rate: 14.4,
    },
    Burn {
        is_page: true,
        long: 6 * HOUR,
        short: 30 * MINUTE,
        rate: 6.0,
    },
    Burn {
        is_page: false,
        long: DAY,
        short: 2 * HOUR,
        rate: 3.0,
    },
    Burn {
        is_page: false,
        long: 3 * DAY,
        short: 6 * HOUR,
        rate: 1.0,
    },
];
