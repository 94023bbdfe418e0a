//! Runs independent parsers of expositions ("judges") and returns the families that the parsers
//! read.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fmt::{self, Debug, Display, Formatter},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio},
    thread,
};

use serde::{Deserialize, Deserializer, de};

/// Parses and lints an exposition in the text format with promtool.
///
/// A lint warning is a refusal, unless it contains one of the `allowed` phrases.
///
/// # Errors
///
/// The output of promtool.
pub fn promtool_check(exposition: &str, allowed: &[&str]) -> Result<(), Refusal> {
    let mut promtool = Command::new(installed("PROMTOOL", "prometheus/usr/bin/promtool"));
    let output = feed(promtool.args(["check", "metrics"]), exposition);
    let message = String::from_utf8_lossy(&output.stderr);
    let is_allowed = |line: &str| allowed.iter().any(|phrase| line.contains(phrase));
    match output.status.code() {
        Some(0) => Ok(()),
        Some(PROMTOOL_LINT_STATUS) if !message.is_empty() && message.lines().all(is_allowed) => {
            Ok(())
        }
        _ => Err(Refusal::new("promtool", &message)),
    }
}

/// Parses an exposition in the text format with the official Python library.
///
/// # Errors
///
/// The error message of the parser.
pub fn python_text(exposition: &str) -> Result<Families, Refusal> {
    python("text", exposition)
}

/// Parses an exposition in the `OpenMetrics` format with the official Python library.
///
/// # Errors
///
/// The error message of the parser.
pub fn python_openmetrics(exposition: &str) -> Result<Families, Refusal> {
    python("openmetrics", exposition)
}

/// Validates a JSON document against a schema with the Python library `jsonschema`.
///
/// # Errors
///
/// The violations of the schema.
pub fn check_schema(document: &str, schema: &Path) -> Result<(), Refusal> {
    let mut python = Command::new(installed("JUDGE_PYTHON", "python/bin/python"));
    let output = feed(python.arg(SCRIPT).arg("schema").arg(schema), document);
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    Err(Refusal::new("jsonschema", &message))
}

fn python(format: &str, exposition: &str) -> Result<Families, Refusal> {
    let mut python = Command::new(installed("JUDGE_PYTHON", "python/bin/python"));
    let output = feed(python.args([SCRIPT, format]), exposition);
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).expect("judge.py prints families"))
    } else {
        let message = String::from_utf8_lossy(&output.stderr);
        Err(Refusal::new("the Python parser", &message))
    }
}

/// The official Python parser in a process that reads many expositions, because starting the
/// process takes longer than reading a hundred of them.
#[derive(Debug)]
pub struct Python {
    child: Child,
    input: ChildStdin,
    responses: BufReader<ChildStdout>,
}

impl Python {
    /// Starts the parser of the text format.
    pub fn text() -> Self {
        Python::start("text")
    }

    /// Starts the parser of the `OpenMetrics` format.
    pub fn openmetrics() -> Self {
        Python::start("openmetrics")
    }

