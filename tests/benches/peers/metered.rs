//! Contender of the recording bench: the crate metered, whose counters are the standard library's
//! atomics.

use std::{
    future::ready,
    hint::black_box,
    sync::{
        LazyLock,
        atomic::{AtomicI64, AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};

use metered::{BucketHistogram, Buckets, Family, FixedExponentialHistogram, LabelSet};

use crate::support::{Column, Role, Row, Table, calls::complete, inputs};

static EVENTS: AtomicU64 = AtomicU64::new(0);
static REQUESTS: LazyLock<Family<Request, AtomicU64>> = LazyLock::new(Family::default);
static VISITS: LazyLock<Family<Visit, AtomicU64>> = LazyLock::new(Family::default);
static MANY_VISITS: LazyLock<Family<Visit, AtomicU64>> = LazyLock::new(Family::default);
static SAME_VISITS: LazyLock<Family<Visit, AtomicU64>> = LazyLock::new(Family::default);
static LEVEL: AtomicI64 = AtomicI64::new(0);
static SIZES: LazyLock<BucketHistogram> =
    LazyLock::new(|| BucketHistogram::new(Buckets::custom(inputs::bounds())));
static NATIVE_SIZES: LazyLock<FixedExponentialHistogram> =
    LazyLock::new(|| FixedExponentialHistogram::new(1.0, 65_536.0, 3));
static CALLS: AtomicU64 = AtomicU64::new(0);
static DURATION_BUCKETS: LazyLock<BucketHistogram> =
    LazyLock::new(|| BucketHistogram::new(Buckets::custom(inputs::duration_bounds())));

/// The library has no labels with values fixed at compile time, so the values are texts.
#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
struct Request {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, PartialEq, Eq, Hash, LabelSet)]
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
    count(&CALLS);
    black_box(());
}

#[inline(never)]
fn timed() {
    let begun = Instant::now();
    black_box(());
    DURATION_BUCKETS.observe_duration(begun.elapsed());
}

async fn timed_async() {
    let begun = Instant::now();
    black_box(());
    ready(()).await;
    DURATION_BUCKETS.observe_duration(begun.elapsed());
}

pub(crate) fn enter(table: &mut Table) {
    table.enter(Row::Counter, PEER, || |_| count(&EVENTS));
    enter_labels(table);

    table.enter(Row::GaugeSet, PEER, || {
        |index| LEVEL.store(index as i64, Relaxed)
    });
    for row in [Row::GaugeAdd, Row::UpDown] {
        table.enter(row, PEER, || |_| _ = LEVEL.fetch_add(1, Relaxed));
    }

    table.enter(Row::Histogram, PEER, || {
        let (sizes, values) = (&*SIZES, inputs::values());
        move |index| _ = sizes.observe(values.at(index))
    });
    table.enter(Row::NativeHistogram, PEER, || {
        let (sizes, values) = (&*NATIVE_SIZES, inputs::values());
        move |index| _ = sizes.observe(values.at(index))
    });
    table.enter(Row::Timer, PEER, || {
        let durations = &*DURATION_BUCKETS;
        move |_| {
            let begun = Instant::now();
            durations.observe_duration(begun.elapsed());
        }
    });

    table.enter(Row::Timed, PEER, || |_| timed());
    table.enter(Row::TimedAsync, PEER, || |_| complete(timed_async()));
    table.enter(Row::Counted, PEER, || |_| counted());
}

fn enter_labels(table: &mut Table) {
    table.enter(Row::ClosedLabels, PEER, || {
        let pairs = inputs::pairs(inputs::KINDS, inputs::OUTCOMES);
        let requests = &*REQUESTS;
        move |index| {
            let (kind, outcome) = pairs.at(index);
            requests.with(&Request { kind, outcome }, count);
        }
    });

    table.enter(Row::OpenLabels, PEER, || {
        let (visits, texts) = (&*VISITS, inputs::few_texts());
        move |index| visits.with(&Visit::new(texts.at(index)), count)
    });
    table.enter(Row::ManyOpenLabels, PEER, || {
        let (visits, texts) = (&*MANY_VISITS, inputs::many_texts());
        move |index| visits.with(&Visit::new(texts.at(index)), count)
    });
    table.enter(Row::SameOpenLabels, PEER, || {
        let (visits, texts) = (&*SAME_VISITS, inputs::same_texts());
        move |index| visits.with(&Visit::new(texts.at(index)), count)
    });
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

pub(super) const PEER: Column = Column {
    name: "metered",
    package: Some("metered@0.10"),
    role: Role::Peer,
};
