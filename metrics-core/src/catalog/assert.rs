//! A test that keeps a program's promises to those who query its metrics.

use std::{
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::{build::catalog, lock::Lock};

/// Set to anything, this writes the file instead of comparing with it.
const BLESS: &str = "METRICS_BLESS";

/// Fails when a metric that the file names is gone, or has another type or unit, other buckets or
/// quantiles, or fewer labels or values of closed labels: whatever breaks a dashboard, an alert or
/// a rule of somebody's. Metrics that are added pass.
///
/// The path is relative to the package's folder, where `cargo test` runs tests. With the
/// environment variable `METRICS_BLESS` set the file is written anew, and reviewed as any change;
/// it holds no help texts, files or lines, so that it changes with these promises alone.
///
/// A test sees what is linked into its program: place it among the unit tests of the crate that
/// declares the metrics (a test of another crate only sees the modules it uses), and have one such
/// test for a file.
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
/// When a promise is broken, with a line for each; when the file is missing or cannot be read.
#[track_caller]
pub fn assert_catalog(lock: impl AsRef<Path>) {
    let path = lock.as_ref();
    let now = Lock::of(&catalog());
    if env::var_os(BLESS).is_some() {
        if let Err(error) = fs::write(path, now.write()) {
            panic!("{}: {error}", shown(path));
        }
        return;
    }
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => panic!(
            "there is no {}; run this test with {BLESS}=1 to write it, and commit it",
            shown(path)
        ),
        Err(error) => panic!("{}: {error}", shown(path)),
    };
    let promised = match Lock::read(&text) {
        Ok(promised) => promised,
        Err(error) => panic!("{}: {error}", shown(path)),
    };
    let broken = promised.broken_by(&now);
    assert!(
        broken.is_empty(),
        "metrics that {} promises have changed; whoever queries them gets something else:\n\n{}\n\n\
         If that is meant, run this test with {BLESS}=1, and say it in the change log.",
        shown(path),
        broken.join("\n"),
    );
}

fn shown(path: &Path) -> String {
    let absolute = env::current_dir().map_or_else(|_| PathBuf::from(path), |at| at.join(path));
    format!("`{}`", absolute.display())
}
