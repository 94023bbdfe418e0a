//! The results of the recording bench, and lookups in them.

use super::{
    Column, Measured, Role, Row, THREADS, Times,
    checks::{Contender, Figure, Term},
};

/// The results of all rows.
pub(crate) struct Results {
    pub(super) rounds: usize,
    measured: Vec<Measured>,
    limits: Vec<(Row, &'static str)>,
}

impl Results {
    pub(super) fn new(
        rounds: usize,
        measured: Vec<Measured>,
        limits: Vec<(Row, &'static str)>,
    ) -> Self {
        Self {
            rounds,
            measured,
            limits,
        }
    }

    /// Returns the measured rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> {
        let is_measured = |row: &Row| self.measured.iter().any(|one| one.row == *row);
        Row::ALL.into_iter().filter(is_measured)
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

    /// Returns the times of the contender with this role that is fastest on one thread.
    pub(super) fn best(&self, row: Row, role: Role) -> Option<(Column, Times)> {
        let has_role = |(column, _): &(Column, Times)| column.role == role;
        self.times(row).into_iter().find(has_role)
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

impl Contender {
    fn is(self, column: Column) -> bool {
        match self {
            Contender::Ours => column.role == Role::Ours,
            Contender::Limit => column.role == Role::Limit,
            Contender::BestPeer => column.role == Role::Peer,
            Contender::BestOf(names) => names.contains(&column.name),
        }
    }
}
