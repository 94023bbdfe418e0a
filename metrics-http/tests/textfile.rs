//! Tests of files written for the textfile collector of `node_exporter`.

mod support;

use std::{fs, io::ErrorKind, path::Path};

use metrics_http::{Registry, write_textfile, write_textfile_from};
use tempfile::TempDir;

use support::{Shop, Warehouse, registry};

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    entries.map(|entry| name(entry.unwrap())).collect()
}

#[test]
fn the_file_contains_the_exposition_in_the_text_format() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("shop.prom");
    write_textfile_from(&registry(Shop), &path).unwrap();
    let written = fs::read_to_string(&path).unwrap();
    assert!(
        written.contains("# TYPE orders_total counter\norders_total{country=\"no\"} 3\n"),
        "{written}"
    );
    assert_eq!(names(folder.path()), ["shop.prom"]);
}

#[test]
fn no_line_has_a_timestamp_or_an_exemplar() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("shop.prom");
    write_textfile_from(&registry(Shop), &path).unwrap();
    let written = fs::read_to_string(&path).unwrap();
    let samples = written.lines().filter(|line| !line.starts_with('#'));
    for sample in samples {
        let value = sample.rsplit_once('}').map_or(sample, |(_, value)| value);
        let words = value.trim_start().split(' ').count();
        assert!(
            words <= if sample.contains('}') { 1 } else { 2 },
            "{sample}"
        );
        assert!(!sample.contains('#'), "{sample}");
    }
}

#[test]
fn the_global_registry_is_written_by_default() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("global.prom");
    write_textfile(&path).unwrap();
    assert!(path.exists());
}

#[cfg(unix)]
#[test]
fn the_file_is_readable_by_all_users() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("shop.prom");
    write_textfile_from(&registry(Shop), &path).unwrap();
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o644);
}

#[test]
fn an_open_file_is_unaffected_by_the_next_write() {
    use std::io::Read;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("shop.prom");
    write_textfile_from(&registry(Shop), &path).unwrap();
    let mut opened = fs::File::open(&path).unwrap();
    write_textfile_from(&Registry::new(), &path).unwrap();
    let mut before = String::new();
    opened.read_to_string(&mut before).unwrap();
    assert!(before.contains("orders_total"), "{before}");
    assert!(!fs::read_to_string(&path).unwrap().contains("orders_total"));
}

#[test]
fn a_concurrent_reader_sees_a_complete_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("stock.prom");
    let registry = registry(Warehouse);
    write_textfile_from(&registry, &path).unwrap();
    let whole = fs::metadata(&path).unwrap().len();
    std::thread::scope(|scope| {
        let writers =
            [0; 2].map(|_| scope.spawn(|| write_textfile_from(&registry, &path).unwrap()));
        while !writers
            .iter()
            .all(std::thread::ScopedJoinHandle::is_finished)
        {
            assert_eq!(fs::metadata(&path).unwrap().len(), whole);
        }
    });
    assert_eq!(names(folder.path()), ["stock.prom"]);
}

#[test]
fn a_missing_folder_is_an_error_that_names_the_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("nowhere/shop.prom");
    let error = write_textfile_from(&registry(Shop), &path).unwrap_err();
    let expected = format!("`{}`: its folder does not exist; ", path.display());
    assert!(error.to_string().contains(&expected), "{error}");
}

#[test]
fn a_name_that_the_exporter_ignores_is_an_error_with_a_suggestion() {
    let error = write_textfile_from(&registry(Shop), "/tmp/shop.txt").unwrap_err();
    let expected = "name it `/tmp/shop.prom`";
    assert!(error.to_string().ends_with(expected), "{error}");
    assert!(write_textfile("").is_err());
    assert!(write_textfile("/").is_err());
}

#[test]
fn a_failed_write_leaves_no_temporary_file_and_keeps_its_cause() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("shop.prom");
    // With a folder of this name, writing fails, because a file cannot replace a folder.
    fs::create_dir(&path).unwrap();
    let error = write_textfile_from(&registry(Shop), &path).unwrap_err();
    assert!(error.to_string().contains("shop.prom"), "{error}");
    let source = std::error::Error::source(&error).unwrap();
    let source = source.downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(source.kind(), ErrorKind::IsADirectory);
    assert_eq!(names(folder.path()), ["shop.prom"]);
}
