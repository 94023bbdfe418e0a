//! Contender of the recording bench: the crate vise, which is based on an older version of
//! prometheus-client.

use std::{future::ready, hint::black_box, time::Duration};

use vise::{
    Buckets, Counter, EncodeLabelSet, EncodeLabelValue, Family, Gauge, Global, Histogram, Metrics,
};

use crate::support::{Column, Role, Row, Table, calls::complete, inputs};

#[derive(Debug, Metrics)]
#[metrics(prefix = "bench")]
struct Bench {
    /// Events.
    events: Counter,
    /// Requests of all kinds.
    requests: Family<Request, Counter>,
    /// Visits with few label sets.
    visits: Family<Visit, Counter>,
    /// Visits with many label sets.
    many_visits: Family<Visit, Counter>,
    /// Visits with one label set.
    same_visits: Family<Visit, Counter>,
    /// A level.
    level: Gauge<i64>,
    /// Sizes of things.
    #[metrics(buckets = Buckets::exponential(1.0..=8192.0, 2.0))]
    sizes: Histogram<f64>,
    /// Calls.
    calls: Counter,
    /// Durations.
    #[metrics(buckets = Buckets::exponential(1e-7..=6.8, 4.0))]
    durations: Histogram<Duration>,
}

#[vise::register]
static BENCH: Global<Bench> = Global::new();

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    kind: Kind,
    outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
#[metrics(rename_all = "snake_case")]
enum Kind {
    Follow,
    Shorten,
    List,
    Remove,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
#[metrics(rename_all = "snake_case")]
enum Outcome {
    Ok,
    Absent,
    Refused,
    Late,
    Full,
    Broken,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
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
    BENCH.calls.inc();
    black_box(());
}

#[inline(never)]
fn timed() {
    let timer = BENCH.durations.start();
    black_box(());
    timer.observe();
}

async fn timed_async() {
    let timer = BENCH.durations.start();
    black_box(());
    ready(()).await;
    timer.observe();
}

pub(crate) fn enter(table: &mut Table) {
    table.enter(Row::Counter, PEER, || {
        let events = BENCH.events.clone();
        move |_| _ = events.inc()
    });
    enter_labels(table);

    table.enter(Row::GaugeSet, PEER, || {
        let level = BENCH.level.clone();
        move |index| _ = level.set(index as i64)
    });
    for row in [Row::GaugeAdd, Row::UpDown] {
        table.enter(row, PEER, || {
            let level = BENCH.level.clone();
            move |_| _ = level.inc_by(1)
        });
    }

    table.enter(Row::Histogram, PEER, || {
        let (sizes, values) = (BENCH.sizes.clone(), inputs::values());
        move |index| sizes.observe(values.at(index))
    });
    table.enter(Row::Timer, PEER, || {
        let durations = BENCH.durations.clone();
        move |_| _ = durations.start().observe()
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
        let requests = BENCH.requests.clone();
        move |index| {
            let (kind, outcome) = pairs.at(index);
            requests[&Request { kind, outcome }].inc();
        }
    });

    table.enter(Row::OpenLabels, PEER, || {
        let (visits, texts) = (BENCH.visits.clone(), inputs::few_texts());
        move |index| _ = visits[&Visit::new(texts.at(index))].inc()
    });
    table.enter(Row::ManyOpenLabels, PEER, || {
        let (visits, texts) = (BENCH.many_visits.clone(), inputs::many_texts());
        move |index| _ = visits[&Visit::new(texts.at(index))].inc()
    });
    table.enter(Row::SameOpenLabels, PEER, || {
        let (visits, texts) = (BENCH.same_visits.clone(), inputs::same_texts());
        move |index| _ = visits[&Visit::new(texts.at(index))].inc()
    });
}

pub(super) const PEER: Column = Column {
    name: "vise",
    package: Some("vise"),
    role: Role::Peer,
};
