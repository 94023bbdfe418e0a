//! Contender of the recording bench: the crate prometheus-client, the official library.

use std::{
    future::ready,
    hint::black_box,
    sync::{LazyLock, atomic::AtomicU64},
    time::Instant,
};

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, NativeHistogramConfig},
    },
};

use crate::support::{Column, Role, Row, Table, calls::complete, inputs};

static EVENTS: LazyLock<Counter> = LazyLock::new(Counter::default);
static REQUESTS: LazyLock<Family<Request, Counter>> = LazyLock::new(Family::default);
static VISITS: LazyLock<Family<Visit, Counter>> = LazyLock::new(Family::default);
static MANY_VISITS: LazyLock<Family<Visit, Counter>> = LazyLock::new(Family::default);
static SAME_VISITS: LazyLock<Family<Visit, Counter>> = LazyLock::new(Family::default);
static AMOUNT: LazyLock<Counter<f64, AtomicU64>> = LazyLock::new(Counter::default);
static LEVEL: LazyLock<Gauge> = LazyLock::new(Gauge::default);
static SIZES: LazyLock<Histogram> = LazyLock::new(|| Histogram::new(inputs::bounds()));
static NATIVE_SIZES: LazyLock<Histogram> =
    LazyLock::new(|| Histogram::new_native(NativeHistogramConfig::default()));
static CALLS: LazyLock<Counter> = LazyLock::new(Counter::default);
static DURATION_BUCKETS: LazyLock<Histogram> =
    LazyLock::new(|| Histogram::new(inputs::duration_bounds()));

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

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Visit {
    tenant: String,
    path: String,
}

impl Visit {
    fn new((tenant, path): (&str, &str)) -> Self {
        Self {
            tenant: tenant.to_owned(),
            path: path.to_owned(),
        }
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
    DURATION_BUCKETS.observe(begun.elapsed().as_secs_f64());
}

async fn timed_async() {
    let begun = Instant::now();
    black_box(());
    ready(()).await;
    DURATION_BUCKETS.observe(begun.elapsed().as_secs_f64());
}

pub(crate) fn enter(table: &mut Table) {
    table.enter(Row::Counter, PEER, || {
        let events = EVENTS.clone();
        move |_| _ = events.inc()
    });
    enter_labels(table);

    table.enter(Row::FloatCounter, PEER, || {
        let (amount, values) = (AMOUNT.clone(), inputs::values());
        move |index| _ = amount.inc_by(values.at(index))
    });
    table.enter(Row::GaugeSet, PEER, || {
        let level = LEVEL.clone();
        move |index| _ = level.set(index as i64)
    });
    for row in [Row::GaugeAdd, Row::UpDown] {
        table.enter(row, PEER, || {
            let level = LEVEL.clone();
            move |_| _ = level.inc()
        });
    }

    table.enter(Row::Histogram, PEER, || {
        let (sizes, values) = (SIZES.clone(), inputs::values());
        move |index| sizes.observe(values.at(index))
    });
    table.enter(Row::NativeHistogram, PEER, || {
        let (sizes, values) = (NATIVE_SIZES.clone(), inputs::values());
        move |index| sizes.observe(values.at(index))
    });
    table.enter(Row::Timer, PEER, || {
        let durations = DURATION_BUCKETS.clone();
        move |_| {
            let begun = Instant::now();
            durations.observe(begun.elapsed().as_secs_f64());
        }
    });

    table.enter(Row::Timed, PEER, || |_| timed());
    table.enter(Row::TimedAsync, PEER, || |_| complete(timed_async()));
    table.enter(Row::Counted, PEER, || |_| counted());
}

fn enter_labels(table: &mut Table) {
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

    table.enter(Row::OpenLabels, PEER, || {
        let (visits, texts) = (VISITS.clone(), inputs::few_texts());
        move |index| _ = visits.get_or_create(&Visit::new(texts.at(index))).inc()
    });
    table.enter(Row::Bind, PEER, || {
        let (visits, texts) = (VISITS.clone(), inputs::few_texts());
        move |index| _ = black_box(visits.get_or_create_owned(&Visit::new(texts.at(index))))
    });
    table.enter(Row::ManyOpenLabels, PEER, || {
        let (visits, texts) = (MANY_VISITS.clone(), inputs::many_texts());
        move |index| _ = visits.get_or_create(&Visit::new(texts.at(index))).inc()
    });
    table.enter(Row::SameOpenLabels, PEER, || {
        let (visits, texts) = (SAME_VISITS.clone(), inputs::same_texts());
        move |index| _ = visits.get_or_create(&Visit::new(texts.at(index))).inc()
    });
}

pub(super) const PEER: Column = Column {
    name: "prometheus-client",
    package: Some("prometheus-client"),
    role: Role::Peer,
};
