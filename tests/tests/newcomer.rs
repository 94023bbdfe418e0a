//! Tests the README by following its steps: from an empty folder to a scrape and a live chart.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tests::{Browser, cargo, get, wait_until};

/// Returns the text of the README's section `From nothing to a live chart`.
fn section() -> String {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let (_, rest) = readme
        .split_once("\n## From nothing to a live chart\n")
        .unwrap();
    let (section, _) = rest.split_once("\n## ").unwrap();
    section.to_owned()
}

/// Returns the first code block of a language in a section.
fn block<'s>(section: &'s str, language: &str) -> &'s str {
    let (_, rest) = section.split_once(&format!("\n```{language}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

/// Creates a folder that holds only a link `metrics` to the checkout.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let workspace = workspace.canonicalize().unwrap();
    std::os::unix::fs::symlink(workspace, folder.path().join("metrics")).unwrap();
    folder
}

/// Returns the target folder of the README's program, kept so that dependencies are built once.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("newcomer")
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
}

/// A running program, ended when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Either call fails only if the program has already ended.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Builds and starts the program; returns it with the URL that it prints.
fn start(place: &Path) -> (Running, String) {
    let mut cargo = cargo();
    cargo
        .args(["build", "--quiet", "--offline"])
        .current_dir(place);
    run(cargo.env("CARGO_TARGET_DIR", target()));
    let child = Command::new(target().join("debug/hello"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let mut line = String::new();
    let out = running.0.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("look at ").unwrap().to_owned();
    (running, url)
}

/// Returns a line of an exposition without its value, because values differ between runs.
fn without_value(line: &str) -> &str {
    match line.rsplit_once(' ') {
        Some((series, _)) if !line.starts_with('#') => series,
        _ => line,
    }
}

#[test]
fn the_steps_of_the_readme_lead_to_its_output_and_to_a_page_that_moves() {
    let (section, folder) = (section(), folder());
    // Offline: the dependencies were downloaded to build the tests.
    let steps = format!("set -eu\n{}", block(&section, "sh"));
    run(Command::new("sh")
        .args(["-c", &steps])
        .current_dir(&folder)
        .env("CARGO_NET_OFFLINE", "true"));
    let place = folder.path().join("hello");
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    fs::copy(lock, place.join("Cargo.lock")).unwrap();
    let main = block(&section, "rust,no_run").replace("127.0.0.1:9464", "127.0.0.1:0");
    fs::write(place.join("src/main.rs"), main).unwrap();
    let (_running, url) = start(&place);

    let exposition = get(&format!("{url}metrics")).body;
    let mut lines = exposition.lines().map(without_value);
    for shown in block(&section, "text").lines() {
        let shown = without_value(shown);
        assert!(
            lines.any(|line| line == shown),
            "not there, or not in the README's order: {shown}\n{exposition}"
        );
    }

    let primes = || {
        let page = get(&format!("{url}metrics"));
        let line = page
            .body
            .lines()
            .find(|line| line.starts_with("hello_numbers_total{kind=\"prime\"} "))?;
        line.split(' ').nth(1)?.parse::<u64>().ok()
    };
    let before = primes().unwrap();
    wait_until(Duration::from_secs(30), "more primes", || {
        primes().filter(|now| *now > before)
    });

    let browser = Browser::start();
    browser.open(&format!("{url}#metrics"));
    browser.until(
        "(() => {
            const names = [...document.querySelectorAll('.row:not([hidden]) .open .name')];
            const name = names.find((name) => name.textContent === 'hello_numbers_total');
            name?.closest('button').click();
            return name !== undefined;
        })()",
    );
    browser.until("document.querySelector('.family .chart canvas')");
    let family = browser.text("document.querySelector('.family').textContent");
    assert!(family.contains("Numbers checked."), "{family}");
    assert!(family.contains("src/main.rs:"), "{family}");
}
