//! The results of the recording bench, and lookups in them.

use super::{
    Column, Group, Measured, Role, Row, THREADS, Times,
    checks::{Check, Contender, Figure, Term},
};

/// The results of all rows.
pub(crate) struct Results {
    pub(super) rounds: usize,
    /// The rows to print: those that the command line selects.
    pub(super) selected: Vec<Row>,
    /// The targets of these rows.
    pub(super) targets: Vec<Check>,
    /// The contenders of the selected rows, and those that their targets compare them with.
    pub(super) measured: Vec<Measured>,
    pub(super) limits: Vec<(Row, &'static str)>,
}

impl Results {
    /// Returns the rows to print, in the order of their groups.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> {
        Group::ALL.into_iter().flat_map(|group| self.rows_of(group))
    }

    /// Returns the rows of a group that are to be printed.
    pub(super) fn rows_of(&self, group: Group) -> impl Iterator<Item = Row> {
        let rows = self.selected.iter().copied();
        rows.filter(move |row| row.group() == group)
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

    /// Returns all times of a row, sorted by the time on one thread.
    pub(super) fn times(&self, row: Row) -> Vec<(Column, Times)> {
        let mut times: Vec<_> = self
            .measured
            .iter()
            .filter(|one| one.row == row)
            .map(|one| (one.column, one.medians))
            .collect();
        times.sort_by(|(_, one), (_, other)| one[0].total_cmp(&other[0]));
        times
    }

    /// Returns the fastest contender with this role for each number of threads.
    pub(super) fn best(&self, row: Row, role: Role) -> Option<[Best; THREADS.len()]> {
        let mut times = self.times(row);
        times.retain(|(column, _)| column.role == role);
        if times.is_empty() {
            return None;
        }
        Some(std::array::from_fn(|threads| {
            let best = times
                .iter()
                .min_by(|(_, one), (_, other)| one[threads].total_cmp(&other[threads]));
            let (column, times) = best.expect("there is at least one contender");
            Best {
                name: column.name,
                time: times[threads],
            }
        }))
    }

    /// Returns the sum of a figure's terms, or `None` if one was not measured.
    pub(super) fn value(&self, figure: &Figure) -> Option<f64> {
        figure.terms.iter().map(|term| self.term(term)).sum()
    }

    /// Returns the source of LIMIT's code for each measured row that has LIMIT.
    pub(super) fn limits(&self) -> impl Iterator<Item = (Row, &'static str)> {
        let source = |row| self.limits.iter().find(move |(of, _)| *of == row);
        self.rows().filter_map(move |row| source(row).copied())
    }

    fn term(&self, term: &Term) -> Option<f64> {
        let threads = THREADS
            .iter()
            .position(|threads| *threads == term.threads)?;
        self.times(term.row)
            .into_iter()
            .filter(|(column, _)| term.contender.is(*column))
            .map(|(_, times)| times[threads] * term.factor)
            .reduce(f64::min)
    }
}

/// The fastest of several contenders.
#[derive(Clone, Copy)]
pub(super) struct Best {
    pub(super) name: &'static str,
    /// Nanoseconds per operation.
    pub(super) time: f64,
}

impl Contender {
    /// Returns whether a column is this contender or one of these contenders.
    pub(super) fn is(self, column: Column) -> bool {
        match self {
            Contender::Ours => column.role == Role::Ours,
            Contender::Limit => column.role == Role::Limit,
            Contender::BestPeer => column.role == Role::Peer,
            Contender::BestOf(names) => names.contains(&column.name),
        }
    }
}
