//! A `VictoriaMetrics` of one's own.

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
    /// Starts one that scrapes `/metrics` at `target` every second, as the job `example`, and
    /// waits until it answers.
    #[track_caller]
    pub fn scraping(target: SocketAddr) -> Self {
        Self::start(&[Job::new("example", target)])
    }

    /// Starts one that scrapes nothing.
    #[track_caller]
    pub fn alone() -> Self {
        Self::start(&[])
    }

    /// Where it takes what is sent to it.
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
            // By default it shows half a minute later what it has scraped.
            .arg("-search.latencyOffset=0s");
        Self(Scraper::start(command, address, folder, "/health"))
    }

    /// The value of an expression that yields one; none if it yields no series.
    #[track_caller]
    pub fn value(&self, expression: &str) -> Option<f64> {
        self.0.value(expression)
    }
}
