//! [`Pipe`]: a file that hangs when it is read.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

/// A named pipe in the place of a file. Reading it waits for a writer, like a file system that
/// hangs.
pub struct Pipe(PathBuf);

impl Pipe {
    pub fn replace(path: &Path) -> Pipe {
        fs::remove_file(path).unwrap();
        let made = Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
        Pipe(path.to_owned())
    }

    /// Gives the content to the reader that waits, and replaces the pipe by a file with it.
    pub fn release(self, content: &[u8]) {
        // Does not wait, because there is a reader. The pipe is removed before the reader goes on,
        // so that it is not read again.
        let mut pipe = File::options().write(true).open(&self.0).unwrap();
        fs::remove_file(&self.0).unwrap();
        fs::write(&self.0, content).unwrap();
        pipe.write_all(content).unwrap();
    }
}
