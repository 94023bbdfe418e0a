//! metrics-core, as its guide says.

use std::hint::black_box;

use metrics_core::{Label, counted, metrics, timed};

use crate::support::{Column, Row, Standing, Table, inputs};

metrics! {
    /// Things that happened.
    static EVENTS: Counter = "bench_events_total";

    /// Requests of all kinds.
    static REQUESTS: Counter<(kind: Kind, outcome: Outcome)> = "bench_requests_total";

    /// Sizes of things.
    #[buckets(exponential(1.0, 2.0, 14))]
    static SIZES: Histogram = "bench_sizes";
}

#[derive(Clone, Copy, Label)]
enum Kind {
    Follow,
    Shorten,
    List,
    Remove,
}

#[derive(Clone, Copy, Label)]
enum Outcome {
    Ok,
    Absent,
    Refused,
    Late,
    Full,
    Broken,
}

#[counted]
#[inline(never)]
fn counted_call(input: usize) -> usize {
    input
}

#[timed]
#[inline(never)]
fn timed_call(input: usize) -> usize {
    black_box(input)
}

pub(crate) fn enter(table: &mut Table) {
    table.enter(Row::Counter, OURS, || |_| EVENTS.inc());

    table.enter(Row::ClosedLabels, OURS, || {
        let pairs = inputs::pairs(
            [Kind::Follow, Kind::Shorten, Kind::List, Kind::Remove],
            [
                Outcome::Ok,
                Outcome::Absent,
                Outcome::Refused,
                Outcome::Late,
                Outcome::Full,
                Outcome::Broken,
            ],
        );
        move |index| {
            let (kind, outcome) = pairs.at(index);
            REQUESTS.with(kind, outcome).inc();
        }
    });

    table.enter(Row::Histogram, OURS, || {
        let values = inputs::values();
        move |index| SIZES.observe(values.at(index))
    });

    table.enter(Row::Counted, OURS, || {
        |index| {
            black_box(counted_call(index));
        }
    });
    table.enter(Row::Timed, OURS, || {
        |index| {
            black_box(timed_call(index));
        }
    });
}

const OURS: Column = Column {
    name: "ours",
    package: None,
    standing: Standing::Ours,
};
