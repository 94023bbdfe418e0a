//! The example program of metrics-http, running.

use std::{
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use crate::http::{Page, get, get_accepting};

/// A running `shortener`, stopped when dropped.
#[derive(Debug)]
pub struct Example {
    program: Child,
    service: SocketAddr,
    metrics: SocketAddr,
    // Closed early, it would make the program's next line an error.
    stdout: BufReader<ChildStdout>,
    // The program would leave a folder of its own behind when killed.
    _data: TempDir,
}

impl Example {
    /// Builds it if need be, and starts it for so long at most.
    ///
    /// It puts a `load` on itself: so many requests per second.
    #[track_caller]
    pub fn start(load: u32, lasting: Duration) -> Self {
        Self::start_with(load, lasting, &[])
    }

    /// The same with further options on its command line.
    #[track_caller]
    pub fn start_with(load: u32, lasting: Duration, options: &[&str]) -> Self {
        let data = TempDir::new().expect("a folder for the example");
        let mut program = Command::new(built())
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
            service: announced(&mut stdout, "shortener"),
            metrics: announced(&mut stdout, "metrics"),
            program,
            stdout,
            _data: data,
        }
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    pub fn end(mut self) {
        // It prints what its load came to, and must have somebody to print it to.
        let mut rest = String::new();
        let read = self.stdout.read_to_string(&mut rest);
        read.expect("the example prints text");
        let status = self.program.wait().expect("a child can be awaited");
        assert!(status.success(), "it ended with {status}: {rest}");
    }

    /// Where it shortens links.
    pub fn service(&self) -> SocketAddr {
        self.service
    }

    /// Where it shows its metrics.
    pub fn metrics(&self) -> SocketAddr {
        self.metrics
    }

    /// Scrapes it as a browser would.
    #[track_caller]
    pub fn scrape(&self) -> Page {
        get(&self.metrics_url())
    }

    /// Scrapes it, accepting only that type.
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
        // Either fails only if it has ended by itself.
        _ = self.program.kill();
        _ = self.program.wait();
    }
}

/// Has Cargo build it, and say where: a test must not meet yesterday's program.
#[track_caller]
fn built() -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--release", "--package", "metrics-http"])
        .args([
            "--features",
            "catalog,remote-write",
            "--example",
            "shortener",
        ])
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
    executable.expect("Cargo names what it built")
}

/// The address in a line such as `metrics:   http://127.0.0.1:9090/metrics`.
#[track_caller]
fn announced(stdout: &mut impl BufRead, what: &str) -> SocketAddr {
    let mut line = String::new();
    stdout
        .read_line(&mut line)
        .expect("the example prints text");
    let url = line
        .strip_prefix(what)
        .and_then(|rest| rest.strip_prefix(':'));
    url.and_then(|url| url.trim().strip_prefix("http://")?.split('/').next())
        .and_then(|address| address.parse().ok())
        .unwrap_or_else(|| panic!("should announce `{what}: http://…`: {line:?}"))
}
