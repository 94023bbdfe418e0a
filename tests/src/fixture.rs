//! Builds the crates below `tests/fixtures`, which are outside the workspace.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use crate::cargo::cargo;

/// Builds a fixture, unless this process has built it before, and returns the folder of the
/// artifacts.
#[track_caller]
pub fn build_fixture(name: &str, release: bool) -> PathBuf {
    static BUILT: Mutex<BTreeMap<(String, bool), PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (name.to_owned(), release);
    if let Some(folder) = built.get(&key) {
        return folder.clone();
    }
    let folder = build(name, release);
    built.insert(key, folder.clone());
    folder
}

/// Returns the folder of a fixture, which uses the versions in the workspace's lock file, so that
/// nothing has to be downloaded.
#[track_caller]
pub fn locked_fixture(name: &str) -> PathBuf {
    static COPIES: AtomicU32 = AtomicU32::new(0);
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let fixture = here.join("fixtures").join(name);
    // Renames a copy, because Cargo may read the file meanwhile, for another test.
    let number = COPIES.fetch_add(1, Ordering::Relaxed);
    let copy = fixture.join(format!("Cargo.lock.{}.{number}", process::id()));
    fs::copy(here.join("../Cargo.lock"), &copy).expect("the lock file");
    fs::rename(&copy, fixture.join("Cargo.lock")).expect("a lock file to replace");
    fixture
}

#[track_caller]
fn build(name: &str, release: bool) -> PathBuf {
    let fixture = locked_fixture(name);
    // All fixtures use one target folder, so that shared dependencies are built once per profile.
    let target = target_folder().join("fixtures");
    let mut cargo = cargo();
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
