//! Builds the crates below `tests/fixtures`, which are outside the workspace.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Builds a fixture and returns the folder of the artifacts.
#[track_caller]
pub fn build_fixture(name: &str, release: bool) -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixture = here.join("fixtures").join(name);
    // Uses the versions in the workspace's lock file, so that nothing has to be downloaded.
    fs::copy(here.join("../Cargo.lock"), fixture.join("Cargo.lock")).expect("the lock file");
    // All fixtures use one target folder, so that shared dependencies are built once per profile.
    let target = target_folder().join("fixtures");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .args(["build", "--quiet", "--offline"])
        .current_dir(&fixture)
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", "")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    if release {
        cargo.arg("--release");
    }
    let built = cargo.output().expect("cargo");
    let error = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{error}");
    target.join(if release { "release" } else { "debug" })
}

/// Returns the folder `tmp` in the target folder of the running test.
fn target_folder() -> PathBuf {
    let program = env::current_exe().expect("a test is a program");
    let folder = program.ancestors().nth(3).expect("target/debug/deps");
    folder.join("tmp")
}
