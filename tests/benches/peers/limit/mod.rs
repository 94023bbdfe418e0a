//! LIMIT: the minimal code for each operation of the recording bench except native histograms.
//! Nothing reads the recorded values.

mod any_text;
mod bridges;
mod cells;
mod clock;
mod functions;
mod histogram;
mod index;
mod label_index;
mod sketch;
mod texts;

use std::{hint::black_box, sync::OnceLock};

use crate::support::{
    Column, Role, Row, Table, calls::complete, inputs, labels, labels::LabelInputs,
};

use self::{
    histogram::{count_size, observe_size},
    index::Index,
    label_index::LabelIndex,
    sketch::Sketch,
};

pub(crate) fn enter(table: &mut Table) {
    enter_cells(table);
    enter_open_labels(table);
    enter_label_sets(table);
    enter_histogram(table);
    enter_summary(table);
    enter_functions(table);
    bridges::enter(table);
}

fn enter_cells(table: &mut Table) {
    table.limit_source("`cells.rs`, `count`", &[Row::Counter, Row::UpDown]);
    for row in [Row::Counter, Row::UpDown] {
        table.enter(row, LIMIT, || {
            let cell = black_box(1);
            move |_| cells::count(cell)
        });
    }

    table.limit_source("`cells.rs`, `add_float`", &[Row::FloatCounter]);
    table.enter(Row::FloatCounter, LIMIT, || {
        let (cell, values) = (black_box(1), inputs::values());
        move |index| cells::add_float(cell, values.at(index))
    });

    table.limit_source(
        "`cells.rs`, `count_closed`",
        &[Row::ConstantLabels, Row::ClosedLabels],
    );
    table.enter(Row::ConstantLabels, LIMIT, || {
        let (kind, outcome) = black_box((0, 0));
        move |_| cells::count_closed(kind, outcome)
    });
    table.enter(Row::ClosedLabels, LIMIT, || {
        let pairs = inputs::pairs([0, 1, 2, 3], [0, 1, 2, 3, 4, 5_u8]);
        move |index| {
            let (kind, outcome) = pairs.at(index);
            cells::count_closed(kind, outcome);
        }
    });

    table.limit_source("`cells.rs`, `set_gauge`", &[Row::GaugeSet]);
    table.enter(Row::GaugeSet, LIMIT, || {
        |index| cells::set_gauge(index as u64)
    });
    table.limit_source("`cells.rs`, `add_to_gauge`", &[Row::GaugeAdd]);
    table.enter(Row::GaugeAdd, LIMIT, || |_| cells::add_to_gauge());
}

fn enter_open_labels(table: &mut Table) {
    table.limit_source(
        "`index.rs`, `Index::count`, with the keys of `texts.rs`, `pack`",
        &[Row::OpenLabels, Row::ManyOpenLabels, Row::SameOpenLabels],
    );
    table.enter(Row::OpenLabels, LIMIT, || {
        let (index, texts) = (Index::of_few(), inputs::few_texts());
        move |at| {
            let (tenant, path) = texts.at(at);
            index.count(tenant, path);
        }
    });
    table.enter(Row::ManyOpenLabels, LIMIT, || {
        let (index, texts) = (Index::of_many(), inputs::many_texts());
        move |at| {
            let (tenant, path) = texts.at(at);
            index.count(tenant, path);
        }
    });
    table.enter(Row::SameOpenLabels, LIMIT, || {
        let (index, texts) = (Index::of_same(), inputs::same_texts());
        move |at| {
            let (tenant, path) = texts.at(at);
            index.count(tenant, path);
        }
    });
}

fn enter_label_sets(table: &mut Table) {
    for inputs in &labels::ONE {
        enter_counter(table, inputs);
    }
    for inputs in &labels::TWO {
        enter_counter(table, inputs);
    }
    for inputs in &labels::FIVE {
        enter_counter(table, inputs);
    }
    for inputs in &labels::TWELVE {
        enter_counter(table, inputs);
    }

    let inputs = &labels::SCRAPED;
    table.limit_source(LABEL_COUNTER, &[inputs.row]);
    let index = LazyIndex::new();
    let start = move || {
        let index = index.of(inputs);
        move |labels, _| index.count(labels)
    };
    table.enter_scraped(inputs, LIMIT, start, label_index::scrape_counts);

    for inputs in &labels::HISTOGRAMS {
        table.limit_source(LABEL_HISTOGRAM, &[inputs.row]);
        let index = LazyIndex::new();
        table.enter_labels(inputs, LIMIT, move || {
            let (index, values) = (index.of(inputs), inputs::values());
            move |labels, at| index.observe_size(labels, values.at(at))
        });
    }
}

