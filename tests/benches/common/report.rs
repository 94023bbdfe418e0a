//! Writes the result tables of the running bench, and those of the same bench in other builds,
//! which this module starts.

use std::{fmt::Display, fs, process::Command};

use super::{Options, options::target};

/// A build that the running bench starts in addition to itself.
struct Build {
    name: &'static str,
    profile: &'static str,
    /// The compiler's flags; empty for the usual ones.
    flags: &'static str,
    /// Part of the names of the build's files and folders.
    id: &'static str,
}

const THIN_LTO: Build = Build {
    name: "Thin LTO, one codegen unit",
    profile: "thin",
    flags: "",
    id: "thin",
};

/// A build with the storage for targets without native thread-local storage.
const FALLBACK_STORAGE: Build = Build {
    name: "A release build with the fallback storage",
    profile: "bench",
    flags: "--cfg metrics_fallback_storage",
    id: "fallback",
};

/// Prints the tables and writes them to a file. Unless `options.as_is` is set, adds the tables of a
/// build with thin LTO and, for the recording bench, of one with the fallback storage.
pub(crate) fn report(options: &Options, results: &impl Display) {
    let mut tables = format!("### {}\n\n{results}", options.build);
    println!("{tables}");
    let builds: &[Build] = match options.bench {
        _ if options.as_is => &[],
        "recording" => &[THIN_LTO, FALLBACK_STORAGE],
        _ => &[THIN_LTO],
    };
    for build in builds {
        tables.push('\n');
        tables.push_str(&run_in(build, options));
    }
    fs::write(&options.output, tables).expect("the tables can be written");
    println!("{}", options.output.display());
}

/// Runs the bench in another build, which prints its own tables, and returns them.
fn run_in(build: &Build, options: &Options) -> String {
    let output = target().join(format!("{}-{}.md", options.bench, build.id));
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["bench", "--profile", build.profile, "--package", "tests"])
        .args(["--features", "peers", "--bench", options.bench])
        .arg("--target-dir");
    if build.flags.is_empty() {
        cargo.arg(target());
    } else {
        // Each build with other flags has a folder of its own, because changed flags make Cargo
        // rebuild everything in a shared folder.
        cargo
            .arg(target().join(build.id))
            .env("RUSTFLAGS", build.flags);
    }
    cargo
        .args(["--", "--as-is"])
        .arg(format!("--build={}", build.name))
        .arg(format!("--rounds={}", options.rounds))
        .arg(format!("--output={}", output.display()))
        .args(&options.rows)
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    let status = cargo.status().expect("Cargo starts");
    assert!(status.success(), "{status}: {cargo:?}");
    fs::read_to_string(output).expect("the bench has written its tables")
}
