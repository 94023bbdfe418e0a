//! Tests of the number and kind of the crates that metrics-core depends on.

use std::{collections::BTreeSet, env, process::Command};

fn crates(package: &str) -> BTreeSet<String> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["tree", "--locked", "--package", package])
        .args(["--edges", "normal", "--prefix", "none", "--format", "{p}"])
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let listed = String::from_utf8(output.stdout).expect("cargo writes text");
    let name = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    listed.lines().map(name).collect()
}

#[test]
fn metrics_core_depends_on_as_many_crates_as_the_readme_says() {
    let others = crates("metrics-core").len() - 1;
    let readme = include_str!("../../README.md");
    let said = format!("metrics-core brings {others} other crates in its default build");
    assert!(readme.contains(&said), "it brings {others}");
    assert!(others < 25);
}

#[test]
fn metrics_core_depends_on_no_http_crate_or_async_runtime() {
    let crates = crates("metrics-core");
    for unwanted in ["hyper", "http", "tokio", "axum"] {
        assert!(!crates.contains(unwanted), "{crates:?}");
    }
}
