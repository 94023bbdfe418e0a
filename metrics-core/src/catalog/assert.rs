//! `assert_catalog`: compares the catalogue with a lock file in a program's tests.

use std::{
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{build::catalog, lock::Lock};

/// The environment variable that makes `assert_catalog` write the lock file instead of reading it.
const BLESS: &str = "METRICS_BLESS";

/// Panics if the program's metrics changed in a way that breaks dashboards, alerts or rules.
///
/// Compares the catalogue with a lock file. The assertion fails if a metric in the file is missing,
/// has another type, unit or buckets, or lacks its native buckets, a quantile, a state, a label or
/// a value of a closed label. New metrics, labels and label values pass.
///
/// The path is relative to the package's folder, where `cargo test` runs tests. If the environment
/// variable `METRICS_BLESS` is set, the file is written instead; review its diff like any other.
/// The file contains no help texts, files or lines, so that it changes only when the interface to
/// queries does.
///
/// A test sees only what is linked into it. Place the test among the unit tests of the crate that
/// declares the metrics (a test of another crate sees only the modules it uses), and use one lock
/// file per test.
///
/// ```
/// # std::env::set_current_dir(std::env::temp_dir())?;
/// # // What a first run with `METRICS_BLESS=1` writes for a program without metrics.
/// # std::fs::write("metrics.lock.json", r#"{"version": 1, "families": {}}"#)?;
/// // In a test:
/// metrics_core::testing::assert_catalog("metrics.lock.json");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Panics
///
/// If a metric changed incompatibly, with a line for each difference; if the file is missing or
/// invalid, or cannot be read or written.
#[track_caller]
pub fn assert_catalog(lock: impl AsRef<Path>) {
    let path = lock.as_ref();
    let now = Lock::of(&catalog());
    if env::var_os(BLESS).is_some() {
        if let Err(error) = fs::write(path, now.write()) {
            panic!("{}: {error}", display_path(path));
        }
        return;
    }
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => panic!(
            "{} does not exist; run this test with {BLESS}=1 to write it, and commit it",
            display_path(path)
        ),
        Err(error) => panic!("{}: {error}", display_path(path)),
    };
    let locked = match Lock::read(&text) {
        Ok(locked) => locked,
        Err(error) => panic!("{}: {error}", display_path(path)),
    };
    let broken = locked.broken_by(&now);
    assert!(
        broken.is_empty(),
        "metrics in {} have changed, which can break queries that use them:\n\n{}\n\n\
         If this is intended, run this test with {BLESS}=1, and mention it in the changelog.",
        display_path(path),
        broken.join("\n"),
    );
}

/// The absolute path in backticks, for messages.
fn display_path(path: &Path) -> String {
    let absolute = env::current_dir().map_or_else(|_| PathBuf::from(path), |at| at.join(path));
    format!("`{}`", absolute.display())
}
