//! Formats the results of the recording bench as tables in Markdown.

use std::fmt::{self, Display, Formatter};

use super::{
    Group, Role, Row, THREADS, Times,
    checks::Against,
    results::{Best, Results},
};
use crate::common::{Heading, NOT_MEASURED, Short, verdict};

impl Display for Results {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write_explanation(f)?;
        for group in Group::ALL {
            self.write_summary(group, f)?;
        }
        self.write_targets(f)?;
        self.write_limits(f)?;
        self.write_all(f)
    }
}

impl Results {
    fn write_explanation(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let rounds = self.rounds;
        writeln!(
            f,
            "ns per operation on one / two / four threads, all on the same metric; medians of \
             {rounds} interleaved rounds. Threads that share a core are charged their share of its \
             time. The best peer is the fastest for each number of threads. Verdicts: against \
             LIMIT, against the peers. A row is lost where a peer takes less than {TIE} times our \
             time."
        )
    }

    fn write_summary(&self, group: Group, f: &mut Formatter<'_>) -> fmt::Result {
        if self.rows_of(group).next().is_none() {
            return Ok(());
        }
        writeln!(f, "\nGroup `{}`:\n", group.name())?;
        writeln!(
            f,
            "| operation | ours | LIMIT | ours : LIMIT | best peer | | best peer : ours | verdicts |"
        )?;
        writeln!(f, "|---|---:|---:|---:|---|---:|---:|---|")?;
        for row in self.rows_of(group) {
            let best = |role| self.best(row, role);
            let (ours, peer) = (best(Role::Ours), best(Role::Peer));
            let times = |best: Option<[Best; _]>| best.map(|best| best.map(|one| one.time));
            let (ours, limit) = (times(ours), times(best(Role::Limit)));
            let lead = ratio(times(peer), ours);
            writeln!(
                f,
                "| {} | {} | {} | {} | {} | {} | {} | {}, {}{} |",
                row.name(),
                Cell(ours, ""),
                Cell(limit, ""),
                Cell(ratio(ours, limit), " ×"),
                Names(peer),
                Cell(times(peer), ""),
                Cell(lead, " ×"),
                self.verdict(row, Against::Limit),
                self.verdict(row, Against::Peers),
                Lost(lead),
            )?;
        }
        Ok(())
    }

    /// Returns one verdict on all targets of a row that are in this group of targets.
    fn verdict(&self, row: Row, against: Against) -> &'static str {
        let verdicts: Vec<_> = self
            .targets
            .iter()
            .filter(|target| target.row == row && target.against() == against)
            .map(|target| target.judge(|figure| self.value(figure)))
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

    fn write_targets(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.targets.is_empty() {
            return Ok(());
        }
        writeln!(f, "\n| operation | target | measured | | LIMIT would be |")?;
        writeln!(f, "|---|---|---:|---|---:|")?;
        for target in &self.targets {
            write!(f, "| {} | {} | ", target.row.name(), target.target())?;
            match target.judge(|figure| self.value(figure)) {
                Some((ratio, is_met)) => write!(f, "{} × | {} | ", Short(ratio), verdict(is_met))?,
                None => write!(f, "– | {NOT_MEASURED} | ")?,
            }
            match target.of_limit(|figure| self.value(figure)) {
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

/// Displays the names of the best contenders for each number of threads; one name if all are equal.
struct Names(Option<[Best; THREADS.len()]>);

impl Display for Names {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Some(best) = self.0 else {
            return f.write_str("–");
        };
        let names = best.map(|best| best.name);
        if names.iter().all(|name| *name == names[0]) {
            f.write_str(names[0])
        } else {
            f.write_str(&names.join(" / "))
        }
    }
}

/// Displays the numbers of threads on which a peer is faster, from the ratios of its times to ours.
struct Lost(Option<Times>);

impl Display for Lost {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ratios = self.0.unwrap_or([f64::INFINITY; THREADS.len()]);
        let lost: Vec<String> = (THREADS.iter().zip(ratios))
            .filter(|(_, ratio)| *ratio < TIE)
            .map(|(threads, _)| threads.to_string())
            .collect();
        if lost.is_empty() {
            return Ok(());
        }
        write!(f, "; **lost** on {}", lost.join(" / "))
    }
}

/// The ratio of two times above which the difference may be noise.
const TIE: f64 = 0.9;
