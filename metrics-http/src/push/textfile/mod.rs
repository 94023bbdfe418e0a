//! Writes metrics to a file for the textfile collector of `node_exporter`.

mod temporary;

use std::{
    io::{self, BufWriter, Write},
    path::Path,
    time::Duration,
};

use metrics_core::{ExpositionFormat, Format, Recipient, Registry};

use self::temporary::TemporaryFile;
use crate::error::Error;

/// Writes the metrics of this program to a file for `node_exporter`'s textfile collector.
///
/// For jobs that cron or a timer starts. The exporter reads all files that end in `.prom` from the
/// folder in its option `--collector.textfile.directory`, in the text format 0.0.4. It refuses
/// samples with timestamps, so this function leaves out the timestamps that
/// [collectors](metrics_core::CollectedSeries::timestamp) set.
///
/// Self-metrics such as `metrics_series` and the metrics about the process (`process_*`,
/// `build_info`, `target_info`) are left out: no label would tell those of two programs apart. Of
/// equal series, the exporter, which has `process_*` of its own, exposes one and logs an error.
///
/// The file is replaced atomically, also in a crash: a temporary file in the same folder (on Unix
/// with mode 644) is written, synced to disk and renamed. The exporter reads either the old or the
/// new metrics, of one program if several write the same file. The next write of the file removes
/// what a crash has left, if the file system can lock files.
///
/// [`write_textfile_from`] writes a registry other than the global one.
///
/// See the [textfile collector](https://github.com/prometheus/node_exporter#textfile-collector).
///
/// # Errors
///
/// If the name does not end in `.prom`, or the file cannot be written; an existing file is then
/// left as it was.
///
/// # Examples
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// metrics_http::metrics! {
///     /// Time of the last successful backup.
///     #[unit("seconds")]
///     static SUCCEEDED: Gauge = "backup_last_success_timestamp_seconds";
/// }
///
/// SUCCEEDED.set(1_700_000_000);
/// metrics_http::write_textfile(folder.join("backup.prom"))?;
/// let written = std::fs::read_to_string(folder.join("backup.prom"))?;
/// assert!(written.contains("backup_last_success_timestamp_seconds 1700000000\n"), "{written}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_textfile(path: impl AsRef<Path>) -> Result<(), Error> {
    write_textfile_from(Registry::global(), path)
}

/// Writes the metrics of a registry, like [`write_textfile`].
///
/// # Errors
///
/// As for [`write_textfile`].
///
/// ```
/// use metrics_http::{Counter, Options, Registry};
///
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// let registry = Registry::new();
/// registry.create::<Counter>(Options::new("backup_files_total", "Files saved."))?.inc_by(7);
/// metrics_http::write_textfile_from(&registry, folder.join("backup.prom"))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn write_textfile_from(registry: &Registry, path: impl AsRef<Path>) -> Result<(), Error> {
    let path = path.as_ref();
    if path.extension().is_none_or(|extension| extension != "prom") {
        return Err(Error::setting(format!(
            "the file `{}` does not end in `.prom`, and the textfile collector would ignore it; \
             name it `{}`",
            path.display(),
            path.with_extension("prom").display()
        )));
    }
    replace(registry, path).map_err(|source| Error::textfile(path.to_owned(), source))
}

fn replace(registry: &Registry, path: &Path) -> io::Result<()> {
    let temporary = TemporaryFile::create(path)?;
    let recipient = Recipient::new(("textfile", path));
    let mut out = BufWriter::new(temporary.file());
    let format = ExpositionFormat::from(Format::Text)
        .without_timestamps()
        .without_self_metrics()
        .without_process_metrics();
    let delivery = registry.encode_for(recipient, format, &mut out, Duration::MAX, None)?;
    out.flush()?;
    drop(out);
    temporary.replace_target()?;
    delivery.confirm(recipient);
    Ok(())
}
