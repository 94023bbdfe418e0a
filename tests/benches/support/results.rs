//! The table that is printed, and the verdicts in it.

use std::fmt::{self, Display, Formatter};

use super::{Column, Measured, ROUNDS, Row, Standing};

/// What was measured.
pub(crate) struct Results {
    measured: Vec<Measured>,
}

impl Results {
    pub(super) fn new(measured: Vec<Measured>) -> Self {
        Self { measured }
    }

    fn rows(&self) -> impl Iterator<Item = Row> {
        let is_measured = |row: &Row| self.measured.iter().any(|one| one.row == *row);
        Row::ALL.into_iter().filter(is_measured)
    }

    fn columns(&self) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::new();
        for one in &self.measured {
            if !columns.contains(&one.column) {
                columns.push(one.column);
            }
        }
        columns
    }

    fn medians(&self, row: Row, column: Column) -> Option<[f64; 2]> {
        let is_it = |one: &&Measured| one.row == row && one.column == column;
        self.measured.iter().find(is_it).map(|one| one.medians)
    }

    fn verdict(&self, row: Row) -> &'static str {
        let ratio = self.compared_with_peers(row, Standing::Ours);
        match (ratio, row.target()) {
            (_, None) => "",
            (Some([one, two]), Some([least_one, least_two]))
                if one >= least_one && two >= least_two =>
            {
                "met"
            }
            _ => "**missed**",
        }
    }

    /// How many times as fast as the fastest peer, on one thread and on two.
    fn compared_with_peers(&self, row: Row, standing: Standing) -> Option<[f64; 2]> {
        let ours = self.fastest(row, standing)?;
        let theirs = self.fastest(row, Standing::Peer)?;
        Some([theirs[0] / ours[0], theirs[1] / ours[1]])
    }

    fn fastest(&self, row: Row, standing: Standing) -> Option<[f64; 2]> {
        self.measured
            .iter()
            .filter(|one| one.row == row && one.column.standing == standing)
            .map(|one| one.medians)
            .reduce(|one, other| [one[0].min(other[0]), one[1].min(other[1])])
    }
}

impl Display for Results {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let columns = self.columns();
        writeln!(
            f,
            "ns per operation, one thread / two threads on the same metric; \
             medians of {ROUNDS} interleaved rounds\n"
        )?;
        write!(f, "| |")?;
        for column in &columns {
            write!(f, " {} |", Heading(*column))?;
        }
        writeln!(
            f,
            " LIMIT : fastest peer | ours : fastest peer | target | |"
        )?;
        writeln!(
            f,
            "|---|{}---:|---:|---:|---|",
            "---:|".repeat(columns.len())
        )?;
        for row in self.rows() {
            write!(f, "| {} |", row.name())?;
            for column in &columns {
                let medians = Pair(self.medians(row, *column), "");
                write!(f, " {medians} |")?;
            }
            let limit = Pair(self.compared_with_peers(row, Standing::Limit), " ×");
            let ours = Pair(self.compared_with_peers(row, Standing::Ours), " ×");
            let target = Pair(row.target(), " ×");
            let verdict = self.verdict(row);
            writeln!(f, " {limit} | {ours} | {target} | {verdict} |")?;
        }
        for column in columns {
            if let Standing::Shown(remark) = column.standing {
                writeln!(f, "\n\\* {}: not compared with; {remark}", column.name)?;
            }
        }
        Ok(())
    }
}

struct Heading(Column);

impl Display for Heading {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)?;
        if let Some(package) = self.0.package {
            write!(f, " {}", version(package))?;
        }
        if let Standing::Shown(_) = self.0.standing {
            f.write_str(" \\*")?;
        }
        Ok(())
    }
}

struct Pair(Option<[f64; 2]>, &'static str);

impl Display for Pair {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(pair, unit) = self;
        match pair {
            Some([one, two]) => write!(f, "{} / {}{unit}", Short(*one), Short(*two)),
            None => f.write_str("–"),
        }
    }
}

/// Three digits or so: more would pretend.
struct Short(f64);

impl Display for Short {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let precision = match self.0 {
            small if small < 9.995 => 2,
            middling if middling < 99.95 => 1,
            _ => 0,
        };
        write!(f, "{:.precision$}", self.0)
    }
}

/// The version of a package that this was built with.
fn version(package: &str) -> &'static str {
    let lock = include_str!("../../../Cargo.lock");
    let entry = format!("name = \"{package}\"\nversion = \"");
    lock.split_once(&entry)
        .and_then(|(_, rest)| rest.split('"').next())
        .unwrap_or("of unknown version")
}
