//! What the command line asks for.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The command line.
pub(crate) struct Options {
    /// What Cargo calls this bench.
    pub(super) bench: &'static str,
    /// Parts of names of rows; none stands for all.
    pub(super) rows: Vec<String>,
    /// How many times everybody is measured: the medians of these are told.
    pub(crate) rounds: usize,
    /// Whether to measure this build only.
    pub(super) as_is: bool,
    /// What this build is called.
    pub(super) build: String,
    /// Where the tables go.
    pub(crate) output: PathBuf,
}

impl Options {
    /// Whatever it does not know it leaves alone: Cargo gives benches options of its own.
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
                options.rounds = rounds.expect("rounds are a number from 1 on");
            } else if !argument.starts_with('-') {
                options.rows.push(argument);
            }
        }
        options
    }

    pub(crate) fn wants(&self, row: &str) -> bool {
        self.rows.is_empty() || self.rows.iter().any(|part| row.contains(part.as_str()))
    }
}

/// The folder that Cargo builds in.
pub(super) fn target() -> &'static Path {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().expect("it is in the target folder")
}

const ROUNDS: usize = 7;
