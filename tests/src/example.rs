//! Builds, runs and scrapes `shortener`, the example program of metrics-http.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    cargo::cargo,
    http::{Page, get, get_accepting},
};

/// A running `shortener`, stopped when dropped.
#[derive(Debug)]
pub struct Example {
    program: Child,
    service: SocketAddr,
    metrics: SocketAddr,
    // Kept open, because the program fails when it prints to a closed pipe.
    stdout: BufReader<ChildStdout>,
    // The program's data folder, removed when dropped. Without it, the program would create a
    // folder, and leave it behind when killed.
    _data: TempDir,
}

impl Example {
    /// Builds the example if necessary and starts it. The program ends by itself after `lasting`.
    ///
    /// The program sends itself `load` requests per second.
    #[track_caller]
    pub fn start(load: u32, lasting: Duration) -> Self {
        Self::start_with(load, lasting, &[])
    }

    /// Like [`start`](Self::start), with further command-line options.
    #[track_caller]
    pub fn start_with(load: u32, lasting: Duration, options: &[&str]) -> Self {
        let data = TempDir::new().expect("a folder for the example");
        let mut program = Command::new(build())
            .args(["--listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"])
            .args(["--load", &load.to_string()])
            .args(["--for", &lasting.as_secs().to_string()])
            .arg("--data")
            .arg(data.path())
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example starts");
        let mut stdout = BufReader::new(program.stdout.take().expect("it was piped"));
        Self {
            service: printed_address(&mut stdout, "shortener"),
            metrics: printed_address(&mut stdout, "metrics"),
            program,
            stdout,
            _data: data,
        }
    }

    /// Waits until the program ends by itself, and asserts that it succeeds.
    #[track_caller]
    pub fn end(mut self) {
        // The program prints a summary before it ends, so the pipe must be read to its end.
        let mut rest = String::new();
        let read = self.stdout.read_to_string(&mut rest);
        read.expect("the example prints text");
        let status = self.program.wait().expect("a child can be awaited");
        assert!(status.success(), "it ended with {status}: {rest}");
    }

    /// The address of the link shortener.
    pub fn service(&self) -> SocketAddr {
        self.service
    }

    /// The address of the metrics server.
    pub fn metrics(&self) -> SocketAddr {
        self.metrics
    }

    /// Scrapes the program without an `Accept` header.
    #[track_caller]
    pub fn scrape(&self) -> Page {
        get(&self.metrics_url())
    }

    /// Scrapes the program with an `Accept` header.
    #[track_caller]
    pub fn scrape_accepting(&self, accept: &str) -> Page {
        get_accepting(&self.metrics_url(), accept)
    }

    fn metrics_url(&self) -> String {
        format!("http://{}/metrics", self.metrics)
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        // `kill` and `wait` fail only if the program has already ended.
        _ = self.program.kill();
        _ = self.program.wait();
    }
}

/// Builds the example with Cargo, so that a test never runs an outdated program, and returns its
/// path.
///
/// Builds it for the workspace as `tests/run.sh` does, so that both use the same dependencies.
#[track_caller]
fn build() -> PathBuf {
    let output = cargo()
        .args(["build", "--workspace", "--exclude", "models"])
        .args(["--example", "shortener"])
        .args(["--message-format", "json"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .expect("Cargo starts");
    assert!(output.status.success(), "the example does not build");
    let executable = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "shortener")
        .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)));
    executable.expect("Cargo names what it build")
}

/// The address in a line such as `metrics:   http://127.0.0.1:9090/metrics`.
#[track_caller]
fn printed_address(stdout: &mut impl BufRead, what: &str) -> SocketAddr {
    let mut line = String::new();
    stdout
        .read_line(&mut line)
        .expect("the example prints text");
    let url = line
        .strip_prefix(what)
        .and_then(|rest| rest.strip_prefix(':'));
    url.and_then(|url| url.trim().strip_prefix("http://")?.split('/').next())
        .and_then(|address| address.parse().ok())
        .unwrap_or_else(|| panic!("expected `{what}: http://…`, got {line:?}"))
}