    fn start(format: &str) -> Self {
        let mut python = Command::new(installed("JUDGE_PYTHON", "python/bin/python"));
        let mut child = python
            .args([SCRIPT, format, "--stream"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{python:?}: {error}"));
        let input = child.stdin.take().expect("it was piped");
        let responses = BufReader::new(child.stdout.take().expect("it was piped"));
        Python {
            child,
            input,
            responses,
        }
    }

    /// Parses an exposition.
    ///
    /// # Errors
    ///
    /// The error message of the parser.
    pub fn read(&mut self, exposition: &str) -> Result<Families, Refusal> {
        // The process reads the whole exposition before it writes, so neither side blocks the
        // other.
        write!(self.input, "{}\n{exposition}", exposition.len()).expect("judge.py reads");
        self.input.flush().expect("judge.py reads");
        let mut line = String::new();
        self.responses
            .read_line(&mut line)
            .expect("judge.py responds");
        match serde_json::from_str(&line).expect("judge.py responds in JSON") {
            Response::Families(families) => Ok(families),
            Response::Refusal(message) => Err(Refusal::new("the Python parser", &message)),
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // The process holds no state that must be saved.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Response {
    Families(Families),
    Refusal(String),
}

/// The families of an exposition, in the order of the exposition.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Families(Vec<Family>);

impl Families {
    /// Returns all families.
    pub fn iter(&self) -> impl Iterator<Item = &Family> {
        self.0.iter()
    }

    /// Returns the family `name`; a counter's name is without `_total`.
    #[track_caller]
    pub fn family(&self, name: &str) -> &Family {
        let found = self.iter().find(|family| family.name == name);
        found.unwrap_or_else(|| panic!("no family `{name}` in the exposition"))
    }

    /// Returns the value of the sample that has the name `sample`, the labels `labels` and no other
    /// labels.
    pub fn value(&self, sample: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let matches =
            |candidate: &&Sample| candidate.name == sample && candidate.has_exactly(labels);
        self.samples().find(matches).map(|sample| sample.value)
    }

    /// Returns the sum of the values of the samples that have the name `sample` and all of
    /// `labels`. The samples may have further labels.
    pub fn sum(&self, sample: &str, labels: &[(&str, &str)]) -> f64 {
        let counts = |candidate: &&Sample| candidate.name == sample && candidate.has(labels);
        self.samples()
            .filter(counts)
            .map(|sample| sample.value)
            .sum()
    }

    fn samples(&self) -> impl Iterator<Item = &Sample> {
        self.iter().flat_map(|family| &family.samples)
    }
}

/// A family as a parser read it.
#[derive(Clone, Debug, Deserialize)]
pub struct Family {
    /// The name; a counter's is without `_total`.
    pub name: String,
    /// The type: `counter`, `gauge`, `histogram`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// The help, unescaped.
    pub help: String,
    /// The unit; empty if there is none.
    pub unit: String,
    /// The samples, in their order.
    pub samples: Vec<Sample>,
}

/// A sample.
#[derive(Clone, Debug, Deserialize)]
pub struct Sample {
    /// The name, including a suffix such as `_bucket`.
    pub name: String,
    /// The labels, unescaped.
    pub labels: BTreeMap<String, String>,
    /// The value.
    #[serde(deserialize_with = "f64_from_string")]
    pub value: f64,
    /// The timestamp in seconds since 1970, if the line has one.
    pub timestamp: Option<f64>,
    /// The exemplar, if the line has one.
    pub exemplar: Option<Exemplar>,
}

impl Sample {
    /// Whether the sample has all of `labels`. It may have further labels.
    pub fn has(&self, labels: &[(&str, &str)]) -> bool {
        labels
            .iter()
            .all(|&(name, value)| self.labels.get(name).is_some_and(|own| own == value))
    }

    fn has_exactly(&self, labels: &[(&str, &str)]) -> bool {
        self.labels.len() == labels.len() && self.has(labels)
    }
}

/// The exemplar of a sample.
#[derive(Clone, Debug, Deserialize)]
pub struct Exemplar {
    /// The labels of the exemplar, unescaped.
    pub labels: BTreeMap<String, String>,
    /// The value.
    #[serde(deserialize_with = "f64_from_string")]
    pub value: f64,
    /// The timestamp in seconds since 1970, if there is one.
    pub timestamp: Option<f64>,
}

/// A judge's refusal of an exposition or another document, with its message.
#[derive(Clone)]
pub struct Refusal {
    judge: &'static str,
    message: String,
}

impl Refusal {
    pub(crate) fn new(judge: &'static str, message: &str) -> Self {
        let message = message.trim().to_owned();
        Self { judge, message }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} refuses the exposition:\n{}",
            self.judge, self.message
        )
    }
}

// Like `Display`, because a test that returns or unwraps a refusal prints its `Debug` output.
impl Debug for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl Error for Refusal {}

/// Returns the path of a judge or another program: the path in the environment variable `variable`,
/// else the program below `target/judges`, else the one in `PATH`.
#[track_caller]
pub fn installed(variable: &str, below_judges: &str) -> PathBuf {
    if let Some(path) = env::var_os(variable) {
        return path.into();
    }
    let judges = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/judges");
    let name = Path::new(below_judges).file_name();
    let elsewhere = env::var_os("PATH").unwrap_or_default();
    let elsewhere = env::split_paths(&elsewhere).filter_map(|folder| Some(folder.join(name?)));
    [judges.join(below_judges)]
        .into_iter()
        .chain(elsewhere)
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("no `{below_judges}`; run tests/run.sh once, or set {variable}"))
}

fn feed(command: &mut Command, input: &str) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let mut stdin = child.stdin.take().expect("it was piped");
    thread::scope(|scope| {
        // A judge may end before it has read all its input, so ignore errors.
        scope.spawn(move || _ = stdin.write_all(input.as_bytes()));
        child.wait_with_output().expect("a child can be awaited")
    })
}

fn f64_from_string<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(de::Error::custom)
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/judge.py");
const PROMTOOL_LINT_STATUS: i32 = 3;
