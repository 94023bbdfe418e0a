//! Independent parsers that say what an exposition means, or why it means nothing.

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

/// Lets promtool parse and lint an exposition in the text format.
///
/// A lint is a refusal too, unless it contains one of the `allowed` phrases.
///
/// # Errors
///
/// What promtool says against it.
pub fn promtool_check(exposition: &str, allowed: &[&str]) -> Result<(), Refusal> {
    let mut promtool = Command::new(installed("PROMTOOL", "prometheus/usr/bin/promtool"));
    let output = feed(promtool.args(["check", "metrics"]), exposition);
    let said = String::from_utf8_lossy(&output.stderr);
    let is_allowed = |line: &str| allowed.iter().any(|phrase| line.contains(phrase));
    match output.status.code() {
        Some(0) => Ok(()),
        Some(PROMTOOL_LINTS) if !said.is_empty() && said.lines().all(is_allowed) => Ok(()),
        _ => Err(Refusal::new("promtool", &said)),
    }
}

/// Lets the official Python library parse an exposition in the text format.
///
/// # Errors
///
/// The parser's words.
pub fn python_text(exposition: &str) -> Result<Families, Refusal> {
    python("text", exposition)
}

/// Lets the official Python library parse an exposition in the `OpenMetrics` format.
///
/// # Errors
///
/// The parser's words.
pub fn python_openmetrics(exposition: &str) -> Result<Families, Refusal> {
    python("openmetrics", exposition)
}

/// Lets the Python library `jsonschema` hold a document to a schema.
///
/// # Errors
///
/// What does not fit.
pub fn fits_schema(document: &str, schema: &Path) -> Result<(), Refusal> {
    let mut python = Command::new(installed("JUDGE_PYTHON", "python/bin/python"));
    let output = feed(python.arg(SCRIPT).arg("schema").arg(schema), document);
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Refusal::new("jsonschema", &said))
}

fn python(format: &str, exposition: &str) -> Result<Families, Refusal> {
    let mut python = Command::new(installed("JUDGE_PYTHON", "python/bin/python"));
    let output = feed(python.args([SCRIPT, format]), exposition);
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).expect("judge.py prints families"))
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(Refusal::new("the Python parser", &said))
    }
}

/// The official Python library in a process that reads one exposition after the other: to start
/// one takes longer than to read a hundred.
#[derive(Debug)]
pub struct Python {
    child: Child,
    input: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Python {
    /// Its parser of the text format.
    pub fn text() -> Self {
        Python::start("text")
    }

    /// Its parser of the `OpenMetrics` format.
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
        let answers = BufReader::new(child.stdout.take().expect("it was piped"));
        Python {
            child,
            input,
            answers,
        }
    }

    /// Lets it parse an exposition.
    ///
    /// # Errors
    ///
    /// The parser's words.
    pub fn read(&mut self, exposition: &str) -> Result<Families, Refusal> {
        // It reads all of it before it answers, so neither waits for the other.
        write!(self.input, "{}\n{exposition}", exposition.len()).expect("judge.py reads");
        self.input.flush().expect("judge.py reads");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("judge.py answers");
        match serde_json::from_str(&line).expect("judge.py answers in JSON") {
            Answer::Families(families) => Ok(families),
            Answer::Refusal(said) => Err(Refusal::new("the Python parser", &said)),
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It has nothing to finish.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Families(Families),
    Refusal(String),
}

/// The families of an exposition, in its order.
#[derive(Clone, Debug, Deserialize)]
#[serde(transparent)]
pub struct Families(Vec<Family>);

impl Families {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Family> {
        self.0.iter()
    }

    /// The family of that name; a counter's name lacks its `_total`.
    #[track_caller]
    pub fn family(&self, name: &str) -> &Family {
        let found = self.iter().find(|family| family.name == name);
        found.unwrap_or_else(|| panic!("no family `{name}` in the exposition"))
    }

    /// The value of the series with exactly these labels.
    pub fn value(&self, sample: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let is_it = |candidate: &&Sample| candidate.name == sample && candidate.has_just(labels);
        self.samples().find(is_it).map(|sample| sample.value)
    }

    /// The sum over all series of that name which carry these labels, perhaps among others.
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

/// A family as a parser understood it.
#[derive(Clone, Debug, Deserialize)]
pub struct Family {
    /// Its name; a counter's without `_total`.
    pub name: String,
    /// Its type: `counter`, `gauge`, `histogram`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Its help, unescaped.
    pub help: String,
    /// Its unit, or nothing.
    pub unit: String,
    /// Its samples, in their order.
    pub samples: Vec<Sample>,
}

/// A line with a value.
#[derive(Clone, Debug, Deserialize)]
pub struct Sample {
    /// The name as it stands in the line, suffix included.
    pub name: String,
    /// The labels, unescaped.
    pub labels: BTreeMap<String, String>,
    /// The value.
    #[serde(deserialize_with = "spelled")]
    pub value: f64,
    /// The exemplar, if the line has one.
    pub exemplar: Option<Exemplar>,
}

impl Sample {
    /// Whether it carries these labels, perhaps among others.
    pub fn has(&self, labels: &[(&str, &str)]) -> bool {
        labels
            .iter()
            .all(|&(name, value)| self.labels.get(name).is_some_and(|own| own == value))
    }

    fn has_just(&self, labels: &[(&str, &str)]) -> bool {
        self.labels.len() == labels.len() && self.has(labels)
    }
}

/// An example of what a sample counts.
#[derive(Clone, Debug, Deserialize)]
pub struct Exemplar {
    /// Its labels, unescaped.
    pub labels: BTreeMap<String, String>,
    /// Its value.
    #[serde(deserialize_with = "spelled")]
    pub value: f64,
    /// When, in seconds since 1970, if it says so.
    pub timestamp: Option<f64>,
}

/// A judge's no, in the judge's words.
#[derive(Clone)]
pub struct Refusal {
    judge: &'static str,
    words: String,
}

impl Refusal {
    pub(crate) fn new(judge: &'static str, words: &str) -> Self {
        let words = words.trim().to_owned();
        Self { judge, words }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{} refuses it:\n{}", self.judge, self.words)
    }
}

// As `Display`: a test that returns or unwraps it shows this.
impl Debug for Refusal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl Error for Refusal {}

/// The path of a judge: the variable's, or the one below `target/judges`, or one in `PATH`.
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
        // A judge may refuse before it has read to the end.
        scope.spawn(move || _ = stdin.write_all(input.as_bytes()));
        child.wait_with_output().expect("a child can be awaited")
    })
}

fn spelled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(de::Error::custom)
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/judge.py");
const PROMTOOL_LINTS: i32 = 3;
