//! [`Scraper`]: a server that a test starts, Prometheus or a program like it. Tests query the
//! server over Prometheus' HTTP API.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{http::try_get, wait::wait_until};

/// A running server on a free loopback port.
///
/// The server's data is in a temporary folder. `drop` stops the server.
#[derive(Debug)]
pub(crate) struct Scraper {
    server: Child,
    command: Command,
    address: SocketAddr,
    folder: TempDir,
}

impl Scraper {
    /// Starts a server that listens at `address`, and waits until it responds at the path `ready`.
    #[track_caller]
    pub(crate) fn start(
        command: Command,
        address: SocketAddr,
        folder: TempDir,
        ready: &str,
    ) -> Self {
        let mut scraper = Self::spawn(command, address, folder);
        let url = scraper.url(ready);
        scraper.wait_until_ready(|| try_get(&url, &[], None).is_ok_and(|page| page.status == 200));
        scraper
    }

    /// Like [`start`](Self::start), for a server that requires authentication: waits until it
    /// listens.
    #[track_caller]
    pub(crate) fn start_guarded(command: Command, address: SocketAddr, folder: TempDir) -> Self {
        let mut scraper = Self::spawn(command, address, folder);
        scraper.wait_until_ready(|| TcpStream::connect(address).is_ok());
        scraper
    }

    #[track_caller]
    fn spawn(mut command: Command, address: SocketAddr, folder: TempDir) -> Self {
        let log = File::create(folder.path().join(LOG)).expect("its log");
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let server = spawn(&mut command);
        Self {
            server,
            command,
            address,
            folder,
        }
    }

    /// Kills the process, as a crash would.
    pub(crate) fn crash(&mut self) {
        self.server.kill().expect("the server is running");
        self.server.wait().expect("a child can be awaited");
    }

    /// Restarts the server after a crash with the same data.
    #[track_caller]
    pub(crate) fn start_again(&mut self, ready: &str) {
        self.server = spawn(&mut self.command);
        let url = self.url(ready);
        self.wait_until_ready(|| try_get(&url, &[], None).is_ok_and(|page| page.status == 200));
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The path of a file in the server's folder.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Evaluates an expression with at most one series; `None` if it has none.
    #[track_caller]
    pub(crate) fn value(&self, expression: &str) -> Option<f64> {
        let series = self.query(expression);
        assert!(series.len() < 2, "`{expression}` yields {series:#?}");
        series.first().map(|one| number(&one["value"][1]))
    }

    /// Evaluates an expression to series.
    #[track_caller]
    pub(crate) fn query(&self, expression: &str) -> Vec<Value> {
        list(&self.ask("query", &[("query", expression)])["result"])
    }

    /// Sends a request to an endpoint of the API and returns `data` of the response.
    #[track_caller]
    pub(crate) fn ask(&self, endpoint: &str, parameters: &[(&str, &str)]) -> Value {
        let url = self.url(&format!("/api/v1/{endpoint}"));
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
    fn wait_until_ready(&mut self, is_ready: impl Fn() -> bool) {
        wait_until(Duration::from_mins(2), "the server to be ready", || {
            if let Some(status) = self.server.try_wait().expect("a child has a status") {
                panic!("the server ended with {status}:\n{}", self.log());
            }
            is_ready().then_some(())
        });
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).unwrap_or_default()
    }
}

impl Drop for Scraper {
    fn drop(&mut self) {
        // `kill` and `wait` fail only if the server has already ended.
        _ = self.server.kill();
        _ = self.server.wait();
    }
}

#[track_caller]
fn spawn(command: &mut Command) -> Child {
    let server = command.spawn();
    server.unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// The scrape configuration, which Prometheus and `VictoriaMetrics` both read.
pub(crate) fn config(jobs: &[Job<'_>]) -> String {
    let mut lines = vec![CONFIG.to_owned()];
    for job in jobs {
        lines.push(format!("  - job_name: {}", job.name));
        lines.extend(job.settings.iter().map(|setting| format!("    {setting}")));
        lines.push("    static_configs:".to_owned());
        lines.push(format!("      - targets: ['{}']", job.target));
    }
    lines.join("\n") + "\n"
}

/// A scrape job.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The label `job` of the scraped series.
    pub name: &'a str,
    /// The address where `/metrics` is scraped.
    pub target: SocketAddr,
    /// Further configuration lines, such as `scrape_interval: 5s`.
    pub settings: &'a [&'a str],
}

impl<'a> Job<'a> {
    /// A job that scrapes every second.
    pub fn new(name: &'a str, target: SocketAddr) -> Self {
        let settings = &[];
        Self {
            name,
            target,
            settings,
        }
    }

    /// Sets further configuration lines.
    #[must_use]
    pub fn with(self, settings: &'a [&'a str]) -> Self {
        Self { settings, ..self }
    }
}

#[track_caller]
pub(crate) fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.clone(),
        other => panic!("expected a list: {other}"),
    }
}

#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("expected a string: {value}"))
        .to_owned()
}

/// Reads a number, which the API writes as a string, because JSON has neither NaN nor infinity.
#[track_caller]
pub(crate) fn number(value: &Value) -> f64 {
    text(value).parse().expect("a number")
}

const LOG: &str = "log";

const CONFIG: &str = "\
global:
  scrape_interval: 1s
  scrape_timeout: 1s
scrape_configs:";
