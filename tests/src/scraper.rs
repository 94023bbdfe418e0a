//! A server that scrapes and answers Prometheus' HTTP API: started, asked, stopped.

use std::{
    fs::{self, File},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{http::try_get, wait::wait_until};

/// A running server on a free loopback port.
///
/// It keeps its data in a folder that vanishes with it, and is stopped when dropped.
#[derive(Debug)]
pub(crate) struct Scraper {
    server: Child,
    command: Command,
    address: SocketAddr,
    folder: TempDir,
}

impl Scraper {
    /// Starts a command that is to listen at that address, and waits until it answers at `ready`.
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

    /// The same with a server that does not answer everybody: waits until it listens.
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

    /// Ends it as a crash would.
    pub(crate) fn crash(&mut self) {
        self.server.kill().expect("it was running");
        self.server.wait().expect("a child can be awaited");
    }

    /// Starts it again with the data it has, once it has crashed.
    #[track_caller]
    pub(crate) fn start_again(&mut self, ready: &str) {
        self.server = spawn(&mut self.command);
        let url = self.url(ready);
        self.wait_until_ready(|| try_get(&url, &[], None).is_ok_and(|page| page.status == 200));
    }

    /// The address of one of its pages.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The value of an expression that yields one; none if it yields no series.
    #[track_caller]
    pub(crate) fn value(&self, expression: &str) -> Option<f64> {
        let series = self.query(expression);
        assert!(series.len() < 2, "`{expression}` yields {series:#?}");
        series.first().map(|one| number(&one["value"][1]))
    }

    /// The series that an expression yields now.
    #[track_caller]
    pub(crate) fn query(&self, expression: &str) -> Vec<Value> {
        list(&self.ask("query", &[("query", expression)])["result"])
    }

    /// The data that an endpoint of the API answers.
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
        wait_until(Duration::from_mins(2), "a server that answers", || {
            if let Some(status) = self.server.try_wait().expect("a child has a status") {
                panic!("it ended with {status}:\n{}", self.log());
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
        // Either fails only if it has ended by itself.
        _ = self.server.kill();
        _ = self.server.wait();
    }
}

#[track_caller]
fn spawn(command: &mut Command) -> Child {
    let server = command.spawn();
    server.unwrap_or_else(|error| panic!("{command:?}: {error}"))
}

/// What to scrape, as both Prometheus and `VictoriaMetrics` are told.
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

/// A target, and how it is scraped.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// The label `job` of what is scraped.
    pub name: &'a str,
    /// Where to scrape `/metrics`.
    pub target: SocketAddr,
    /// Lines of the configuration: `scrape_interval: 5s`.
    pub settings: &'a [&'a str],
}

impl<'a> Job<'a> {
    /// One that is scraped every second.
    pub fn new(name: &'a str, target: SocketAddr) -> Self {
        let settings = &[];
        Self {
            name,
            target,
            settings,
        }
    }

    /// The same with further lines.
    #[must_use]
    pub fn with(self, settings: &'a [&'a str]) -> Self {
        Self { settings, ..self }
    }
}

#[track_caller]
pub(crate) fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(list) => list.clone(),
        other => panic!("should be a list: {other}"),
    }
}

#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("should be a string: {value}"))
        .to_owned()
}

/// The API spells numbers as strings: JSON knows neither NaN nor infinity.
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
