//! [`Check`]: a target of the encoding bench, and whether the figures of a run meet it.

use super::{
    memory,
    race::Measured,
    results::Results,
    work::{THREADS, Work},
};
use crate::{
    common::{Role, Short},
    encoders::ours,
};

/// A target: a bound on a figure.
pub(super) struct Check {
    pub(super) work: String,
    bound: Bound,
    /// The unit of bound and figure.
    unit: String,
    /// The measured figure, or `None` if part of it was not measured.
    pub(super) figure: Option<f64>,
}

#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Check {
    pub(super) fn target(&self) -> String {
        match self.bound {
            Bound::AtMost(most) => format!("≤ {} {}", Short(most), self.unit),
            Bound::AtLeast(least) => format!("≥ {} {}", Short(least), self.unit),
        }
    }

    pub(super) fn measured(&self) -> String {
        self.figure
            .map_or("–".to_owned(), |figure| Short(figure).to_string())
    }

    pub(super) fn is_met(&self) -> Option<bool> {
        self.figure.map(|figure| match self.bound {
            Bound::AtMost(most) => figure <= most,
            Bound::AtLeast(least) => figure >= least,
        })
    }

    fn at_most(work: String, most: f64, unit: impl Into<String>, figure: Option<f64>) -> Self {
        Self {
            work,
            bound: Bound::AtMost(most),
            unit: unit.into(),
            figure,
        }
    }

    fn at_least(work: String, least: f64, unit: impl Into<String>, figure: Option<f64>) -> Self {
        Self {
            bound: Bound::AtLeast(least),
            ..Self::at_most(work, least, unit, figure)
        }
    }
}

/// Returns all targets of the selected workloads.
pub(super) fn checks(results: &Results) -> Vec<Check> {
    let mut checks = Vec::new();
    for (work, least) in [
        (Work::Families, 1.4),
        (Work::MANY, 5.0),
        (Work::Histograms, 4.0),
    ] {
        checks.extend(speed(results, work, least));
    }
    checks.extend(copies(results));
    checks.extend(formats(results));
    checks.extend(threads(results));
    checks.extend(shuffled(results));
    checks.extend(memory(results));
    checks.extend(growth(results));
    checks
}

fn speed(results: &Results, work: Work, least: f64) -> Option<Check> {
    let ours = ours(results, work)?;
    let peer = results.best(work, Role::Peer);
    let ratio = peer.map(|peer| peer.nanoseconds / ours.nanoseconds);
    let unit = "× as fast as the best peer";
    Some(Check::at_least(work.name(), least, unit, ratio))
}

fn copies(results: &Results) -> Option<Check> {
    let ours = ours(results, Work::MANY)?;
    let copy = results.best(Work::MANY, Role::Limit);
    let rate = copy.map(|copy| 100.0 * copy.nanoseconds / ours.nanoseconds);
    let unit = "% of the rate of memcpy";
    Some(Check::at_least(Work::MANY.name(), 100.0 / 3.0, unit, rate))
}

fn formats(results: &Results) -> Vec<Check> {
    let Some(ours) = ours(results, Work::MANY) else {
        return Vec::new();
    };
    ours::FORMATS
        .iter()
        .map(|(format, name, most)| {
            let other = results.named(Work::MANY, name);
            let ratio = other.map(|other| other.nanoseconds / ours.nanoseconds);
            let work = format!("{}, {format}", Work::MANY.name());
            Check::at_most(work, *most, "× the time of text", ratio)
        })
        .collect()
}

/// Limits how much longer an exposition takes if [`THREADS`] threads have recorded instead of one.
fn threads(results: &Results) -> Option<Check> {
    let work = Work::Threads(THREADS);
    let many = ours(results, work)?;
    let one = ours(results, Work::Threads(1));
    let rest = one.map(|one| (many.nanoseconds - one.nanoseconds) / 1e3);
    let unit = "µs more than for one thread";
    Some(Check::at_most(work.name(), 60.0, unit, rest))
}

/// Limits the time for counters in random order that several threads record into.
fn shuffled(results: &Results) -> Option<Check> {
    let ours = ours(results, Work::Shuffled)?;
    let copy = results.best(Work::Shuffled, Role::Limit);
    let ratio = copy.map(|copy| ours.nanoseconds / copy.nanoseconds);
    let unit = "× the time of memcpy";
    Some(Check::at_most(Work::Shuffled.name(), 2.2, unit, ratio))
}

fn memory(results: &Results) -> Vec<Check> {
    let mut checks = Vec::new();
    if let Some(allocated) = results.memory {
        let peak = allocated.peak as f64 / f64::from(1 << 20);
        checks.push(Check::at_most(
            memory::NAME.to_owned(),
            1.0,
            "MiB while an exposition goes to `io::sink()`",
            Some(peak),
        ));
    }
    if let Some(ours) = ours(results, Work::MANY) {
        let each = ours.allocated.times as f64 / ours.work.samples() as f64;
        let unit = "allocations per sample";
        checks.push(Check::at_most(ours.work.name(), 0.01, unit, Some(each)));
    }
    checks
}

fn growth(results: &Results) -> Option<Check> {
    let most = *Work::GROWTH.last()?;
    let ours = ours(results, Work::Counters(most))?;
    let power = results.power(ours.column);
    let unit = "as the power of the number of counters that time grows with";
    let work = "growth".to_owned();
    // The power may exceed 1 although the time is linear, because only small inputs fit into the
    // processor's caches. The power of memcpy is even larger.
    Some(Check::at_most(work, 1.2, unit, power))
}

fn ours(results: &Results, work: Work) -> Option<Measured> {
    results.best(work, Role::Ours)
}
