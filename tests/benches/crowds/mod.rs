//! Measures libraries whose histograms many threads have recorded into.
//!
//! To add a library, add a file that implements [`Crowd`], and an entry to [`LIBRARIES`].

mod fast_telemetry;
mod ours;
mod prometheus;

use std::{
    fs,
    sync::{Arc, Barrier},
    thread,
    time::Instant,
};

use crate::common::{Column, median};

/// Number of series of the labelled histogram, which differ in one label.
pub(crate) const SERIES: usize = 2_000;

/// Two histograms of one library: one without labels, and one with [`SERIES`] series.
pub(crate) trait Crowd: Sync {
    /// Observes values in the histogram without labels.
    fn observe(&self, times: usize);

    /// Observes values in the labelled histogram: one in each series, then again from the start.
    fn observe_series(&self, times: usize);

    /// Writes the exposition of the labelled histogram in the text format.
    fn encode(&self, text: &mut String);
}

/// A library and the constructor of its histograms.
pub(crate) struct Library {
    pub(crate) column: Column,
    new: fn() -> Box<dyn Crowd>,
}

/// The measured libraries, ours first.
pub(crate) const LIBRARIES: [Library; 3] = [ours::OURS, fast_telemetry::PEER, prometheus::PEER];

/// The figures of a row: mebibytes, milliseconds of a scrape, and nanoseconds of an observation by
/// one more thread, without labels and with them.
pub(crate) struct Figures(pub(crate) [f64; 4]);

impl Figures {
    /// Parses what [`print`](Self::print) has printed.
    pub(crate) fn parse(printed: &str) -> Self {
        let figures: Vec<f64> = printed
            .split_whitespace()
            .map(|figure| figure.parse().expect("a figure"))
            .collect();
        Self(figures.try_into().expect("there are four figures"))
    }

    pub(crate) fn print(&self) {
        println!("{}", self.0.map(|figure| figure.to_string()).join(" "));
    }
}

/// Records on this number of threads, which stay alive, and measures the effect.
pub(crate) fn measure(library: &Library, threads: usize) -> Figures {
    let crowd: &'static dyn Crowd = Box::leak((library.new)());
    let barrier = Arc::new(Barrier::new(threads + 1));
    for _ in 0..threads {
        let barrier = Arc::clone(&barrier);
        thread::spawn(move || {
            barrier.wait();
            barrier.wait();
            crowd.observe(1);
            crowd.observe_series(SERIES);
            barrier.wait();
            loop {
                thread::park();
            }
        });
    }
    barrier.wait();
    let before = resident_mebibytes();
    barrier.wait();
    barrier.wait();
    let after = resident_mebibytes();
    let mut text = String::new();
    // The first scrape allocates the text and renders labels.
    crowd.encode(&mut text);
    check(&text, threads);
    let scrapes = (0..SCRAPES).map(|_| {
        text.clear();
        let begun = Instant::now();
        crowd.encode(&mut text);
        begun.elapsed().as_secs_f64() * 1e3
    });
    Figures([
        after - before,
        median(scrapes.collect()),
        next_thread(|times| crowd.observe(times)),
        next_thread(|times| crowd.observe_series(times)),
    ])
}

/// Checks that each series has an observation of each thread.
fn check(text: &str, threads: usize) {
    let is_count = |line: &&str| line.split(['{', ' ']).next() == Some("waits_count");
    let counts: Vec<_> = text.lines().filter(is_count).collect();
    assert_eq!(counts.len(), SERIES);
    let end = format!(" {threads}");
    let short = counts.iter().find(|line| !line.ends_with(&end));
    assert_eq!(short, None, "{threads} threads have observed");
}

/// Returns the nanoseconds of an observation by a new thread, after its first ones.
fn next_thread(observe: impl Fn(usize) + Sync) -> f64 {
    let measure = || {
        observe(SERIES);
        let rounds = (0..ROUNDS).map(|_| {
            let begun = Instant::now();
            observe(OBSERVATIONS);
            begun.elapsed().as_secs_f64() * 1e9 / OBSERVATIONS as f64
        });
        median(rounds.collect())
    };
    thread::scope(|scope| scope.spawn(measure).join().expect("no library panics"))
}

/// Returns the resident memory of this process.
fn resident_mebibytes() -> f64 {
    let status = fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|rest| rest.trim().split(' ').next());
    let kibibytes: u32 = kibibytes
        .and_then(|number| number.parse().ok())
        .expect("the kernel reports kibibytes");
    f64::from(kibibytes) / 1024.0
}

/// The values of the label of all series.
fn labels() -> Vec<String> {
    let label = |number| format!("/api/v1/customers/{number}/orders");
    (0..SERIES).map(label).collect()
}

/// Upper bounds of the histograms.
const BOUNDS: [f64; 14] = {
    let mut bounds = [1.0; 14];
    let mut at = 1;
    while at < bounds.len() {
        bounds[at] = 2.0 * bounds[at - 1];
        at += 1;
    }
    bounds
};
/// The observed value.
const VALUE: f64 = 100.0;
const SCRAPES: usize = 9;
const ROUNDS: usize = 7;
const OBSERVATIONS: usize = 100 * SERIES;
