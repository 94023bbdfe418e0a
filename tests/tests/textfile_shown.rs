//! Tests that a real `node_exporter` exposes the textfile that is written for it.

#![allow(clippy::float_cmp, reason = "the values are whole numbers")]

use metrics_core::{Counter, Gauge, Histogram, Options, Registry, Summary};
use metrics_http::{Server, write_textfile_from};
use tempfile::TempDir;
use tests::NodeExporter;

#[test]
fn node_exporter_exposes_every_type_of_a_textfile_and_its_update() {
    let registry = Registry::new();
    let options = Options::new("backup_runs_total", "Runs.").labels(["volume"]);
    let runs = registry.create_family::<Counter>(options).unwrap();
    runs.with(&["a \"b\" \\ \n ü"]).inc_by(3);
    let options = Options::new("backup_last_bytes", "Size.").unit("bytes");
    registry.create::<Gauge>(options).unwrap().set(42);
    let options = Options::new("backup_duration_seconds", "Time.")
        .unit("seconds")
        .buckets([1.0, 60.0]);
    let took = registry.create::<Histogram>(options).unwrap();
    took.observe(30.0);
    let options = Options::new("backup_files", "Files.");
    registry.create::<Summary>(options).unwrap().observe(7.0);

    let folder = TempDir::new().unwrap();
    let path = folder.path().join("backup.prom");
    write_textfile_from(&registry, &path).unwrap();
    let exporter = NodeExporter::start(folder.path());
    let shown = exporter.families();
    assert_eq!(shown.sum("node_textfile_scrape_error", &[]), 0.0);
    let volume = [("volume", "a \"b\" \\ \n ü")];
    assert_eq!(shown.sum("backup_runs_total", &volume), 3.0);
    assert_eq!(shown.sum("backup_last_bytes", &[]), 42.0);
    let within = |le| shown.sum("backup_duration_seconds_bucket", &[("le", le)]);
    assert_eq!([within("1"), within("60"), within("+Inf")], [0.0, 1.0, 1.0]);
    assert_eq!(shown.sum("backup_duration_seconds_sum", &[]), 30.0);
    assert_eq!(shown.sum("backup_files_count", &[]), 1.0);

    runs.with(&["a \"b\" \\ \n ü"]).inc();
    write_textfile_from(&registry, &path).unwrap();
    assert_eq!(exporter.families().sum("backup_runs_total", &volume), 4.0);
}

#[test]
fn a_textfile_does_not_clash_with_the_metrics_of_the_exporter_itself() {
    let registry = Registry::new();
    let options = Options::new("backup_runs_total", "Runs.");
    registry.create::<Counter>(options).unwrap().inc();
    // The server adds `process_*`, which the exporter has too.
    let server = Server::builder().registry(registry.clone());
    let _server = server.serve("127.0.0.1:0").unwrap();
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("backup.prom");
    write_textfile_from(&registry, &path).unwrap();
    let written = std::fs::read_to_string(&path).unwrap();
    let exporter = NodeExporter::start(folder.path());
    let shown = exporter.families();
    assert_eq!(shown.sum("backup_runs_total", &[]), 1.0);
    assert!(shown.value("process_resident_memory_bytes", &[]).is_some());
    assert!(!written.contains("process_"), "{written}");
}
