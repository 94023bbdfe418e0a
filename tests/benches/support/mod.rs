//! The harness: rows of contenders, measured in turns, compared by their medians.
//!
//! A new row is a variant of [`Row`]; a new peer is a file in `peers` that enters
//! what it can do.

pub(crate) mod inputs;
mod measure;
mod results;

use std::env;

pub(crate) use self::results::Results;

/// What is measured; all contenders of a row do the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row {
    /// A counter without labels, its handle held, plus one.
    Counter,
    /// A counter with two closed labels (4 × 6), looked up at each call, plus one.
    ClosedLabels,
    /// A histogram of 14 bounds, its handle held, one observation.
    Histogram,
    /// A function that is not inlined and counts its calls.
    Counted,
    /// A function that is not inlined and times its calls, 14 bounds or so.
    Timed,
}

impl Row {
    const ALL: [Self; 5] = [
        Self::Counter,
        Self::ClosedLabels,
        Self::Histogram,
        Self::Counted,
        Self::Timed,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::ClosedLabels => "counter, two closed labels (4 × 6)",
            Self::Histogram => "histogram, 14 bounds",
            Self::Counted => "counted function, whole call",
            Self::Timed => "timed function, whole call",
        }
    }

    /// How many times as fast as the fastest peer we must be, on one thread and on two.
    fn target(self) -> Option<[f64; 2]> {
        match self {
            Self::Counter | Self::ClosedLabels => Some([3.0, 20.0]),
            Self::Timed => Some([1.5, 1.5]),
            Self::Histogram | Self::Counted => None,
        }
    }
}

/// Who is measured: a column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// The package whose version stands in the table.
    pub(crate) package: Option<&'static str>,
    pub(crate) standing: Standing,
}

/// How a column takes part in the comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The least code that could do it: what the hardware charges.
    Limit,
    /// What is compared with the peers.
    Ours,
    /// What ours is compared with.
    Peer,
    /// Shown beside the others, not compared with; the remark says why.
    Shown(&'static str),
}

/// All that is to be measured.
#[derive(Default)]
pub(crate) struct Table {
    contenders: Vec<Contender>,
}

impl Table {
    /// Enters a contender: `start` is called in each thread and yields the operation,
    /// which is given a number that differs from call to call.
    pub(crate) fn enter<Operation: FnMut(usize) + 'static>(
        &mut self,
        row: Row,
        column: Column,
        start: impl Fn() -> Operation + Sync + 'static,
    ) {
        let start = move || -> Batch {
            let mut operation = start();
            Box::new(move |operations| (0..operations).for_each(&mut operation))
        };
        self.contenders.push(Contender {
            row,
            column,
            start: Box::new(start),
        });
    }

    /// Measures all rows, or those that the command line names.
    pub(crate) fn measure(mut self) -> Results {
        let wanted: Vec<String> = env::args()
            .skip(1)
            .filter(|it| !it.starts_with('-'))
            .collect();
        self.contenders.retain(|contender| {
            let name = contender.row.name();
            wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()))
        });
        Results::new(measure::medians(&self.contenders))
    }
}

struct Contender {
    row: Row,
    column: Column,
    start: Box<dyn Fn() -> Batch + Sync>,
}

/// Does so many operations in a row.
type Batch = Box<dyn FnMut(usize)>;

/// One contender's medians in nanoseconds per operation, on one thread and on two.
struct Measured {
    row: Row,
    column: Column,
    medians: [f64; 2],
}

const ROUNDS: usize = 9;
