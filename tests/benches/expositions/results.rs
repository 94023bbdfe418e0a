//! The results of the encoding bench, and lookups in them.

use std::{fs, path::Path};

use super::{
    allocator::Allocated,
    plot::{Line, svg},
    race::Measured,
    work::Work,
};
use crate::common::{Column, Role};

/// The results of all workloads.
pub(crate) struct Results {
    pub(super) rounds: usize,
    measured: Vec<Measured>,
    /// Memory of an exposition of a million counters, if the command line selects it.
    pub(crate) memory: Option<Allocated>,
}

impl Results {
    pub(crate) fn new(rounds: usize) -> Self {
        Self {
            rounds,
            measured: Vec::new(),
            memory: None,
        }
    }

    pub(crate) fn add(&mut self, measured: Vec<Measured>) {
        self.measured.extend(measured);
    }

    /// Returns the contenders to leave out of workloads with more counters than the targets need:
    /// those that would take longer than [`SLOW`].
    pub(crate) fn too_slow(&self, works: &[Work]) -> Vec<Column> {
        let is_too_slow = |one: &&Measured| {
            works.iter().any(|work| match (work, one.work) {
                (Work::Counters(more), Work::Counters(_)) if *more > Work::MANY.series() => {
                    one.per_sample() * *more as f64 > SLOW
                }
                _ => false,
            })
        };
        let slow = self.measured.iter().filter(is_too_slow);
        slow.map(|one| one.column).collect()
    }

    /// Plots the time of an exposition by number of counters, for each contender that was measured
    /// with at least two numbers.
    pub(crate) fn plot(&self, path: &Path) {
        let lines: Vec<Line> = self
            .columns()
            .into_iter()
            .map(|column| Line {
                name: column.name,
                is_ours: column.role == Role::Ours,
                points: self.growth(column),
            })
            .filter(|line| line.points.len() > 1)
            .collect();
        if lines.is_empty() {
            return;
        }
        fs::write(path, svg(&lines)).expect("the plot can be written");
        eprintln!("{}", path.display());
    }

    /// Returns the measured workloads.
    pub(super) fn works(&self) -> Vec<Work> {
        let mut works: Vec<Work> = self.measured.iter().map(|one| one.work).collect();
        works.dedup();
        let all = Work::TOGETHER.iter().copied().flatten().copied();
        all.filter(|work| works.contains(work)).collect()
    }

    /// Returns all measured contenders, in the order of their first results.
    pub(super) fn columns(&self) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::new();
        for one in &self.measured {
            if !columns.contains(&one.column) {
                columns.push(one.column);
            }
        }
        columns
    }

    /// Returns the results of a workload, the fastest first.
    pub(super) fn of(&self, work: Work) -> Vec<Measured> {
        let mut measured = self.measured.clone();
        measured.retain(|one| one.work == work);
        measured.sort_by(|one, other| one.nanoseconds.total_cmp(&other.nanoseconds));
        measured
    }

    /// Returns the results of the contender with this role that is fastest on a workload.
    pub(super) fn best(&self, work: Work, role: Role) -> Option<Measured> {
        let has_role = |one: &Measured| one.column.role == role;
        self.of(work).into_iter().find(has_role)
    }

    /// Returns the results of the contender `name` for the workload `work`.
    pub(super) fn named(&self, work: Work, name: &str) -> Option<Measured> {
        let has_name = |one: &Measured| one.column.name == name;
        self.of(work).into_iter().find(has_name)
    }

    /// Returns pairs of the number of counters and the seconds of an exposition.
    pub(super) fn growth(&self, column: Column) -> Vec<(f64, f64)> {
        let measured = Work::GROWTH.iter().filter_map(|series| {
            let one = self.named(Work::Counters(*series), column.name)?;
            Some((*series as f64, one.nanoseconds / 1e9))
        });
        measured.collect()
    }

    /// Returns the exponent with which the time grows with the number of counters: the slope of the
    /// line in the log-log plot. `None` unless all of [`Work::GROWTH`] was measured.
    pub(super) fn power(&self, column: Column) -> Option<f64> {
        let points = self.growth(column);
        if points.len() < Work::GROWTH.len() {
            return None;
        }
        let logarithms = || points.iter().map(|(series, time)| (series.ln(), time.ln()));
        let number = points.len() as f64;
        let mean_x = logarithms().map(|(x, _)| x).sum::<f64>() / number;
        let mean_y = logarithms().map(|(_, y)| y).sum::<f64>() / number;
        let both: f64 = logarithms().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        let square: f64 = logarithms().map(|(x, _)| (x - mean_x).powi(2)).sum();
        Some(both / square)
    }
}

impl Measured {
    /// Returns the nanoseconds per sample.
    pub(super) fn per_sample(&self) -> f64 {
        self.nanoseconds / self.work.samples() as f64
    }

    /// Returns the megabytes per second.
    pub(super) fn megabytes(&self) -> f64 {
        self.bytes as f64 * 1e3 / self.nanoseconds
    }
}

/// Nanoseconds per exposition above which a contender is left out of the larger workloads.
const SLOW: f64 = 600e6;
