//! The crate prometheus-client, the official library.

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::Instant;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;

use crate::support::{Column, Row, Standing, Table, inputs};

static EVENTS: LazyLock<Counter> = LazyLock::new(Counter::default);
static REQUESTS: LazyLock<Family<Request, Counter>> = LazyLock::new(Family::default);
static SIZES: LazyLock<Histogram> = LazyLock::new(|| Histogram::new(inputs::bounds()));
static CALLS: LazyLock<Counter> = LazyLock::new(Counter::default);
static DURATIONS: LazyLock<Histogram> = LazyLock::new(|| Histogram::new(inputs::duration_bounds()));

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    kind: Kind,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelValue)]
enum Kind {
    Follow,
    Shorten,
    List,
    Remove,
}

#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelValue)]
enum Outcome {
    Ok,
    Absent,
    Refused,
    Late,
    Full,
    Broken,
}

#[inline(never)]
fn counted(input: usize) -> usize {
    CALLS.inc();
    input
}

#[inline(never)]
fn timed(input: usize) -> usize {
    let begun = Instant::now();
    let output = black_box(input);
    DURATIONS.observe(begun.elapsed().as_secs_f64());
    output
}

pub(crate) fn enter(table: &mut Table) {
    table.enter(Row::Counter, PEER, || {
        let events = EVENTS.clone();
        move |_| _ = events.inc()
    });

    table.enter(Row::ClosedLabels, PEER, || {
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
        let requests = REQUESTS.clone();
        move |index| {
            let (kind, outcome) = pairs.at(index);
            requests.get_or_create(&Request { kind, outcome }).inc();
        }
    });

    table.enter(Row::Histogram, PEER, || {
        let (sizes, values) = (SIZES.clone(), inputs::values());
        move |index| sizes.observe(values.at(index))
    });

    table.enter(Row::Counted, PEER, || {
        |index| {
            black_box(counted(index));
        }
    });
    table.enter(Row::Timed, PEER, || {
        |index| {
            black_box(timed(index));
        }
    });
}

const PEER: Column = Column {
    name: "prometheus-client",
    package: Some("prometheus-client"),
    standing: Standing::Peer,
};
