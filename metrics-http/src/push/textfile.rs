//! Writes metrics to a file for the textfile collector of `node_exporter`.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use metrics_core::{Delivery, ExpositionFormat, Format, Recipient, Registry};

use crate::error::Error;

/// Writes the metrics of this program to a file for `node_exporter`'s textfile collector.
///
/// For jobs that cron or a timer starts. The exporter reads all files that end in `.prom` from the
/// folder in its option `--collector.textfile.directory`, in the text format 0.0.4. It refuses
/// samples with timestamps, so this function leaves out the timestamps that
/// [collectors](metrics_core::CollectedSeries::timestamp) set.
///
/// The file is replaced atomically, also in a crash: a temporary file in the same folder (on Unix
/// with mode 644) is written, synced to disk and renamed. The exporter reads either the old or the
/// new metrics.
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
    let (file, temporary) = create_temporary(path)?;
    let recipient = Recipient::new(("textfile", path));
    let renamed = write(registry, recipient, file).and_then(|delivery| {
        fs::rename(&temporary, path)?;
        Ok(delivery)
    });
    match renamed {
        Ok(delivery) => {
            delivery.confirm(recipient);
            sync_folder(path);
            Ok(())
        }
        Err(error) => {
            // The removal may fail for the same reason; only the first error is reported.
            let _ = fs::remove_file(&temporary);
            Err(error)
        }
    }
}

/// Creates a file in the folder of `path`, with a name that the exporter ignores.
fn create_temporary(path: &Path) -> io::Result<(File, PathBuf)> {
    static FILES: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{}-{number}.tmp", process::id()));
        let temporary = path.with_file_name(name);
        // An existing file is not opened, because an earlier process with the same id may have left
        // it, or an attacker may have placed a link there.
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&temporary)
        {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return Ok((opened?, temporary)),
        }
    }
}

fn write(registry: &Registry, recipient: Recipient, file: File) -> io::Result<Delivery> {
    let mut out = BufWriter::new(file);
    let format = ExpositionFormat::from(Format::Text).without_timestamps();
    let delivery = registry.encode_for(recipient, format, &mut out, Duration::MAX, None)?;
    out.flush()?;
    let file = out.get_ref();
    make_readable(file)?;
    file.sync_all()?;
    Ok(delivery)
}

/// Sets mode 644 whatever the umask is, because the exporter usually runs as another user.
#[cfg(unix)]
fn make_readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &File) -> io::Result<()> {
    Ok(())
}

/// Makes the rename durable, on file systems that can sync a folder.
fn sync_folder(path: &Path) {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
