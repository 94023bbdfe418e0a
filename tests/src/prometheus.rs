//! [`Prometheus`]: a Prometheus server that a test starts.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    address::free_address,
    http::{get, try_post},
    judge::{Families, installed, python_text},
    scraper::{Job, Scraper, config, list, number, text},
};

/// A running Prometheus server, stopped when dropped.
#[derive(Debug)]
pub struct Prometheus(Scraper);

/// The version of Prometheus to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The version in Debian stable, 2.42 or later.
    Debian,
    /// A Prometheus 3, which accepts UTF-8 names.
    Newer,
}

impl Prometheus {
    /// Starts a Prometheus that scrapes `/metrics` at `target` every second as the job `example`,
    /// and waits until it is ready.
    #[track_caller]
    pub fn scraping(target: SocketAddr) -> Self {
        Self::scraping_with(target, &[])
    }

    /// Like [`scraping`](Self::scraping), with further command-line flags.
    #[track_caller]
    pub fn scraping_with(target: SocketAddr, flags: &[&str]) -> Self {
        Self::start(Version::Debian, &[Job::new("example", target)], flags)
    }

    /// Starts a Prometheus with several scrape jobs.
    #[track_caller]
    pub fn start(version: Version, jobs: &[Job<'_>], flags: &[&str]) -> Self {
        Self::start_with_rules(version, jobs, flags, "groups: []")
    }

    /// Like [`start`](Self::start), with a rule file.
    #[track_caller]
    pub fn start_with_rules(
        version: Version,
        jobs: &[Job<'_>],
        flags: &[&str],
        rules: &str,
    ) -> Self {
        let folder = TempDir::new().expect("a folder for Prometheus");
        let path = |name: &str| folder.path().join(name);
        let config = config(jobs) + RULE_FILES;
        fs::write(path("prometheus.yml"), config).expect("its configuration");
        fs::write(path("rules.yml"), rules).expect("its rules");
        let address = free_address();
        let mut command = Command::new(program(version));
        command
            .arg(format!("--web.listen-address={address}"))
            .arg("--config.file")
            .arg(path("prometheus.yml"))
            .arg("--storage.tsdb.path")
            .arg(path("data"))
            .args(flags);
        Self(Scraper::start(command, address, folder, READY))
    }

    /// Starts a Prometheus 3 that serves its own pages with a web configuration file, and waits
    /// until it listens. It scrapes nothing.
    #[track_caller]
    pub fn serving_with(web_config: &Path) -> Self {
        let folder = TempDir::new().expect("a folder for Prometheus");
        fs::write(folder.path().join("prometheus.yml"), "global: {}").expect("its configuration");
        let address = free_address();
        let mut command = Command::new(program(Version::Newer));
        command
            .arg(format!("--web.listen-address={address}"))
            .arg("--web.config.file")
            .arg(web_config)
            .arg("--config.file")
            .arg(folder.path().join("prometheus.yml"))
            .arg("--storage.tsdb.path")
            .arg(folder.path().join("data"));
        Self(Scraper::start_guarded(command, address, folder))
    }

    /// Replaces the scrape jobs while the server runs. The server needs the flag
    /// `--web.enable-lifecycle`.
    #[track_caller]
    pub fn reconfigure(&self, jobs: &[Job<'_>]) {
        let config = config(jobs) + RULE_FILES;
        fs::write(self.0.file("prometheus.yml"), config).expect("its configuration");
        let reloaded = try_post(&self.0.url("/-/reload"));
        assert_eq!(reloaded.expect("a response"), 200, "the reload");
    }

    /// Kills the process, as a crash would.
    pub fn crash(&mut self) {
        self.0.crash();
    }

    /// Restarts the server after a crash with the same data.
    #[track_caller]
    pub fn start_again(&mut self) {
        self.0.start_again(READY);
    }

    /// The URL for remote write. The server needs the flag `--web.enable-remote-write-receiver`.
    pub fn write_url(&self) -> String {
        self.0.url("/api/v1/write")
    }

    /// Evaluates an expression with at most one series; `None` if it has none.
    #[track_caller]
    pub fn value(&self, expression: &str) -> Option<f64> {
        self.0.value(expression)
    }

    /// Evaluates an expression and returns its series as the API writes them: each with `metric`
    /// and `value`, or `values` for a range selector.
    #[track_caller]
    pub fn query(&self, expression: &str) -> Vec<Value> {
        self.0.query(expression)
    }

    /// Evaluates an expression over the last `past` in steps of a second, and returns its series as
    /// the API writes them: each with `metric` and `values`.
    #[track_caller]
    pub fn query_range(&self, expression: &str, past: Duration) -> Vec<Value> {
        let (start, end) = self.period(past);
        let parameters = [
            ("query", expression),
            ("start", start.as_str()),
            ("end", end.as_str()),
            ("step", "1"),
        ];
        list(&self.0.ask("query_range", &parameters)["result"])
    }

    /// Returns the exemplars of the selected series in the last `past`, as the API writes them:
    /// each with `seriesLabels` and `exemplars`.
    ///
    /// The server needs the flag `--enable-feature=exemplar-storage`.
    #[track_caller]
    pub fn query_exemplars(&self, expression: &str, past: Duration) -> Vec<Value> {
        let (start, end) = self.period(past);
        let parameters = [("query", expression), ("start", &start), ("end", &end)];
        list(&self.0.ask("query_exemplars", &parameters))
    }

    /// Start and end of the period `past` until now, as Unix times for the API.
    #[track_caller]
    fn period(&self, past: Duration) -> (String, String) {
        let now = self
            .value("vector(time())")
            .expect("Prometheus returns the time");
        ((now - past.as_secs_f64()).to_string(), now.to_string())
    }

    /// Returns the state of each target.
    #[track_caller]
    pub fn targets(&self) -> Vec<Target> {
        let targets = list(&self.0.ask("targets", &[])["activeTargets"]);
        let targets = targets.iter().map(|target| Target {
            job: text(&target["labels"]["job"]),
            health: text(&target["health"]),
            last_error: text(&target["lastError"]),
        });
        targets.collect()
    }

    /// Returns type, help and unit of a family as scraped by a job; `None` while it is unknown.
    #[track_caller]
    pub fn metadata(&self, job: &str, family: &str) -> Option<(String, String, String)> {
        let job = format!(r#"{{job="{job}"}}"#);
        let parameters = [("match_target", job.as_str()), ("metric", family)];
        let entries = list(&self.0.ask("targets/metadata", &parameters));
        let entry = match entries.as_slice() {
            [] => return None,
            [entry] => entry,
            _ => panic!("expected one metadata entry of `{family}`: {entries:#?}"),
        };
        Some((
            text(&entry["type"]),
            text(&entry["help"]),
            text(&entry["unit"]),
        ))
    }

    /// Returns Prometheus' own metrics, for example about its scrapes.
    #[track_caller]
    pub fn own_metrics(&self) -> Families {
        let page = get(&self.0.url("/metrics"));
        python_text(&page.body).expect("Prometheus writes a valid exposition")
    }
}

#[track_caller]
fn program(version: Version) -> PathBuf {
    match version {
        Version::Debian => installed("PROMETHEUS", "prometheus/usr/bin/prometheus"),
        Version::Newer => installed("PROMETHEUS_NEWER", "prometheus-newer/usr/bin/prometheus"),
    }
}

/// The state of a scrape target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The name of the scrape job.
    pub job: String,
    /// `up`, `down` or `unknown`.
    pub health: String,
    /// The error of the last scrape; empty if it succeeded.
    pub last_error: String,
}

/// Returns the points of a series: timestamp in seconds since 1970, and value.
#[track_caller]
pub fn points(series: &Value) -> Vec<(f64, f64)> {
    let point = |point: &Value| (point[0].as_f64().expect("a time"), number(&point[1]));
    list(&series["values"]).iter().map(point).collect()
}

const READY: &str = "/-/ready";
const RULE_FILES: &str = "rule_files: [rules.yml]\n";
