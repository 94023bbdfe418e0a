//! Contender of the recording bench: the crate measured.

use std::{future::ready, hint::black_box, sync::LazyLock, time::Instant};

use measured::{
    Counter, CounterVec, FixedCardinalityLabel, Gauge, Histogram, LabelGroup,
    metric::histogram::Thresholds,
};
use paracord::ParaCord;

use crate::support::{Column, Role, Row, Table, calls::complete, inputs};

static EVENTS: LazyLock<Counter> = LazyLock::new(Counter::new);
static REQUESTS: LazyLock<CounterVec<RequestSet>> = LazyLock::new(CounterVec::new);
static VISITS: LazyLock<CounterVec<VisitSet>> = LazyLock::new(CounterVec::new);
static MANY_VISITS: LazyLock<CounterVec<VisitSet>> = LazyLock::new(CounterVec::new);
static SAME_VISITS: LazyLock<CounterVec<VisitSet>> = LazyLock::new(CounterVec::new);
static LEVEL: LazyLock<Gauge> = LazyLock::new(Gauge::new);
static SIZES: LazyLock<Histogram<14>> =
    LazyLock::new(|| Histogram::with_metadata(Thresholds::with_buckets(inputs::bounds())));
static CALLS: LazyLock<Counter> = LazyLock::new(Counter::new);
static DURATION_BUCKETS: LazyLock<Histogram<14>> =
    LazyLock::new(|| Histogram::with_metadata(Thresholds::with_buckets(inputs::duration_bounds())));

#[derive(Clone, Copy, LabelGroup)]
#[label(set = RequestSet)]
struct Request {
    kind: Kind,
    outcome: Outcome,
}

#[derive(Clone, Copy, FixedCardinalityLabel)]
enum Kind {
    Follow,
    Shorten,
    List,
    Remove,
}

#[derive(Clone, Copy, FixedCardinalityLabel)]
enum Outcome {
    Ok,
    Absent,
    Refused,
    Late,
    Full,
    Broken,
}

#[derive(LabelGroup)]
#[label(set = VisitSet)]
struct Visit<'a> {
    #[label(dynamic_with = ParaCord, default)]
    tenant: &'a str,
    #[label(dynamic_with = ParaCord, default)]
    path: &'a str,
}

impl<'a> Visit<'a> {
    fn new((tenant, path): (&'a str, &'a str)) -> Self {
        Self { tenant, path }
    }
}

#[inline(never)]
fn counted() {
    CALLS.inc();
    black_box(());
}

#[inline(never)]
fn timed() {
    let begun = Instant::now();
    black_box(());
    DURATION_BUCKETS.get_metric().observe_duration_since(begun);
}

async fn timed_async() {
    let begun = Instant::now();
    black_box(());
    ready(()).await;
    DURATION_BUCKETS.get_metric().observe_duration_since(begun);
}

pub(crate) fn enter(table: &mut Table) {
    table.enter(Row::Counter, PEER, || {
        let events = &*EVENTS;
        move |_| events.inc()
    });
    enter_labels(table);

    table.enter(Row::GaugeSet, PEER, || {
        let level = &*LEVEL;
        move |index| level.set(index as i64)
    });
    for row in [Row::GaugeAdd, Row::UpDown] {
        table.enter(row, PEER, || {
            let level = &*LEVEL;
            move |_| level.inc()
        });
    }

    table.enter(Row::Histogram, PEER, || {
        let (sizes, values) = (&*SIZES, inputs::values());
        move |index| sizes.get_metric().observe(values.at(index))
    });
    table.enter(Row::Timer, PEER, || {
        let durations = &*DURATION_BUCKETS;
        move |_| {
            let begun = Instant::now();
            durations.get_metric().observe_duration_since(begun);
        }
    });

    table.enter(Row::Timed, PEER, || |_| timed());
    table.enter(Row::TimedAsync, PEER, || |_| complete(timed_async()));
    table.enter(Row::Counted, PEER, || |_| counted());
}

fn enter_labels(table: &mut Table) {
    table.enter(Row::ConstantLabels, PEER, || {
        let requests = &*REQUESTS;
        move |_| {
            let (kind, outcome) = (Kind::Follow, Outcome::Ok);
            requests.inc(Request { kind, outcome });
        }
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
        let requests = &*REQUESTS;
        move |index| {
            let (kind, outcome) = pairs.at(index);
            requests.inc(Request { kind, outcome });
        }
    });

    table.enter(Row::OpenLabels, PEER, || {
        let (visits, texts) = (&*VISITS, inputs::few_texts());
        move |index| visits.inc(Visit::new(texts.at(index)))
    });
    table.enter(Row::ManyOpenLabels, PEER, || {
        let (visits, texts) = (&*MANY_VISITS, inputs::many_texts());
        move |index| visits.inc(Visit::new(texts.at(index)))
    });
    table.enter(Row::SameOpenLabels, PEER, || {
        let (visits, texts) = (&*SAME_VISITS, inputs::same_texts());
        move |index| visits.inc(Visit::new(texts.at(index)))
    });
}

pub(super) const PEER: Column = Column {
    name: "measured",
    package: Some("measured"),
    role: Role::Peer,
};
