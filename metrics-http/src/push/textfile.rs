//! A file for the textfile collector of `node_exporter`.

use std::{
    ffi::OsString,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use metrics_core::{Format, Registry};

use crate::error::Error;

/// Writes the metrics of this program to a file that `node_exporter` shows with its own: for jobs
/// that cron or a timer starts.
///
/// The exporter reads the files of one folder (`--collector.textfile.directory`) that end in
/// `.prom`, in the text format 0.0.4, and refuses those with timestamps; there are none in it. The
/// file is replaced as a whole: a new one beside it, which all may read (mode 644) and which has
/// reached the disk, takes its name, so that the exporter sees either the old metrics or the new
/// ones, also after a crash.
///
/// [`write_textfile_from`] writes another registry than the global one.
///
/// See the [textfile collector](https://github.com/prometheus/node_exporter#textfile-collector).
///
/// # Errors
///
/// When the name does not end in `.prom`, and when the file cannot be written; what was there
/// before stays then.
///
/// # Examples
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let folder = folder.path();
/// metrics_http::metrics! {
///     /// When the backup last succeeded.
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

/// As [`write_textfile`], of a registry of one's choice.
///
/// # Errors
///
/// As [`write_textfile`].
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
    if path.extension().is_none_or(|ending| ending != "prom") {
        return Err(Error::setting(format!(
            "the file `{}` does not end in `.prom`, and the textfile collector would not read it; \
             name it `{}`",
            path.display(),
            path.with_extension("prom").display()
        )));
    }
    replace(registry, path).map_err(|source| Error::textfile(path.to_owned(), source))
}

fn replace(registry: &Registry, path: &Path) -> io::Result<()> {
    let (file, beside) = create_beside(path)?;
    let written = write(registry, file).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // What stood in the way of the file may stand in the way of this too.
        let _ = fs::remove_file(&beside);
        return written;
    }
    sync_folder(path);
    Ok(())
}

/// A new file in the same folder, whose name the exporter passes over.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    static FILES: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = FILES.fetch_add(1, Ordering::Relaxed);
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        name.push(format!(".{}-{number}.tmp", process::id()));
        let beside = path.with_file_name(name);
        // A file that is there was left by an earlier process of the same number, or is a trap.
        match OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(&beside)
        {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            opened => return Ok((opened?, beside)),
        }
    }
}

fn write(registry: &Registry, file: File) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    registry.encode(Format::Text, &mut out)?;
    out.flush()?;
    let file = out.get_ref();
    let_all_read(file)?;
    file.sync_all()
}

/// Whatever the mask of the process says: the exporter is another user.
#[cfg(unix)]
fn let_all_read(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn let_all_read(_: &File) -> io::Result<()> {
    Ok(())
}

/// So that the new name outlives a crash of the machine; not every file system can do it.
fn sync_folder(path: &Path) {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}
