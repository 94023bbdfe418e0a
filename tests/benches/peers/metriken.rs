//! Contender of the recording bench: the crate metriken, with its sharded counter groups.

use std::{future::ready, hint::black_box, time::Instant};

use metriken::{Gauge, ShardedCounterGroup, ShardedCounterHistogram, metric};

use crate::support::{Column, Role, Row, Table, calls::complete, inputs};

#[metric(name = "events")]
static EVENTS: ShardedCounterGroup = ShardedCounterGroup::new(1);
/// One counter for each pair of label values. The values would be metadata of the counters, which a
/// recording does not use.
#[metric(name = "requests")]
static REQUESTS: ShardedCounterGroup = ShardedCounterGroup::new(4 * 6);
#[metric(name = "level")]
static LEVEL: Gauge = Gauge::new();
#[metric(name = "sizes")]
static SIZES: ShardedCounterHistogram = ShardedCounterHistogram::new(3, 64);
#[metric(name = "calls")]
static CALLS: ShardedCounterGroup = ShardedCounterGroup::new(1);
#[metric(name = "durations")]
static DURATION_BUCKETS: ShardedCounterHistogram = ShardedCounterHistogram::new(3, 64);

#[inline(never)]
fn counted() {
    CALLS.increment(0);
    black_box(());
}

#[inline(never)]
fn timed() {
    let begun = Instant::now();
    black_box(());
    observe(begun);
}

async fn timed_async() {
    let begun = Instant::now();
    black_box(());
    ready(()).await;
    observe(begun);
}

#[inline]
fn observe(begun: Instant) {
    _ = DURATION_BUCKETS.increment(begun.elapsed().as_nanos() as u64);
}

pub(crate) fn enter(table: &mut Table) {
    table.enter(Row::Counter, PEER, || |_| _ = EVENTS.increment(0));
    table.enter(Row::ConstantLabels, PEER, || |_| _ = REQUESTS.increment(0));
    table.enter(Row::ClosedLabels, PEER, || {
        let pairs = inputs::pairs([0_u8, 1, 2, 3], [0_u8, 1, 2, 3, 4, 5]);
        move |index| {
            let (kind, outcome) = pairs.at(index);
            REQUESTS.increment(usize::from(kind) * 6 + usize::from(outcome));
        }
    });

    table.enter(Row::GaugeSet, PEER, || |index| _ = LEVEL.set(index as i64));
    for row in [Row::GaugeAdd, Row::UpDown] {
        table.enter(row, PEER, || |_| _ = LEVEL.increment());
    }
    table.enter(Row::Counted, PEER, || |_| counted());

    table.enter(Row::NativeHistogram, HISTOGRAM, || {
        let values = inputs::values();
        move |index| _ = SIZES.increment(values.at(index) as u64)
    });
    table.enter(Row::Timer, HISTOGRAM, || |_| observe(Instant::now()));
    table.enter(Row::Timed, HISTOGRAM, || |_| timed());
    table.enter(Row::TimedAsync, HISTOGRAM, || |_| complete(timed_async()));
}

const PEER: Column = Column {
    name: "metriken",
    package: Some("metriken"),
    role: Role::Peer,
};

const HISTOGRAM: Column = Column {
    name: "metriken, histogram",
    package: Some("metriken"),
    role: Role::Unranked("its histograms have no sum"),
};
