//! Contenders of the recording bench: the crate prometheus, also with prometheus-static-metric for
//! labels with fixed values, and with local metrics, which a thread flushes explicitly.

use std::{future::ready, hint::black_box, sync::LazyLock};

use prometheus::{
    Counter, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts,
};

use crate::support::{Column, Role, Row, Table, calls::complete, inputs};

static EVENTS: LazyLock<IntCounter> = LazyLock::new(|| counter("events_total"));
static REQUESTS: LazyLock<IntCounterVec> =
    LazyLock::new(|| counters("requests_total", &["kind", "outcome"]));
static STATIC_REQUESTS: LazyLock<closed::Requests> =
    LazyLock::new(|| closed::Requests::from(&REQUESTS));
static VISITS: LazyLock<IntCounterVec> =
    LazyLock::new(|| counters("visits_total", &["tenant", "path"]));
static MANY_VISITS: LazyLock<IntCounterVec> =
    LazyLock::new(|| counters("many_visits_total", &["tenant", "path"]));
static SAME_VISITS: LazyLock<IntCounterVec> =
    LazyLock::new(|| counters("same_visits_total", &["tenant", "path"]));
static LONG_VISITS: LazyLock<IntCounterVec> =
    LazyLock::new(|| counters("long_visits_total", &["tenant", "path"]));
static AMOUNT: LazyLock<Counter> =
    LazyLock::new(|| Counter::new("amount_total", "Adds up.").expect("the options are valid"));
static LEVEL: LazyLock<IntGauge> =
    LazyLock::new(|| IntGauge::new("level", "Shows.").expect("the options are valid"));
static SIZES: LazyLock<Histogram> = LazyLock::new(|| histogram("sizes", &inputs::bounds()));
static CALLS: LazyLock<IntCounter> = LazyLock::new(|| counter("calls_total"));
static DURATION_BUCKETS: LazyLock<Histogram> =
    LazyLock::new(|| histogram("durations", &inputs::duration_bounds()));
static ROUTES: LazyLock<HistogramVec> = LazyLock::new(|| {
    let opts = HistogramOpts::new("route_durations", "Observes.")
        .buckets(inputs::duration_bounds().to_vec());
    HistogramVec::new(opts, &["route"]).expect("the options are valid")
});

