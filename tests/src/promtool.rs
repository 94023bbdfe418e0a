//! What promtool says of rules.

use std::{fs, process::Command};

use tempfile::TempDir;

use crate::judge::{Refusal, installed};

/// Lets promtool parse and lint a file of rules.
///
/// # Errors
///
/// What promtool says against it.
pub fn promtool_check_rules(rules: &str) -> Result<(), Refusal> {
    promtool(
        &["check", "rules", "--lint=all", "--lint-fatal", "rules.yml"],
        &[("rules.yml", rules)],
    )
}

/// Lets promtool run cases against rules: a file of its unit tests, whose `rule_files` are
/// `rules.yml`.
///
/// # Errors
///
/// The cases that come out otherwise.
pub fn promtool_test_rules(rules: &str, cases: &str) -> Result<(), Refusal> {
    promtool(
        &["test", "rules", "cases.yml"],
        &[("rules.yml", rules), ("cases.yml", cases)],
    )
}

fn promtool(arguments: &[&str], files: &[(&str, &str)]) -> Result<(), Refusal> {
    let folder = TempDir::new().expect("a folder for promtool");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file for promtool");
    }
    let output = Command::new(installed("PROMTOOL", "prometheus/usr/bin/promtool"))
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .expect("promtool starts");
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(Refusal::new("promtool", &String::from_utf8_lossy(&said)))
}
