//! The harness of the recording bench: contenders are measured alternately and compared by medians.
//!
//! To add an operation, add a line to `row.rs`; to add a peer, a file to `peers`; to add a target,
//! a line to `targets.rs`.

pub(crate) mod calls;
mod checks;
pub(crate) mod facade;
pub(crate) mod inputs;
pub(crate) mod labels;
mod markdown;
mod measure;
pub(crate) mod requests;
mod results;
mod row;
mod targets;

pub(crate) use self::row::{Group, Row};
pub(crate) use crate::common::{Column, Role};

use self::{checks::Check, labels::LabelInputs, results::Results, targets::targets};
use crate::common::Options;

/// All contenders to measure.
#[derive(Default)]
pub(crate) struct Table {
    contenders: Vec<Contender>,
    limits: Vec<(Row, &'static str)>,
}

impl Table {
    /// Adds a contender to a row.
    ///
    /// Each thread calls `start`, which returns the operation. The argument of the operation is the
    /// index of the call within its batch. The loop is monomorphised per operation, so only the
    /// call of a batch is dynamic.
    pub(crate) fn enter<Operation: FnMut(usize) + 'static>(
        &mut self,
        row: Row,
        column: Column,
        start: impl Fn() -> Operation + Sync + 'static,
    ) {
        let start = move || -> Batch {
            let mut operation = start();
            Box::new(move |operations| {
                for index in 0..operations {
                    operation(index);
                }
            })
        };
        self.contenders.push(Contender {
            row,
            column,
            start: Box::new(start),
            scrape: None,
        });
    }

    /// Adds a contender to a row with open labels.
    ///
    /// The arguments of the operation are the label values of the recording and its index. Each
    /// thread first records into every series once, so that all series exist.
    pub(crate) fn enter_labels<const N: usize, Operation>(
        &mut self,
        inputs: &'static LabelInputs<N>,
        column: Column,
        start: impl Fn() -> Operation + Sync + 'static,
    ) where
        Operation: FnMut(&'static [&'static str; N], usize) + 'static,
    {
        self.enter(inputs.row, column, move || {
            let mut operation = start();
            for (index, labels) in inputs.all().iter().enumerate() {
                operation(labels, index);
            }
            let labels = inputs.of_thread();
            move |index| operation(labels.at(index), index)
        });
    }

    /// Adds a contender to a row with open labels that `scrape` encodes during the measurement.
    pub(crate) fn enter_scraped<const N: usize, Operation>(
        &mut self,
        inputs: &'static LabelInputs<N>,
        column: Column,
        start: impl Fn() -> Operation + Sync + 'static,
        scrape: impl Fn() + Sync + 'static,
    ) where
        Operation: FnMut(&'static [&'static str; N], usize) + 'static,
    {
        self.enter_labels(inputs, column, start);
        if let Some(contender) = self.contenders.last_mut() {
            contender.scrape = Some(Box::new(scrape));
        }
    }

    /// Sets the source code of LIMIT that is printed for `rows`.
    pub(crate) fn limit_source(&mut self, source: &'static str, rows: &[Row]) {
        self.limits.extend(rows.iter().map(|row| (*row, source)));
    }

    /// Measures the rows that the command line selects, and the contenders of other rows that the
    /// targets of these rows compare with.
    pub(crate) fn measure(mut self, options: &Options) -> Results {
        let has_contenders = |row: &Row| self.contenders.iter().any(|one| one.row == *row);
        let is_selected = |row: &Row| options.wants(&row.full_name());
        let selected: Vec<Row> = (Row::ALL.iter().copied())
            .filter(has_contenders)
            .filter(is_selected)
            .collect();
        let mut targets = targets();
        targets.retain(|target| selected.contains(&target.row));
        self.contenders.retain(|contender| {
            selected.contains(&contender.row)
                || targets
                    .iter()
                    .flat_map(Check::terms)
                    .any(|term| term.row == contender.row && term.contender.is(contender.column))
        });
        // Contenders of one row are measured one after the other, while the machine is in a
        // similar state.
        self.contenders.sort_by_key(|contender| contender.row);
        Results {
            rounds: options.rounds,
            selected,
            targets,
            measured: measure::medians(&self.contenders, options.rounds),
            limits: self.limits,
        }
    }
}

struct Contender {
    row: Row,
    column: Column,
    start: Box<dyn Fn() -> Batch + Sync>,
    /// Encodes the metric, once.
    scrape: Option<Box<dyn Fn() + Sync>>,
}

/// A loop that performs the given number of operations.
type Batch = Box<dyn FnMut(usize)>;

/// Medians of one contender in nanoseconds per operation, for each of [`THREADS`].
struct Measured {
    row: Row,
    column: Column,
    medians: Times,
}

type Times = [f64; THREADS.len()];

/// Numbers of concurrent threads.
const THREADS: [usize; 3] = [1, 2, 4];
