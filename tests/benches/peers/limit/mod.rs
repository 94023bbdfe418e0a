//! The least code that could do it, with nothing around that would make it visible.

mod cells;
mod clock;
mod functions;
mod histogram;
mod index;
mod texts;

use std::hint::black_box;

use crate::support::{Column, Row, Standing, Table, calls::complete, inputs};

use self::{
    histogram::{count_size, observe_size},
    index::Index,
};

pub(crate) fn enter(table: &mut Table) {
    enter_cells(table);
    enter_open_labels(table);
    enter_histogram(table);
    enter_functions(table);
}

fn enter_cells(table: &mut Table) {
    table.limit_stands("`cells.rs`, `count`", &[Row::Counter, Row::UpDown]);
    for row in [Row::Counter, Row::UpDown] {
        table.enter(row, LIMIT, || {
            let cell = black_box(1);
            move |_| cells::count(cell)
        });
    }

    table.limit_stands(
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

    table.limit_stands("`cells.rs`, `set_gauge`", &[Row::GaugeSet]);
    table.enter(Row::GaugeSet, LIMIT, || {
        |index| cells::set_gauge(index as u64)
    });
    table.limit_stands("`cells.rs`, `add_to_gauge`", &[Row::GaugeAdd]);
    table.enter(Row::GaugeAdd, LIMIT, || |_| cells::add_to_gauge());
}

fn enter_open_labels(table: &mut Table) {
    table.limit_stands(
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

fn enter_histogram(table: &mut Table) {
    table.limit_stands("`histogram.rs`, `observe_size`", &[Row::Histogram]);
    table.enter(Row::Histogram, LIMIT, || {
        let values = inputs::values();
        move |index| observe_size(values.at(index))
    });
    table.enter(Row::Histogram, WITHOUT_SUM, || {
        let values = inputs::values();
        move |index| count_size(values.at(index))
    });
}

fn enter_functions(table: &mut Table) {
    clock::calibrate();
    table.limit_stands("`functions.rs`, `time`", &[Row::Timer]);
    table.enter(Row::Timer, LIMIT, || |_| functions::time(|| {}));
    table.limit_stands("`functions.rs`, `time_by_instant`", &[Row::SystemTimer]);
    table.enter(Row::SystemTimer, LIMIT, || {
        |_| functions::time_by_instant(|| {})
    });
    table.limit_stands("`functions.rs`, `timed`", &[Row::Timed]);
    table.enter(Row::Timed, LIMIT, || |_| functions::timed());
    table.limit_stands("`functions.rs`, `timed_async`", &[Row::TimedAsync]);
    table.enter(Row::TimedAsync, LIMIT, || {
        |_| complete(functions::timed_async())
    });
    table.limit_stands("`functions.rs`, `counted`", &[Row::Counted]);
    table.enter(Row::Counted, LIMIT, || |_| functions::counted());
    table.limit_stands("`functions.rs`, `bare`", &[Row::BareCall]);
    table.enter(Row::BareCall, LIMIT, || |_| functions::bare());

    table.enter(Row::Timed, INSTANT, || |_| functions::timed_by_instant());
    table.enter(Row::TimedAsync, INSTANT, || {
        |_| complete(functions::timed_async_by_instant())
    });
}

const LIMIT: Column = Column {
    name: "LIMIT",
    package: None,
    standing: Standing::Limit,
};

const WITHOUT_SUM: Column = Column {
    name: "LIMIT, no sum",
    package: None,
    standing: Standing::Shown("what is left when there is nothing to add up"),
};

const INSTANT: Column = Column {
    name: "LIMIT, `Instant`",
    package: None,
    standing: Standing::Shown("what the clock of the standard library would make of LIMIT"),
};