fn enter_counter<const N: usize>(table: &mut Table, inputs: &'static LabelInputs<N>) {
    table.limit_source(LABEL_COUNTER, &[inputs.row]);
    let index = LazyIndex::new();
    table.enter_labels(inputs, LIMIT, move || {
        let index = index.of(inputs);
        move |labels, _| index.count(labels)
    });
}

/// The index of a row, which is created when the row is measured.
#[derive(Clone, Copy)]
struct LazyIndex<const N: usize>(&'static OnceLock<LabelIndex<N>>);

impl<const N: usize> LazyIndex<N> {
    fn new() -> Self {
        Self(Box::leak(Box::default()))
    }

    fn of(self, inputs: &LabelInputs<N>) -> &'static LabelIndex<N> {
        self.0.get_or_init(|| LabelIndex::new(inputs.all()))
    }
}

fn enter_histogram(table: &mut Table) {
    table.limit_source("`histogram.rs`, `observe_size`", &[Row::Histogram]);
    table.enter(Row::Histogram, LIMIT, || {
        let values = inputs::values();
        move |index| observe_size(values.at(index))
    });
    table.enter(Row::Histogram, WITHOUT_SUM, || {
        let values = inputs::values();
        move |index| count_size(values.at(index))
    });
}

fn enter_summary(table: &mut Table) {
    table.limit_source("`sketch.rs`, `Sketch::observe`", &[Row::Summary]);
    table.enter(Row::Summary, LIMIT, || {
        let (mut sketch, values) = (Sketch::new(), inputs::values());
        // Without `black_box`, the compiler would keep the sums in registers during the loop, which
        // a program that does something else between two observations cannot do.
        move |index| black_box(&mut sketch).observe(values.at(index))
    });
}

fn enter_functions(table: &mut Table) {
    clock::calibrate();
    table.limit_source("`functions.rs`, `time`", &[Row::Timer]);
    table.enter(Row::Timer, LIMIT, || |_| functions::time(|| {}));
    table.limit_source("`functions.rs`, `time_by_instant`", &[Row::SystemTimer]);
    table.enter(Row::SystemTimer, LIMIT, || {
        |_| functions::time_by_instant(|| {})
    });
    table.limit_source("`functions.rs`, `timed`", &[Row::Timed]);
    table.enter(Row::Timed, LIMIT, || |_| functions::timed());
    table.limit_source("`functions.rs`, `timed_async`", &[Row::TimedAsync]);
    table.enter(Row::TimedAsync, LIMIT, || {
        |_| complete(functions::timed_async())
    });
    table.limit_source("`functions.rs`, `counted`", &[Row::Counted]);
    table.enter(Row::Counted, LIMIT, || |_| functions::counted());
    table.limit_source("`functions.rs`, `bare`", &[Row::BareCall]);
    table.enter(Row::BareCall, LIMIT, || |_| functions::bare());

    table.enter(Row::Timed, INSTANT, || |_| functions::timed_by_instant());
    table.enter(Row::TimedAsync, INSTANT, || {
        |_| complete(functions::timed_async_by_instant())
    });
}

const LIMIT: Column = Column {
    name: "LIMIT",
    package: None,
    role: Role::Limit,
};

const WITHOUT_SUM: Column = Column {
    name: "LIMIT, no sum",
    package: None,
    role: Role::Unranked("it does not add up the values"),
};

const INSTANT: Column = Column {
    name: "LIMIT, `Instant`",
    package: None,
    role: Role::Unranked("it uses the clock of the standard library"),
};

const LABEL_COUNTER: &str = "`label_index.rs`, `LabelIndex::count`, with the hash of `any_text.rs`";
const LABEL_HISTOGRAM: &str =
    "`label_index.rs`, `LabelIndex::observe_size`, with the hash of `any_text.rs`";
