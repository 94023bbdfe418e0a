//! Contender of the recording bench: the crate foundations-metrics, whose counter has separate
//! storage for each thread.

use std::{future::ready, hint::black_box, num::NonZeroUsize, sync::LazyLock};

use foundations_metrics::{
    Family, Gauge, Histogram, LowCardinalityFamily, LowCardinalityLabel, NativeHistogram,
    ThreadLocalCounter, TimeHistogram,
};
use serde::Serialize;

use crate::support::{Column, Role, Row, Table, calls::complete, inputs};

static EVENTS: LazyLock<ThreadLocalCounter> = LazyLock::new(ThreadLocalCounter::default);
static REQUESTS: LazyLock<LowCardinalityFamily<Request, ThreadLocalCounter>> =
    LazyLock::new(LowCardinalityFamily::default);
static VISITS: LazyLock<Visits> = LazyLock::new(Family::default);
static MANY_VISITS: LazyLock<Visits> = LazyLock::new(Family::default);
static SAME_VISITS: LazyLock<Visits> = LazyLock::new(Family::default);
static AMOUNT: LazyLock<ThreadLocalCounter<f64>> = LazyLock::new(ThreadLocalCounter::default);
static LEVEL: LazyLock<Gauge> = LazyLock::new(Gauge::default);
static SIZES: LazyLock<Histogram> = LazyLock::new(|| Histogram::new(inputs::bounds()));
static NATIVE_SIZES: LazyLock<NativeHistogram> = LazyLock::new(|| NativeHistogram::new(1.1));
static CALLS: LazyLock<ThreadLocalCounter> = LazyLock::new(ThreadLocalCounter::default);
static DURATION_BUCKETS: LazyLock<TimeHistogram> =
    LazyLock::new(|| TimeHistogram::new(inputs::duration_bounds()));

type Visits = Family<Visit, ThreadLocalCounter>;

#[derive(Clone, Copy, PartialEq, Serialize)]
struct Request {
    kind: Kind,
    outcome: Outcome,
}

#[derive(Clone, Copy, PartialEq, Serialize)]
enum Kind {
    Follow,
    Shorten,
    List,
    Remove,
}

#[derive(Clone, Copy, PartialEq, Serialize)]
enum Outcome {
    Ok,
    Absent,
    Refused,
    Late,
    Full,
    Broken,
}

impl LowCardinalityLabel for Request {
    const CARDINALITY: NonZeroUsize = NonZeroUsize::new(4 * 6).expect("it is not 0");

    fn index(&self) -> usize {
        self.kind as usize * 6 + self.outcome as usize
    }
}

#[derive(Clone, PartialEq, Eq, Hash, Serialize)]
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
    let _timer = DURATION_BUCKETS.start_timer();
    black_box(());
}

async fn timed_async() {
    let _timer = DURATION_BUCKETS.start_timer();
    black_box(());
    ready(()).await;
}

pub(crate) fn enter(table: &mut Table) {
    for row in [Row::Counter, Row::DynamicHeld] {
        table.enter(row, PEER, || {
            let events = EVENTS.clone();
            move |_| events.inc()
        });
    }
    table.enter(Row::FloatCounter, PEER, || {
        let (amount, values) = (AMOUNT.clone(), inputs::values());
        move |index| amount.inc_by(values.at(index))
    });
    enter_labels(table);

    table.enter(Row::GaugeSet, PEER, || {
        let level = LEVEL.clone();
        move |index| _ = level.set(index as u64)
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
        move |_| drop(durations.start_timer())
    });

    table.enter(Row::Timed, PEER, || |_| timed());
    table.enter(Row::TimedAsync, PEER, || |_| complete(timed_async()));
    table.enter(Row::Counted, PEER, || |_| counted());
}

fn enter_labels(table: &mut Table) {
    table.enter(Row::ConstantLabels, PEER, || {
        let requests = REQUESTS.clone();
        move |_| {
            let (kind, outcome) = (Kind::Follow, Outcome::Ok);
            requests.get_or_create(&Request { kind, outcome }).inc();
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
        let requests = REQUESTS.clone();
        move |index| {
            let (kind, outcome) = pairs.at(index);
            requests.get_or_create(&Request { kind, outcome }).inc();
        }
    });

    table.enter(Row::OpenLabels, PEER, || {
        let (visits, texts) = (VISITS.clone(), inputs::few_texts());
        move |index| visits.get_or_create(&Visit::new(texts.at(index))).inc()
    });
    table.enter(Row::ManyOpenLabels, PEER, || {
        let (visits, texts) = (MANY_VISITS.clone(), inputs::many_texts());
        move |index| visits.get_or_create(&Visit::new(texts.at(index))).inc()
    });
    table.enter(Row::SameOpenLabels, PEER, || {
        let (visits, texts) = (SAME_VISITS.clone(), inputs::same_texts());
        move |index| visits.get_or_create(&Visit::new(texts.at(index))).inc()
    });
}

pub(super) const PEER: Column = Column {
    name: "foundations-metrics",
    package: Some("foundations-metrics"),
    role: Role::Peer,
};
