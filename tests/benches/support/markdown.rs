//! Formats the results of the recording bench as tables in Markdown.

use std::fmt::{self, Display, Formatter};

use super::{
    Role, Row, THREADS, Times,
    checks::{Against, Check, checks},
    results::Results,
};
use crate::common::{Heading, NOT_MEASURED, Short, verdict};

impl Display for Results {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write_summary(f)?;
        self.write_checks(f)?;
        self.write_limits(f)?;
        self.write_all(f)
    }
}

impl Results {
    fn write_summary(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rounds = self.rounds;
        writeln!(
            f,
            "ns per operation on one / two / four threads, all on the same metric; medians of \
             {rounds} interleaved rounds. Threads that share a core are charged their share of its \
             time. The best peer is the fastest on one thread. Verdicts: against LIMIT, against \
             the peers.\n"
        )?;
        writeln!(
            f,
            "| operation | ours | LIMIT | ours : LIMIT | best peer | | best peer : ours | verdicts |"
        )?;
        writeln!(f, "|---|---:|---:|---:|---|---:|---:|---|")?;
        let checks = checks();
        for row in self.rows() {
            let ours = self.best(row, Role::Ours).map(|(_, times)| times);
            let limit = self.best(row, Role::Limit).map(|(_, times)| times);
            let peer = self.best(row, Role::Peer);
            let name = peer.map_or("–", |(column, _)| column.name);
            let peer = peer.map(|(_, times)| times);
            writeln!(
                f,
                "| {} | {} | {} | {} | {name} | {} | {} | {}, {} |",
                row.name(),
                Cell(ours, ""),
                Cell(limit, ""),
                Cell(ratio(ours, limit), " ×"),
                Cell(peer, ""),
                Cell(ratio(peer, ours), " ×"),
                self.verdict(&checks, row, Against::Limit),
                self.verdict(&checks, row, Against::Peers),
            )?;
        }
        Ok(())
    }

    /// Returns one verdict on all targets of a row that are in this group.
    fn verdict(&self, checks: &[Check], row: Row, against: Against) -> &'static str {
        let verdicts: Vec<_> = checks
            .iter()
            .filter(|check| check.row == row && check.against() == against)
            .map(|check| check.judge(|figure| self.value(figure)))
            .collect();
        if verdicts.is_empty() {
            return "–";
        }
        // One missed target decides the verdict, even if other targets were not measured.
        if verdicts.iter().flatten().any(|(_, is_met)| !is_met) {
            verdict(false)
        } else if verdicts.contains(&None) {
            NOT_MEASURED
        } else {
            verdict(true)
        }
    }

    fn write_checks(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| operation | target | measured | | LIMIT would be |")?;
        writeln!(f, "|---|---|---:|---|---:|")?;
        let rows: Vec<Row> = self.rows().collect();
        for check in checks().iter().filter(|check| rows.contains(&check.row)) {
            write!(f, "| {} | {} | ", check.row.name(), check.target())?;
            match check.judge(|figure| self.value(figure)) {
                Some((ratio, is_met)) => write!(f, "{} × | {} | ", Short(ratio), verdict(is_met))?,
                None => write!(f, "– | {NOT_MEASURED} | ")?,
            }
            match check.of_limit(|figure| self.value(figure)) {
                Some((ratio, _)) => writeln!(f, "{} × |", Short(ratio))?,
                None => writeln!(f, "– |")?,
            }
        }
        Ok(())
    }

    fn write_limits(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nLIMIT sources, in `tests/benches/peers/limit`:\n")?;
        for (row, source) in self.limits() {
            writeln!(f, "- {}: {source}", row.name())?;
        }
        Ok(())
    }

    /// Writes every figure of every contender.
    fn write_all(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "\n| operation | by |")?;
        for threads in THREADS {
            let threads_are = if threads == 1 { "thread" } else { "threads" };
            write!(f, " {threads} {threads_are} |")?;
        }
        writeln!(f, "\n|---|---|{}", "---:|".repeat(THREADS.len()))?;
        for row in self.rows() {
            for (column, times) in self.times(row) {
                write!(f, "| {} | {} |", row.name(), Heading(column))?;
                for time in times {
                    write!(f, " {} |", Short(time))?;
                }
                writeln!(f)?;
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

fn ratio(one: Option<Times>, other: Option<Times>) -> Option<Times> {
    let (one, other) = (one?, other?);
    Some(std::array::from_fn(|index| one[index] / other[index]))
}

/// Displays the times of one contender or the ratios of two, with their unit.
struct Cell(Option<Times>, &'static str);

impl Display for Cell {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(times, unit) = self;
        let Some(times) = times else {
            return f.write_str("–");
        };
        let times = times.map(|time| Short(time).to_string());
        write!(f, "{}{unit}", times.join(" / "))
    }
}
