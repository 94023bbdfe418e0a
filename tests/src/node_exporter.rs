//! A `node_exporter` of one's own.

use std::{path::Path, process::Command};

use tempfile::TempDir;

use crate::{
    address::free_address,
    http::get,
    judge::{Families, installed, python_text},
    scraper::Scraper,
};

/// A running `node_exporter` that shows text files and nothing else, stopped when dropped.
#[derive(Debug)]
pub struct NodeExporter(Scraper);

impl NodeExporter {
    /// Starts one that shows the files of a folder whose names end in `.prom`, and waits until it
    /// answers.
    #[track_caller]
    pub fn start(files: &Path) -> Self {
        let program = installed(
            "NODE_EXPORTER",
            "node-exporter/usr/bin/prometheus-node-exporter",
        );
        let address = free_address();
        let mut command = Command::new(program);
        command
            .arg(format!("--web.listen-address={address}"))
            .arg("--collector.disable-defaults")
            .arg("--collector.textfile")
            .arg("--collector.textfile.directory")
            .arg(files);
        let folder = TempDir::new().expect("a folder for its log");
        Self(Scraper::start(command, address, folder, "/"))
    }

    /// What it shows to Prometheus.
    #[track_caller]
    pub fn families(&self) -> Families {
        let page = get(&self.0.url("/metrics"));
        python_text(&page.body).expect("node_exporter keeps to its own format")
    }
}
