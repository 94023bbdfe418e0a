//! A rule file: the little of YAML that it takes.

use std::fmt::Write;

use crate::catalog::quote::quoted;

/// Rules that are evaluated one after the other.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) rules: Vec<Rule>,
}

/// A rule: what is recorded, or what is alerted of.
pub(super) struct Rule {
    pub(super) is_alert: bool,
    pub(super) name: String,
    pub(super) expression: String,
    /// How long it must be so.
    pub(super) lasting: Option<String>,
    pub(super) labels: Vec<(String, String)>,
    pub(super) annotations: Vec<(&'static str, String)>,
}

/// The file, with how often the rules are evaluated. Every text is in double quotes, where nothing
/// means anything else.
pub(super) fn write(groups: &[Group], interval: Option<&str>) -> String {
    let mut out =
        "# Made of the metrics that the program declares: change those, not this.\n".to_owned();
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
        if let Some(lasting) = &self.lasting {
            line(out, 8, "for", lasting);
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
    // To a string it cannot fail.
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