mod closed {
    //! Metrics of `make_static_metric!`, whose expansion needs the lints allowed here.
    #![allow(
        dead_code,
        non_camel_case_types,
        unreachable_pub,
        clippy::pedantic,
        reason = "the macro's code, not ours"
    )]

    use prometheus_static_metric::make_static_metric;

    make_static_metric! {
        pub label_enum Kind {
            follow,
            shorten,
            list,
            remove,
        }

        pub label_enum Outcome {
            ok,
            absent,
            refused,
            late,
            full,
            broken,
        }

        pub struct Requests: IntCounter {
            "kind" => Kind,
            "outcome" => Outcome,
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
    let timer = DURATION_BUCKETS.start_timer();
    black_box(());
    timer.observe_duration();
}

#[inline(never)]
fn timed_route(route: &str) {
    let timer = ROUTES.with_label_values(&[route]).start_timer();
    black_box(route);
    timer.observe_duration();
}

async fn timed_async() {
    let timer = DURATION_BUCKETS.start_timer();
    black_box(());
    ready(()).await;
    timer.observe_duration();
}

pub(crate) fn enter(table: &mut Table) {
    enter_shared(table);
    enter_open_labels(table);
    enter_static(table);
    enter_local(table);
}

fn enter_shared(table: &mut Table) {
    for row in [Row::Counter, Row::DynamicHeld] {
        table.enter(row, SHARED, || {
            let events = EVENTS.clone();
            move |_| events.inc()
        });
    }
    table.enter(Row::FloatCounter, SHARED, || {
        let (amount, values) = (AMOUNT.clone(), inputs::values());
        move |index| amount.inc_by(values.at(index))
    });

    table.enter(Row::ClosedLabels, SHARED, || {
        let pairs = inputs::pairs(inputs::KINDS, inputs::OUTCOMES);
        let requests = REQUESTS.clone();
        move |index| {
            let (kind, outcome) = pairs.at(index);
            requests.with_label_values(&[kind, outcome]).inc();
        }
    });

    table.enter(Row::GaugeSet, SHARED, || {
        let level = LEVEL.clone();
        move |index| level.set(index as i64)
    });
    for row in [Row::GaugeAdd, Row::UpDown] {
        table.enter(row, SHARED, || {
            let level = LEVEL.clone();
            move |_| level.inc()
        });
    }

    table.enter(Row::Histogram, SHARED, || {
        let (sizes, values) = (SIZES.clone(), inputs::values());
        move |index| sizes.observe(values.at(index))
    });
    table.enter(Row::Timer, SHARED, || {
        let durations = DURATION_BUCKETS.clone();
        move |_| durations.start_timer().observe_duration()
    });

    table.enter(Row::Timed, SHARED, || |_| timed());
    for (row, routes) in [
        (Row::TimedShort, inputs::short_routes as fn() -> _),
        (Row::TimedLong, inputs::long_routes),
    ] {
        table.enter(row, SHARED, move || {
            let routes = routes();
            move |index| timed_route(routes.at(index))
        });
    }
    table.enter(Row::TimedAsync, SHARED, || |_| complete(timed_async()));
    table.enter(Row::Counted, SHARED, || |_| counted());
}

fn enter_open_labels(table: &mut Table) {
    for row in [Row::OpenLabels, Row::DynamicShort] {
        table.enter(row, SHARED, || {
            let (visits, texts) = (VISITS.clone(), inputs::few_texts());
            move |index| visits.with_label_values(&pair(texts.at(index))).inc()
        });
    }
    table.enter(Row::DynamicLong, SHARED, || {
        let (visits, texts) = (LONG_VISITS.clone(), inputs::routes_and_ids());
        move |index| visits.with_label_values(&pair(texts.at(index))).inc()
    });
    table.enter(Row::Bind, SHARED, || {
        let (visits, texts) = (VISITS.clone(), inputs::few_texts());
        move |index| _ = black_box(visits.with_label_values(&pair(texts.at(index))))
    });
    table.enter(Row::ManyOpenLabels, SHARED, || {
        let (visits, texts) = (MANY_VISITS.clone(), inputs::many_texts());
        move |index| visits.with_label_values(&pair(texts.at(index))).inc()
    });
    table.enter(Row::SameOpenLabels, SHARED, || {
        let (visits, texts) = (SAME_VISITS.clone(), inputs::same_texts());
        move |index| visits.with_label_values(&pair(texts.at(index))).inc()
    });
}

fn enter_static(table: &mut Table) {
    use closed::{Kind, Outcome};

    table.enter(Row::ConstantLabels, STATIC, || {
        let requests = &*STATIC_REQUESTS;
        move |_| requests.follow.ok.inc()
    });

    table.enter(Row::ClosedLabels, STATIC, || {
        let pairs = inputs::pairs(
            [Kind::follow, Kind::shorten, Kind::list, Kind::remove],
            [
                Outcome::ok,
                Outcome::absent,
                Outcome::refused,
                Outcome::late,
                Outcome::full,
                Outcome::broken,
            ],
        );
        let requests = &*STATIC_REQUESTS;
        move |index| {
            let (kind, outcome) = pairs.at(index);
            requests.get(kind).get(outcome).inc();
        }
    });
}

/// Adds the contender of local metrics. They are plain cells, so `black_box` keeps the compiler
/// from merging additions.
fn enter_local(table: &mut Table) {
    table.enter(Row::Counter, LOCAL, || {
        let events = EVENTS.local();
        move |_| black_box(&events).inc()
    });

    table.enter(Row::Histogram, LOCAL, || {
        let (sizes, values) = (SIZES.local(), inputs::values());
        move |index| black_box(&sizes).observe(values.at(index))
    });
    table.enter(Row::Timer, LOCAL, || {
        let durations = DURATION_BUCKETS.local();
        move |_| black_box(&durations).start_timer().observe_duration()
    });
}

fn pair<'a>((tenant, path): (&'a str, &'a str)) -> [&'a str; 2] {
    [tenant, path]
}

fn counter(name: &str) -> IntCounter {
    IntCounter::new(name, "Counts.").expect("the options are valid")
}

fn counters(name: &str, labels: &[&str]) -> IntCounterVec {
    IntCounterVec::new(Opts::new(name, "Counts."), labels).expect("the options are valid")
}

fn histogram(name: &str, bounds: &[f64]) -> Histogram {
    let opts = HistogramOpts::new(name, "Observes.").buckets(bounds.to_vec());
    Histogram::with_opts(opts).expect("the options are valid")
}

pub(super) const SHARED: Column = Column {
    name: "prometheus",
    package: Some("prometheus"),
    role: Role::Peer,
};

const STATIC: Column = Column {
    name: "prometheus-static-metric",
    package: Some("prometheus-static-metric"),
    role: Role::Peer,
};

const LOCAL: Column = Column {
    name: "prometheus, local",
    package: Some("prometheus"),
    role: Role::Unranked("scrapes do not include a recording until the thread flushes it"),
};
