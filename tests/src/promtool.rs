//! Lints rule files, runs unit tests of rules, and checks web configuration files with promtool.

use std::{ffi::OsStr, fs, path::Path, process::Command};

use tempfile::TempDir;

use crate::judge::{Refusal, installed};

/// Parses and lints a rule file with promtool.
///
/// # Errors
///
/// The output of promtool.
pub fn promtool_check_rules(rules: &str) -> Result<(), Refusal> {
    promtool(
        &["check", "rules", "--lint=all", "--lint-fatal", "rules.yml"],
        &[("rules.yml", rules)],
    )
}

/// Runs promtool's unit tests (`cases`, with `rule_files: [rules.yml]`) against a rule file.
///
/// # Errors
///
/// The output of promtool, which lists the failed cases.
pub fn promtool_test_rules(rules: &str, cases: &str) -> Result<(), Refusal> {
    promtool(
        &["test", "rules", "cases.yml"],
        &[("rules.yml", rules), ("cases.yml", cases)],
    )
}

/// Checks a web configuration file, and the certificates that it names, with promtool.
///
/// # Errors
///
/// The output of promtool.
pub fn promtool_check_web_config(path: &Path) -> Result<(), Refusal> {
    let arguments: [&OsStr; 3] = ["check".as_ref(), "web-config".as_ref(), path.as_ref()];
    run(&arguments, Path::new("."))
}

fn promtool(arguments: &[&str], files: &[(&str, &str)]) -> Result<(), Refusal> {
    let folder = TempDir::new().expect("a folder for promtool");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file for promtool");
    }
    run(arguments, folder.path())
}

fn run(arguments: &[impl AsRef<OsStr>], folder: &Path) -> Result<(), Refusal> {
    let output = Command::new(installed("PROMTOOL", "prometheus/usr/bin/promtool"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("promtool starts");
    if output.status.success() {
        return Ok(());
    }
    let message = [output.stdout, output.stderr].concat();
    Err(Refusal::new("promtool", &String::from_utf8_lossy(&message)))
}
