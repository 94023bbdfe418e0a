//! The harness: rows of contenders, measured in turns, compared by their medians.
//!
//! A new row is a variant of [`Row`]; a new peer is a file in `peers` that enters
//! what it can do; a new target is a line in `checks.rs`.

pub(crate) mod calls;
mod checks;
pub(crate) mod inputs;
mod markdown;
mod measure;
mod results;
mod row;

pub(crate) use self::row::Row;
pub(crate) use crate::common::{Column, Standing};

use self::results::Results;
use crate::common::Options;

/// All that is to be measured.
#[derive(Default)]
pub(crate) struct Table {
    contenders: Vec<Contender>,
    limits: Vec<(Row, &'static str)>,
}

impl Table {
    /// Enters a contender: `start` is called in each thread and yields the operation,
    /// which is given a number that differs from call to call.
    ///
    /// The loop is compiled for each operation: only the way into it is a dynamic call.
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
        });
    }

    /// Says where the code stands that a row's LIMIT is.
    pub(crate) fn limit_stands(&mut self, source: &'static str, rows: &[Row]) {
        self.limits.extend(rows.iter().map(|row| (*row, source)));
    }

    /// Measures all rows, or those that the command line names.
    pub(crate) fn measure(mut self, options: &Options) -> Results {
        let is_wanted = |contender: &Contender| options.wants(contender.row.name());
        self.contenders.retain(is_wanted);
        // Those who are compared are measured one after the other.
        self.contenders.sort_by_key(|contender| contender.row);
        let measured = measure::medians(&self.contenders, options.rounds);
        Results::new(options.rounds, measured, self.limits)
    }
}

struct Contender {
    row: Row,
    column: Column,
    start: Box<dyn Fn() -> Batch + Sync>,
}

/// Does so many operations in a row.
type Batch = Box<dyn FnMut(usize)>;

/// One contender's medians in nanoseconds per operation, for each of [`THREADS`].
struct Measured {
    row: Row,
    column: Column,
    medians: Times,
}

type Times = [f64; THREADS.len()];

/// On how many threads at once.
const THREADS: [usize; 3] = [1, 2, 4];
