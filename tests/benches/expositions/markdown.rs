//! Formats the results of the encoding bench as tables in Markdown.

use std::fmt::{self, Display, Formatter};

use super::{
    checks::checks,
    results::Results,
    work::{Work, grouped},
};
use crate::common::{Heading, NOT_MEASURED, Role, Short, verdict};

impl Display for Results {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write_summary(f)?;
        self.write_checks(f)?;
        self.write_growth(f)?;
        self.write_all(f)
    }
}

impl Results {
    fn write_summary(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rounds = self.rounds;
        writeln!(
            f,
            "ns per sample, of an exposition written to a buffer that is already allocated; \
             medians of {rounds} interleaved rounds, without the time for which the thread waited \
             for a core. A sample is a line with a value; memcpy copies our text.\n"
        )?;
        writeln!(
            f,
            "| work | ours | memcpy | best peer | | best peer : ours |"
        )?;
        writeln!(f, "|---|---:|---:|---|---:|---:|")?;
        for work in self.works() {
            let ours = self.best(work, Role::Ours);
            let limit = self.best(work, Role::Limit);
            let peer = self.best(work, Role::Peer);
            let ours = ours.map(|one| one.per_sample());
            let times = peer.and_then(|peer| Some(peer.per_sample() / ours?));
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} |",
                work.name(),
                Cell(ours, ""),
                Cell(limit.map(|one| one.per_sample()), ""),
                peer.map_or("–", |peer| peer.column.name),
                Cell(peer.map(|peer| peer.per_sample()), ""),
                Cell(times, " ×"),
            )?;
        }
        Ok(())
    }

    fn write_checks(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| work | target | measured | |")?;
        writeln!(f, "|---|---|---:|---|")?;
        for check in checks(self) {
            writeln!(
                f,
                "| {} | {} | {} | {} |",
                check.work,
                check.target(),
                check.measured(),
                check.is_met().map_or(NOT_MEASURED, verdict),
            )?;
        }
        Ok(())
    }

    /// Writes a table of the time per counter for each number of counters.
    fn write_growth(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let works = self.works();
        let sizes = Work::GROWTH.map(Work::Counters);
        if sizes.iter().filter(|work| works.contains(work)).count() < 2 {
            return Ok(());
        }
        write!(f, "\n| ns per counter, of |")?;
        for series in Work::GROWTH {
            write!(f, " {} |", grouped(series))?;
        }
        writeln!(f, " time grows with the power |")?;
        writeln!(f, "|---|{}---:|", "---:|".repeat(Work::GROWTH.len()))?;
        for column in self.columns() {
            let figures = sizes.map(|work| self.named(work, column.name));
            if figures.iter().flatten().count() < 2 {
                continue;
            }
            write!(f, "| {} |", column.name)?;
            for figure in figures {
                write!(f, " {} |", Cell(figure.map(|one| one.per_sample()), ""))?;
            }
            writeln!(f, " {} |", Cell(self.power(column), ""))?;
        }
        Ok(())
    }

    /// Writes every figure of every contender.
    fn write_all(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n| work | by | ns per sample | MB/s | bytes per sample | allocations per sample | \
             bytes allocated per sample, at most |"
        )?;
        writeln!(f, "|---|---|---:|---:|---:|---:|---:|")?;
        for work in self.works() {
            let each = |number: usize| Short(number as f64 / work.samples() as f64);
            for one in self.of(work) {
                writeln!(
                    f,
                    "| {} | {} | {} | {} | {} | {} | {} |",
                    work.name(),
                    Heading(one.column),
                    Short(one.per_sample()),
                    Short(one.megabytes()),
                    each(one.bytes),
                    each(one.allocated.times as usize),
                    each(one.allocated.peak),
                )?;
            }
        }
        for column in self.columns() {
            if let Role::Unranked(remark) = column.role {
                writeln!(f, "\n\\* {}: not compared; {remark}", column.name)?;
            }
        }
        Ok(())
    }
}

/// Displays a figure with its unit, or a dash if it was not measured.
struct Cell(Option<f64>, &'static str);

impl Display for Cell {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(figure) => write!(f, "{}{}", Short(figure), self.1),
            None => f.write_str("–"),
        }
    }
}
