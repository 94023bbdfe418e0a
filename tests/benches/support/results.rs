//! What was measured, and what follows from it.

use super::{
    Column, Measured, Row, Standing, THREADS, Times,
    checks::{Figure, Term, Who},
};

/// What was measured.
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

    /// The rows that were measured.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> {
        let is_measured = |row: &Row| self.measured.iter().any(|one| one.row == *row);
        Row::ALL.into_iter().filter(is_measured)
    }

    /// Everybody, in the order in which they entered.
    pub(super) fn columns(&self) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::new();
        for one in &self.measured {
            if !columns.contains(&one.column) {
                columns.push(one.column);
            }
        }
        columns
    }

    /// All times of a row, the shortest first.
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

    /// The times of the first in a row that stands so.
    pub(super) fn best(&self, row: Row, standing: Standing) -> Option<(Column, Times)> {
        let stands_so = |(column, _): &(Column, Times)| column.standing == standing;
        self.times(row).into_iter().find(stands_so)
    }

    /// The sum of its terms, if all were measured.
    pub(super) fn value(&self, figure: &Figure) -> Option<f64> {
        figure.terms.iter().map(|term| self.term(term)).sum()
    }

    /// Where the code of LIMIT stands, for the rows that were measured.
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
            .filter(|(column, _)| term.who.is(*column))
            .map(|(_, times)| times[threads] * term.factor)
            .reduce(f64::min)
    }
}

impl Who {
    fn is(self, column: Column) -> bool {
        match self {
            Who::Ours => column.standing == Standing::Ours,
            Who::Limit => column.standing == Standing::Limit,
            Who::BestPeer => column.standing == Standing::Peer,
            Who::BestOf(names) => names.contains(&column.name),
        }
    }
}
