//! Contender of the recording bench: the crate fast-telemetry. Its counters have a fixed number of
//! shards.

use std::{future::ready, hint::black_box, sync::LazyLock};

use fast_telemetry::{
    Counter, DeriveLabel, Distribution, DynamicCounter, Gauge, Histogram, LabelEnum,
    LabeledCounter, SampledTimer,
};

use crate::support::{Column, Role, Row, Table, calls::complete, inputs};

static EVENTS: LazyLock<Counter> = LazyLock::new(|| Counter::new(SHARDS));
static REQUESTS: LazyLock<LabeledCounter<Request>> = LazyLock::new(|| LabeledCounter::new(SHARDS));
static VISITS: LazyLock<DynamicCounter> = LazyLock::new(|| DynamicCounter::new(SHARDS));
static MANY_VISITS: LazyLock<DynamicCounter> =
    LazyLock::new(|| DynamicCounter::with_max_series(SHARDS, 20_000));
static SAME_VISITS: LazyLock<DynamicCounter> = LazyLock::new(|| DynamicCounter::new(SHARDS));
static LONG_VISITS: LazyLock<DynamicCounter> = LazyLock::new(|| DynamicCounter::new(SHARDS));
static LIMITED_VISITS: LazyLock<DynamicCounter> =
    LazyLock::new(|| DynamicCounter::with_max_series(SHARDS, 100));
static LEVEL: LazyLock<Gauge> = LazyLock::new(Gauge::new);
static BUSY: LazyLock<Counter> = LazyLock::new(|| Counter::new(SHARDS));
static SIZES: LazyLock<Histogram> = LazyLock::new(|| {
    let bounds = inputs::bounds().map(|bound| bound as u64);
    Histogram::new(&bounds, SHARDS)
});
static NATIVE_SIZES: LazyLock<Distribution> = LazyLock::new(|| Distribution::new(SHARDS));
static CALLS: LazyLock<Counter> = LazyLock::new(|| Counter::new(SHARDS));
/// Times one call in 1, that is, every call, and also counts the calls.
static DURATION_BUCKETS: LazyLock<SampledTimer> =
    LazyLock::new(|| SampledTimer::new(&inputs::nanosecond_bounds(), SHARDS, 1));

/// The library has a single label per metric, so this label combines two.
#[derive(Clone, Copy, Debug)]
struct Request {
    kind: Kind,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, DeriveLabel)]
#[label_name = "kind"]
enum Kind {
    Follow,
    Shorten,
    List,
    Remove,
}

#[derive(Clone, Copy, Debug, DeriveLabel)]
#[label_name = "outcome"]
enum Outcome {
    Ok,
    Absent,
    Refused,
    Late,
    Full,
    Broken,
}

impl LabelEnum for Request {
    const CARDINALITY: usize = Kind::CARDINALITY * Outcome::CARDINALITY;
    const LABEL_NAME: &'static str = "request";

    fn as_index(self) -> usize {
        self.kind.as_index() * Outcome::CARDINALITY + self.outcome.as_index()
    }

    fn from_index(index: usize) -> Self {
        Self {
            kind: Kind::from_index(index / Outcome::CARDINALITY),
            outcome: Outcome::from_index(index % Outcome::CARDINALITY),
        }
    }

    fn variant_name(self) -> &'static str {
        self.outcome.variant_name()
    }
}

#[inline(never)]
fn counted() {
    CALLS.inc();
    black_box(());
}

#[inline(never)]
fn timed() {
    let _timer = DURATION_BUCKETS.start();
    black_box(());
}

async fn timed_async() {
    let _timer = DURATION_BUCKETS.start();
    black_box(());
    ready(()).await;
}

pub(crate) fn enter(table: &mut Table) {
    for row in [Row::Counter, Row::DynamicHeld] {
        table.enter(row, PEER, || {
            let events = &*EVENTS;
            move |_| events.inc()
        });
    }
    enter_labels(table);

    table.enter(Row::GaugeSet, PEER, || {
        let level = &*LEVEL;
        move |index| level.set(index as i64)
    });
    table.enter(Row::UpDown, PEER, || {
        let busy = &*BUSY;
        move |_| busy.inc()
    });

    table.enter(Row::Histogram, PEER, || {
        let (sizes, values) = (&*SIZES, inputs::values());
        move |index| sizes.record(values.at(index) as u64)
    });
    table.enter(Row::NativeHistogram, PEER, || {
        let (sizes, values) = (&*NATIVE_SIZES, inputs::values());
        move |index| sizes.record(values.at(index) as u64)
    });
    table.enter(Row::Timer, PEER, || {
        let durations = &*DURATION_BUCKETS;
        move |_| drop(durations.start())
    });

    table.enter(Row::Timed, PEER, || |_| timed());
    table.enter(Row::TimedAsync, PEER, || |_| complete(timed_async()));
    table.enter(Row::Counted, PEER, || |_| counted());
}

fn enter_labels(table: &mut Table) {
    table.enter(Row::ConstantLabels, PEER, || {
        let requests = &*REQUESTS;
        move |_| {
            requests.inc(Request {
                kind: Kind::Follow,
                outcome: Outcome::Ok,
            });
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

    for row in [Row::OpenLabels, Row::DynamicShort] {
        table.enter(row, PEER, || {
            let (visits, texts) = (&*VISITS, inputs::few_texts());
            move |index| visits.inc(&labels(texts.at(index)))
        });
    }
    table.enter(Row::DynamicLong, PEER, || {
        let (visits, texts) = (&*LONG_VISITS, inputs::routes_and_ids());
        move |index| visits.inc(&labels(texts.at(index)))
    });
    table.enter(Row::Bind, PEER, || {
        let (visits, texts) = (&*VISITS, inputs::few_texts());
        move |index| _ = black_box(visits.series(&labels(texts.at(index))))
    });
    table.enter(Row::Overflow, PEER, || {
        let (visits, texts) = (&*LIMITED_VISITS, inputs::many_texts());
        move |index| visits.inc(&labels(texts.at(index)))
    });
    table.enter(Row::ManyOpenLabels, PEER, || {
        let (visits, texts) = (&*MANY_VISITS, inputs::many_texts());
        move |index| visits.inc(&labels(texts.at(index)))
    });
    table.enter(Row::SameOpenLabels, PEER, || {
        let (visits, texts) = (&*SAME_VISITS, inputs::same_texts());
        move |index| visits.inc(&labels(texts.at(index)))
    });
}

fn labels<'a>((tenant, path): (&'a str, &'a str)) -> [(&'static str, &'a str); 2] {
    [("tenant", tenant), ("path", path)]
}

/// Number of shards: the largest number of threads in a measurement.
pub(super) const SHARDS: usize = 4;

pub(super) const PEER: Column = Column {
    name: "fast-telemetry",
    package: Some("fast-telemetry"),
    role: Role::Peer,
};
