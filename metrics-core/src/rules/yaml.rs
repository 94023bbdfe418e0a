//! Writes rule groups in the subset of YAML that a rule file needs.

use std::fmt::Write;

use crate::catalog::quote::quoted;

/// A rule group, whose rules Prometheus evaluates in order.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) rules: Vec<Rule>,
}

/// A recording rule or an alert.
pub(super) struct Rule {
    pub(super) is_alert: bool,
    pub(super) name: String,
    pub(super) expression: String,
    /// The `for` of an alert: how long the expression must hold before the alert fires.
    pub(super) hold_for: Option<String>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) annotations: Vec<(&'static str, String)>,
}

/// Writes the rule file. Every value is in double quotes, so that YAML does not take it as a number
/// or a structure.
pub(super) fn write(groups: &[Group], interval: Option<&str>) -> String {
    let mut out =
        "# Generated from the metrics that the program declares; do not edit.\n".to_owned();
    out.push_str("groups:\n");
    for group in groups.iter().filter(|group| !group.rules.is_empty()) {
        line(&mut out, 2, "- name", &group.name);
        if let Some(interval) = interval {
            line(&mut out, 4, "interval", interval);
        }
        out.push_str("    rules:\n");
        for rule in &group.rules {
            rule.write(&mut out);
        }
    }
    if out.ends_with("groups:\n") {
        out.truncate(out.len() - 1);
        out.push_str(" []\n");
    }
    out
}

impl Rule {
    fn write(&self, out: &mut String) {
        let kind = if self.is_alert { "- alert" } else { "- record" };
        line(out, 6, kind, &self.name);
        line(out, 8, "expr", &self.expression);
        if let Some(hold_for) = &self.hold_for {
            line(out, 8, "for", hold_for);
        }
        if !self.labels.is_empty() {
            out.push_str("        labels:\n");
            for (name, value) in &self.labels {
                line(out, 10, &quoted(name), value);
            }
        }
        if !self.annotations.is_empty() {
            out.push_str("        annotations:\n");
            for (name, value) in &self.annotations {
                line(out, 10, name, value);
            }
        }
    }
}

fn line(out: &mut String, indent: usize, key: &str, value: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{:indent$}{key}: {}", "", quoted(value));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rules_are_a_valid_file() {
        assert!(write(&[], None).ends_with("\ngroups: []\n"));
    }
}
