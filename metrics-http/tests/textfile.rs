//! Tests of files written for the textfile collector of `node_exporter`.

mod support;

use std::{
    env, fs,
    io::ErrorKind,
    path::{Path, PathBuf},
    process::Child,
    thread::{self, ScopedJoinHandle},
};

use metrics_core::metrics;
use metrics_http::{
    Collection, Collector, Counter, Desc, DynamicFamily, Format, Kind, Options, Registry, Server,
    write_textfile, write_textfile_from,
};
use tempfile::TempDir;

use support::{Shop, Warehouse, eventually, own_process, registry};

metrics! {
    /// Orders of the global registry.
    static ORDERS: Counter = "global_orders_total";
}

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
    let registry = registry(Shop);
    let options = Options::new("traced_total", "With exemplars.").labels(["kind"]);
    let traced: DynamicFamily<Counter> = registry.create_family(options).unwrap();
    traced.with(&["a"]).inc_with_exemplar(&[("trace_id", "1")]);
    registry.write_created(true);
    let in_openmetrics = registry.encode_to_string(Format::OpenMetrics);
    assert!(
        in_openmetrics.contains("traced_total{kind=\"a\"} 1 # {"),
        "{in_openmetrics}"
    );
    assert!(
        in_openmetrics.contains("traced_created{"),
        "{in_openmetrics}"
    );
    write_textfile_from(&registry, &path).unwrap();
    let written = fs::read_to_string(&path).unwrap();
    assert!(
        written.contains("traced_total{kind=\"a\"} 1\n"),
        "{written}"
    );
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
fn metrics_that_other_programs_have_too_are_left_out() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("shop.prom");
    let registry = registry(Shop);
    registry.write_self_metrics(true);
    let server = Server::builder().registry(registry.clone());
    let _server = server.serve("127.0.0.1:0").unwrap();
    write_textfile_from(&registry, &path).unwrap();
    let written = fs::read_to_string(&path).unwrap();
    let families = written.lines().filter(|line| line.starts_with("# TYPE "));
    let expected = ["# TYPE orders_total counter", "# TYPE orders_waiting gauge"];
    assert_eq!(families.collect::<Vec<_>>(), expected);
}

#[test]
fn the_global_registry_is_written_by_default() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("global.prom");
    ORDERS.inc();
    write_textfile(&path).unwrap();
    let written = fs::read_to_string(&path).unwrap();
    assert!(written.contains("global_orders_total 1\n"), "{written}");
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
    let whole = fs::read(&path).unwrap();
    std::thread::scope(|scope| {
        let writers =
            [0; 2].map(|_| scope.spawn(|| write_textfile_from(&registry, &path).unwrap()));
        let mut reads = 0;
        while reads == 0 || !writers.iter().all(ScopedJoinHandle::is_finished) {
            assert_eq!(fs::read(&path).unwrap(), whole);
            reads += 1;
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

/// A collector that never returns, so that a file is being written until the process ends.
struct Hanging;

impl Collector for Hanging {
    fn descs(&self) -> &[Desc] {
        static DESCS: [Desc; 1] = [Desc::new(Kind::Gauge, "hangs", "Hangs.")];
        &DESCS
    }

    fn collect(&self, _: &mut Collection<'_>) {
        loop {
            thread::park();
        }
    }
}

const PATH: &str = "METRICS_HTTP_TEXTFILE";

/// Another process that is writing a file, ended by a signal that it cannot handle.
struct Writer {
    process: Child,
    folder: PathBuf,
}

impl Writer {
    /// Starts a process that runs `test` and writes `path` there; returns when it has begun.
    fn start(test: &str, path: &Path) -> Writer {
        let folder = path.parent().unwrap().to_owned();
        let before = names(&folder).len();
        let process = own_process::command(test).env(PATH, path).spawn().unwrap();
        eventually("a temporary file", || names(&folder).len() > before);
        Writer { process, folder }
    }

    /// In the process of the writer: writes the file, and never returns.
    fn act_in_own_process() {
        if own_process::is_own_process() {
            let path = env::var_os(PATH).unwrap();
            let _ = write_textfile_from(&registry(Hanging), path);
        }
    }

    /// Ends the process; returns the names of the files in the folder.
    fn kill(mut self) -> Vec<String> {
        self.end();
        names(&self.folder)
    }

    fn end(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.end();
    }
}

#[test]
fn the_temporary_file_of_a_crash_is_removed_by_the_next_write() {
    Writer::act_in_own_process();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("shop.prom");
    let test = "the_temporary_file_of_a_crash_is_removed_by_the_next_write";
    let left = Writer::start(test, &path).kill();
    assert!(left[0].contains(".tmp"), "{left:?}");
    write_textfile_from(&registry(Shop), &path).unwrap();
    assert_eq!(names(folder.path()), ["shop.prom"]);
}

#[test]
fn the_temporary_file_of_a_running_process_is_kept() {
    Writer::act_in_own_process();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("shop.prom");
    let writer = Writer::start("the_temporary_file_of_a_running_process_is_kept", &path);
    write_textfile_from(&registry(Shop), &path).unwrap();
    assert_eq!(names(folder.path()).len(), 2);
    assert_eq!(writer.kill().len(), 2);
}

#[test]
fn only_temporary_files_of_the_same_file_are_removed() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("shop.prom");
    let kept = [
        ".shop.prom.tmp",
        ".shop.prom.backup.tmp",
        ".other.prom.1-0.tmp",
        "shop.prom.1-0.tmp",
    ];
    for name in kept {
        fs::write(folder.path().join(name), "").unwrap();
    }
    fs::write(folder.path().join(".shop.prom.1-0.tmp"), "").unwrap();
    write_textfile_from(&registry(Shop), &path).unwrap();
    let mut found = names(folder.path());
    found.sort();
    let mut expected = [&kept[..], &["shop.prom"]].concat();
    expected.sort_unstable();
    assert_eq!(found, expected);
}
