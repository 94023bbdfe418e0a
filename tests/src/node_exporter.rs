//! [`NodeExporter`]: a `node_exporter` process that a test starts.

use std::{path::Path, process::Command};

use tempfile::TempDir;

use crate::{
    address::free_address,
    http::get,
    judge::{Families, installed, python_text},
    scraper::Scraper,
};

/// A running `node_exporter` with only the textfile collector, stopped when dropped.
#[derive(Debug)]
pub struct NodeExporter(Scraper);

impl NodeExporter {
    /// Starts a `node_exporter` that exposes the `.prom` files of a folder, and waits until it is
    /// ready.
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

    /// Returns the families that the `node_exporter` exposes.
    #[track_caller]
    pub fn families(&self) -> Families {
        let page = get(&self.0.url("/metrics"));
        python_text(&page.body).expect("node_exporter writes a valid exposition")
    }
}
