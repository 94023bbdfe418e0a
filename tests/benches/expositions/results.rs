//! What was measured, and what follows from it.

use std::{fs, path::Path};

use super::{
    allocator::Allocated,
    plot::{Line, svg},
    race::Measured,
    work::Work,
};
use crate::common::{Column, Standing};

/// What was measured.
pub(crate) struct Results {
    pub(super) rounds: usize,
    measured: Vec<Measured>,
    /// Of an exposition of a million counters.
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

    /// Those that would take too long where there are more counters than there are targets for.
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

    /// Draws how the time of an exposition grows with its series.
    pub(crate) fn plot(&self, path: &Path) {
        let lines: Vec<Line> = self
            .columns()
            .into_iter()
            .map(|column| Line {
                name: column.name,
                is_ours: column.standing == Standing::Ours,
                points: self.growth(column),
            })
            .filter(|line| line.points.len() > 1)
            .collect();
        if lines.is_empty() {
            return;
        }
        fs::write(path, svg(&lines)).expect("space for the plot");
        eprintln!("{}", path.display());
    }

    /// The works that were measured.
    pub(super) fn works(&self) -> Vec<Work> {
        let mut works: Vec<Work> = self.measured.iter().map(|one| one.work).collect();
        works.dedup();
        let all = Work::TOGETHER.iter().copied().flatten().copied();
        all.filter(|work| works.contains(work)).collect()
    }

    /// Everybody who was given counters, or anything else, in the order in which they entered.
    pub(super) fn columns(&self) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::new();
        for one in &self.measured {
            if !columns.contains(&one.column) {
                columns.push(one.column);
            }
        }
        columns
    }

    /// What was measured of a work, the fastest first.
    pub(super) fn of(&self, work: Work) -> Vec<Measured> {
        let mut measured = self.measured.clone();
        measured.retain(|one| one.work == work);
        measured.sort_by(|one, other| one.nanoseconds.total_cmp(&other.nanoseconds));
        measured
    }

    /// The fastest that stands so.
    pub(super) fn best(&self, work: Work, standing: Standing) -> Option<Measured> {
        let stands_so = |one: &Measured| one.column.standing == standing;
        self.of(work).into_iter().find(stands_so)
    }

    /// The one that is called so.
    pub(super) fn named(&self, work: Work, name: &str) -> Option<Measured> {
        let is_it = |one: &Measured| one.column.name == name;
        self.of(work).into_iter().find(is_it)
    }

    /// Numbers of counters, and the seconds that an exposition of so many takes.
    pub(super) fn growth(&self, column: Column) -> Vec<(f64, f64)> {
        let measured = Work::GROWTH.iter().filter_map(|series| {
            let one = self.named(Work::Counters(*series), column.name)?;
            Some((*series as f64, one.nanoseconds / 1e9))
        });
        measured.collect()
    }

    /// The power of the number of counters with which the time grows, if all were measured: the
    /// slope of the line through the points of a plot with logarithmic axes.
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
    /// For each sample.
    pub(super) fn per_sample(&self) -> f64 {
        self.nanoseconds / self.work.samples() as f64
    }

    /// In millions for each second.
    pub(super) fn megabytes(&self) -> f64 {
        self.bytes as f64 * 1e3 / self.nanoseconds
    }
}

/// In nanoseconds: nobody waits longer for an exposition, seven times and more.
const SLOW: f64 = 600e6;
