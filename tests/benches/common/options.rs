//! [`Options`]: the command line of the benches that compare libraries.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The parsed command line.
pub(crate) struct Options {
    /// Cargo's name of the bench.
    pub(super) bench: &'static str,
    /// Texts of which a row's name must contain at least one for the row to run; empty to run all
    /// rows.
    pub(super) rows: Vec<String>,
    /// Number of rounds; the medians over them are reported.
    pub(crate) rounds: usize,
    /// Whether to run the bench only in this build, and not also in a build with thin LTO.
    pub(super) as_is: bool,
    /// The name of this build, which is the heading of its tables.
    pub(super) build: String,
    /// The output file.
    pub(crate) output: PathBuf,
}

impl Options {
    /// Parses the command line; unknown options are ignored, because Cargo passes its own.
    pub(crate) fn from_arguments(bench: &'static str) -> Self {
        let mut options = Self {
            bench,
            rows: Vec::new(),
            rounds: ROUNDS,
            as_is: false,
            build: "A release build".to_owned(),
            output: target().join(bench).with_extension("md"),
        };
        for argument in env::args().skip(1) {
            if argument == "--as-is" {
                options.as_is = true;
            } else if let Some(build) = argument.strip_prefix("--build=") {
                build.clone_into(&mut options.build);
            } else if let Some(output) = argument.strip_prefix("--output=") {
                options.output = output.into();
            } else if let Some(rounds) = argument.strip_prefix("--rounds=") {
                let rounds = rounds.parse().ok().filter(|rounds| *rounds > 0);
                options.rounds = rounds.expect("`--rounds` takes an integer of at least 1");
            } else if !argument.starts_with('-') {
                options.rows.push(argument);
            }
        }
        options
    }

    /// Returns whether the command line selects a row.
    pub(crate) fn wants(&self, row: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|part| row.contains(part.as_str()))
    }
}

/// Returns the target folder.
pub(super) fn target() -> &'static Path {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary
        .parent()
        .expect("the temporary folder is in the target folder")
}

const ROUNDS: usize = 7;
