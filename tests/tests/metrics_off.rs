//! Tests that a program built with `--cfg metrics_off` computes the same results and records
//! nothing.

use std::path::Path;

use tests::{cargo, locked_fixture};

/// Builds the fixture `off` with the compiler flags `flags`, runs it, and returns the lines it
/// prints.
///
/// Each set of flags needs its own target folder, or Cargo would rebuild everything in each run.
fn output(flags: &str, folder: &str) -> Vec<String> {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let run = cargo()
        .args(["run", "--quiet", "--offline"])
        .current_dir(locked_fixture("off"))
        .env("CARGO_TARGET_DIR", target)
        .env("RUSTFLAGS", flags)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .expect("cargo");
    let error = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{error}");
    let text = String::from_utf8(run.stdout).expect("text");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_program_built_with_metrics_off_computes_the_same_and_records_nothing() {
    assert_eq!(
        output("--cfg metrics_off", "off"),
        [
            "values 0 0 0",
            "results false true 1",
            "measured 4",
            "sizes 0 0",
            "future grows false",
            "computed true",
            "exposed false",
        ]
    );
    assert_eq!(
        output("", "on"),
        [
            "values 1 3 1",
            "results true true 1",
            "measured 4",
            "sizes 16 16",
            "future grows true",
            "computed true",
            "exposed true",
        ]
    );
}
