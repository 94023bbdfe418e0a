//! [`VictoriaMetrics`]: a `VictoriaMetrics` server that a test starts.

use std::{fs, net::SocketAddr, process::Command};

use tempfile::TempDir;

use crate::{
    address::free_address,
    judge::installed,
    scraper::{Job, Scraper, config},
};

/// A running `VictoriaMetrics` server, stopped when dropped.
#[derive(Debug)]
pub struct VictoriaMetrics(Scraper);

impl VictoriaMetrics {
    /// Starts a server that scrapes `/metrics` at `target` every second as the job `example`, and
    /// waits until it is ready.
    #[track_caller]
    pub fn scraping(target: SocketAddr) -> Self {
        Self::start(&[Job::new("example", target)])
    }

    /// Starts a server without scrape jobs.
    #[track_caller]
    pub fn without_jobs() -> Self {
        Self::start(&[])
    }

    /// The URL for remote write.
    pub fn write_url(&self) -> String {
        self.0.url("/api/v1/write")
    }

    #[track_caller]
    fn start(jobs: &[Job<'_>]) -> Self {
        let program = installed(
            "VICTORIA_METRICS",
            "victoria-metrics/usr/bin/victoria-metrics",
        );
        let folder = TempDir::new().expect("a folder for VictoriaMetrics");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("scrape.yml"), config(jobs)).expect("its configuration");
        let address = free_address();
        let mut command = Command::new(program);
        command
            .arg(format!("-httpListenAddr={address}"))
            .arg("-promscrape.config")
            .arg(path("scrape.yml"))
            .arg("-storageDataPath")
            .arg(path("data"))
            .arg("-memory.allowedBytes=64MB")
            // By default, queries do not see samples of the last 30 seconds.
            .arg("-search.latencyOffset=0s");
        Self(Scraper::start(command, address, folder, "/health"))
    }

    /// Evaluates an expression with at most one series; `None` if it has none.
    #[track_caller]
    pub fn value(&self, expression: &str) -> Option<f64> {
        self.0.value(expression)
    }
}
