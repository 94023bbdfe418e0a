//! Writes the tables of this build of a bench and of a build with thin LTO.

use std::{fmt::Display, fs, process::Command};

use super::{Options, options::target};

/// Prints the tables and writes them to a file, with those of a build with thin LTO unless
/// `options.as_is` is set.
pub(crate) fn report(options: &Options, results: &impl Display) {
    let mut tables = format!("### {}\n\n{results}", options.build);
    println!("{tables}");
    if !options.as_is {
        tables.push('\n');
        tables.push_str(&with_thin_lto(options));
    }
    fs::write(&options.output, tables).expect("the tables can be written");
    println!("{}", options.output.display());
}

/// Runs the bench in a build with thin LTO, which prints its own tables, and returns them.
fn with_thin_lto(options: &Options) -> String {
    let output = target().join(format!("{}-thin.md", options.bench));
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["bench", "--profile", "thin", "--package", "tests"])
        .args(["--features", "peers", "--bench", options.bench])
        .arg("--target-dir")
        .arg(target())
        .args(["--", "--as-is", "--build=Thin LTO, one codegen unit"])
        .arg(format!("--rounds={}", options.rounds))
        .arg(format!("--output={}", output.display()))
        .args(&options.rows)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let status = cargo.status().expect("Cargo starts");
    assert!(status.success(), "{status}: {cargo:?}");
    fs::read_to_string(output).expect("the bench has written its tables")
}
