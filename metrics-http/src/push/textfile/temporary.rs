//! [`TemporaryFile`]: a file that replaces another one when it is complete.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

/// A new file in the folder of its target, with a name that the exporter ignores.
///
/// It is locked while it exists. A process that ends without removing the file releases the lock,
/// so that the next write of the same target finds the file and removes it.
pub(super) struct TemporaryFile<'t> {
    file: File,
    path: PathBuf,
    target: &'t Path,
    is_renamed: bool,
}

impl TemporaryFile<'_> {
    /// Creates a file that only this user can read; removes those that earlier processes have left.
    pub(super) fn create(target: &Path) -> io::Result<TemporaryFile<'_>> {
        static FILES: AtomicU64 = AtomicU64::new(0);
        remove_leftovers(target);
        loop {
            let number = FILES.fetch_add(1, Ordering::Relaxed);
            let mut name = prefix(target);
            name.push(format!("{}-{number}{SUFFIX}", process::id()));
            let path = target.with_file_name(name);
            // An existing file is not opened, because an earlier process with the same id may have
            // left it, or an attacker may have placed a link there.
            let opened = new_file().open(&path);
            if let Err(error) = &opened
                && error.kind() == io::ErrorKind::AlreadyExists
            {
                continue;
            }
            let file = opened?;
            // A file system without locks is an error here; then nothing removes the file, either.
            let is_taken = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
            // Before the file was locked, another process may have taken it for a leftover.
            if !is_taken && !is_deleted(&file) {
                return Ok(TemporaryFile {
                    file,
                    path,
                    target,
                    is_renamed: false,
                });
            }
        }
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Makes the content durable and renames the file to its target.
    pub(super) fn replace_target(mut self) -> io::Result<()> {
        make_readable(&self.file)?;
        self.file.sync_all()?;
        fs::rename(&self.path, self.target)?;
        self.is_renamed = true;
        sync_folder(self.target);
        Ok(())
    }
}

impl Drop for TemporaryFile<'_> {
    fn drop(&mut self) {
        if !self.is_renamed {
            // Fails perhaps for the reason for which the file was not renamed.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Removes the files that processes have left which ended while they wrote this target.
///
/// A file that cannot be opened, locked or removed stays.
fn remove_leftovers(target: &Path) {
    let Ok(entries) = fs::read_dir(folder(target)) else {
        return;
    };
    let prefix = prefix(target);
    for entry in entries.flatten() {
        // Opening a file that is no regular file may block.
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if !is_file || !is_temporary(&entry.file_name(), &prefix) {
            continue;
        }
        if let Ok(file) = File::open(entry.path())
            && file.try_lock().is_ok()
            // Another process may have removed it, and the name may be in use again.
            && !is_deleted(&file)
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The beginning of the names of temporary files of this target.
fn prefix(target: &Path) -> OsString {
    let mut prefix = OsString::from(".");
    prefix.push(target.file_name().unwrap_or_default());
    prefix.push(".");
    prefix
}

/// Whether a name has the prefix, two numbers, and the suffix.
fn is_temporary(name: &OsStr, prefix: &OsStr) -> bool {
    let (name, prefix) = (name.as_encoded_bytes(), prefix.as_encoded_bytes());
    let numbers = name
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_suffix(SUFFIX.as_bytes()));
    numbers.is_some_and(|numbers| {
        let mut parts = numbers.split(|byte| *byte == b'-');
        let mut is_number = || {
            let part = parts.next().unwrap_or_default();
            !part.is_empty() && part.iter().all(u8::is_ascii_digit)
        };
        is_number() && is_number() && parts.next().is_none()
    })
}

fn new_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    // Another user who can open a file can also lock it.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Whether an open file has no name any more.
#[cfg(unix)]
fn is_deleted(file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    file.metadata().is_ok_and(|metadata| metadata.nlink() == 0)
}

#[cfg(not(unix))]
fn is_deleted(_: &File) -> bool {
    false
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
fn sync_folder(target: &Path) {
    if let Ok(folder) = File::open(folder(target)) {
        let _ = folder.sync_all();
    }
}

fn folder(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

const SUFFIX: &str = ".tmp";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_temporary_files_have_two_numbers() {
        for (name, expected) in [
            (".a.prom.12-0.tmp", true),
            (".a.prom.12.tmp", false),
            (".a.prom.12-.tmp", false),
            (".a.prom.12-0-1.tmp", false),
            (".a.prom.x-0.tmp", false),
            (".a.prom.tmp", false),
            (".b.prom.12-0.tmp", false),
            ("a.prom.12-0.tmp", false),
        ] {
            let prefix = prefix(Path::new("folder/a.prom"));
            assert_eq!(is_temporary(OsStr::new(name), &prefix), expected, "{name}");
        }
    }
}
