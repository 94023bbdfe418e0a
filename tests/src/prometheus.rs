//! A Prometheus of one's own: started, asked, stopped.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::http::{Page, get, try_get};
use crate::judge::{Families, installed, python_text};
use crate::wait::wait_until;

/// A running Prometheus server that scrapes one target every second.
///
/// It listens on a free loopback port, keeps its data in a folder that vanishes
/// with it, and is stopped when dropped. The target's `job` is `example`.
#[derive(Debug)]
pub struct Prometheus {
    server: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Prometheus {
    /// Starts one that scrapes `/metrics` at `target`, and waits until it answers.
    #[track_caller]
    pub fn scraping(target: SocketAddr) -> Self {
        Self::scraping_with(target, &[])
    }

    /// The same with further flags on its command line.
    #[track_caller]
    pub fn scraping_with(target: SocketAddr, flags: &[&str]) -> Self {
        let folder = TempDir::new().expect("a folder for Prometheus");
        let path = |name: &str| folder.path().join(name);
        let config = format!("{CONFIG}      - targets: ['{target}']\n");
        fs::write(path("prometheus.yml"), config).expect("its configuration");
        let log = File::create(path("log")).expect("its log");
        let address = free_address();
        let server = Command::new(installed("PROMETHEUS", "prometheus/usr/bin/prometheus"))
            .arg(format!("--web.listen-address={address}"))
            .arg("--config.file")
            .arg(path("prometheus.yml"))
            .arg("--storage.tsdb.path")
            .arg(path("data"))
            .args(flags)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("Prometheus starts");
        let mut prometheus = Self {
            server,
            address,
            folder,
        };
        prometheus.wait_until_ready();
        prometheus
    }

    /// The value of an expression that yields one; none if it yields no series.
    #[track_caller]
    pub fn value(&self, expression: &str) -> Option<f64> {
        let series = self.query(expression);
        assert!(series.len() < 2, "`{expression}` yields {series:#?}");
        series.first().map(|one| number(&one["value"][1]))
    }

    /// The series that an expression yields now: each with `metric` and `value`.
    #[track_caller]
    pub fn query(&self, expression: &str) -> Vec<Value> {
        list(&self.ask("query", &[("query", expression)])["result"])
    }

    /// The series of an expression over the last `past`, a point a second: each with
    /// `metric` and `values`.
    #[track_caller]
    pub fn query_range(&self, expression: &str, past: Duration) -> Vec<Value> {
        let (start, end) = self.period(past);
        let parameters = [
            ("query", expression),
            ("start", start.as_str()),
            ("end", end.as_str()),
            ("step", "1"),
        ];
        list(&self.ask("query_range", &parameters)["result"])
    }

    /// The exemplars of the series that an expression names, of the last `past`: each with
    /// `seriesLabels` and `exemplars`.
    ///
    /// Flags: `--enable-feature=exemplar-storage`.
    #[track_caller]
    pub fn query_exemplars(&self, expression: &str, past: Duration) -> Vec<Value> {
        let (start, end) = self.period(past);
        let parameters = [("query", expression), ("start", &start), ("end", &end)];
        list(&self.ask("query_exemplars", &parameters))
    }

    /// Beginning and end of the last `past`.
    #[track_caller]
    fn period(&self, past: Duration) -> (String, String) {
        let now = self.value("vector(time())").expect("it knows the time");
        ((now - past.as_secs_f64()).to_string(), now.to_string())
    }

    /// What it thinks of the target.
    #[track_caller]
    pub fn target(&self) -> Target {
        let targets = list(&self.ask("targets", &[])["activeTargets"]);
        let [target] = targets.as_slice() else {
            panic!("there should be one target: {targets:#?}");
        };
        Target {
            health: text(&target["health"]),
            last_error: text(&target["lastError"]),
        }
    }

    /// Type, help and unit of a family as scraped; none while it knows none.
    #[track_caller]
    pub fn metadata(&self, family: &str) -> Option<(String, String, String)> {
        let known = self.ask("metadata", &[("metric", family)]);
        let entries = list(known.get(family)?);
        let [entry] = entries.as_slice() else {
            panic!("`{family}` should have one meaning: {entries:#?}");
        };
        Some((
            text(&entry["type"]),
            text(&entry["help"]),
            text(&entry["unit"]),
        ))
    }

    /// Its own metrics: how it fared while scraping.
    #[track_caller]
    pub fn own_metrics(&self) -> Families {
        let page = get(&format!("http://{}/metrics", self.address));
        python_text(&page.body).expect("Prometheus keeps to its own format")
    }

    #[track_caller]
    fn ask(&self, endpoint: &str, parameters: &[(&str, &str)]) -> Value {
        let url = format!("http://{}/api/v1/{endpoint}", self.address);
        let page = try_get(&url, parameters, None)
            .unwrap_or_else(|error| panic!("{endpoint} {parameters:?}: {error}\n{}", self.log()));
        let mut answer: Value = serde_json::from_str(&page.body)
            .unwrap_or_else(|error| panic!("{endpoint}: {error}: {}", page.body));
        assert_eq!(
            answer["status"], "success",
            "{endpoint} {parameters:?}: {answer}"
        );
        answer["data"].take()
    }

    #[track_caller]
    fn wait_until_ready(&mut self) {
        let url = format!("http://{}/-/ready", self.address);
        wait_until(Duration::from_secs(30), "Prometheus", || {
            if let Some(status) = self.server.try_wait().expect("a child has a status") {
                panic!("Prometheus ended with {status}:\n{}", self.log());
            }
            let is_ready = |page: &Page| page.status == 200;
            try_get(&url, &[], None).ok().filter(is_ready)
        });
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // Either fails only if it has ended by itself.
        _ = self.server.kill();
        _ = self.server.wait();
    }
}

/// What Prometheus thinks of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `up`, `down` or `unknown`.
    pub health: String,
    /// Why the last scrape failed, or nothing.
    pub last_error: String,
}

/// Prometheus does not say which port it got, so it is given one that was free just now.
fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free loopback port")
}

#[track_caller]
fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.clone(),
        other => panic!("should be a list: {other}"),
    }
}

#[track_caller]
fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("should be a string: {value}"))
        .to_owned()
}

/// The API spells numbers as strings: JSON knows neither NaN nor infinity.
#[track_caller]
fn number(value: &Value) -> f64 {
    text(value).parse().expect("a number")
}

const CONFIG: &str = "\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:
  - job_name: example
    static_configs:
";
