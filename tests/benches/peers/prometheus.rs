//! The crate prometheus, with prometheus-static-metric for closed labels, and its
//! local metrics, which a thread flushes when it likes.

use std::hint::black_box;
use std::sync::LazyLock;

use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts};

use crate::support::{Column, Row, Standing, Table, inputs};

static EVENTS: LazyLock<IntCounter> = LazyLock::new(|| counter("events_total"));
static REQUESTS: LazyLock<IntCounterVec> = LazyLock::new(|| {
    let opts = Opts::new("requests_total", "Requests of all kinds.");
    IntCounterVec::new(opts, &["kind", "outcome"]).expect("the options are valid")
});
static STATIC_REQUESTS: LazyLock<closed::Requests> =
    LazyLock::new(|| closed::Requests::from(&REQUESTS));
static SIZES: LazyLock<Histogram> = LazyLock::new(|| histogram("sizes", &inputs::bounds()));
static CALLS: LazyLock<IntCounter> = LazyLock::new(|| counter("calls_total"));
static DURATIONS: LazyLock<Histogram> =
    LazyLock::new(|| histogram("durations", &inputs::duration_bounds()));

mod closed {
    //! What the macro makes.
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
fn counted(input: usize) -> usize {
    CALLS.inc();
    input
}

#[inline(never)]
fn timed(input: usize) -> usize {
    let timer = DURATIONS.start_timer();
    let output = black_box(input);
    timer.observe_duration();
    output
}

pub(crate) fn enter(table: &mut Table) {
    enter_shared(table);
    enter_static(table);
    enter_local(table);
}

fn enter_shared(table: &mut Table) {
    table.enter(Row::Counter, SHARED, || {
        let events = EVENTS.clone();
        move |_| events.inc()
    });

    table.enter(Row::ClosedLabels, SHARED, || {
        let pairs = inputs::pairs(inputs::KINDS, inputs::OUTCOMES);
        let requests = REQUESTS.clone();
        move |index| {
            let (kind, outcome) = pairs.at(index);
            requests.with_label_values(&[kind, outcome]).inc();
        }
    });

    table.enter(Row::Histogram, SHARED, || {
        let (sizes, values) = (SIZES.clone(), inputs::values());
        move |index| sizes.observe(values.at(index))
    });

    table.enter(Row::Counted, SHARED, || {
        |index| {
            black_box(counted(index));
        }
    });
    table.enter(Row::Timed, SHARED, || {
        |index| {
            black_box(timed(index));
        }
    });
}

fn enter_static(table: &mut Table) {
    use closed::{Kind, Outcome};

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

/// These count in plain cells, which the compiler would add up at once if it could.
fn enter_local(table: &mut Table) {
    table.enter(Row::Counter, LOCAL, || {
        let events = EVENTS.local();
        move |_| black_box(&events).inc()
    });

    table.enter(Row::Histogram, LOCAL, || {
        let (sizes, values) = (SIZES.local(), inputs::values());
        move |index| black_box(&sizes).observe(values.at(index))
    });
}

fn counter(name: &str) -> IntCounter {
    IntCounter::new(name, "Counts.").expect("the options are valid")
}

fn histogram(name: &str, bounds: &[f64]) -> Histogram {
    let opts = HistogramOpts::new(name, "Observes.").buckets(bounds.to_vec());
    Histogram::with_opts(opts).expect("the options are valid")
}

const SHARED: Column = Column {
    name: "prometheus",
    package: Some("prometheus"),
    standing: Standing::Peer,
};

const STATIC: Column = Column {
    name: "prometheus-static-metric",
    package: Some("prometheus-static-metric"),
    standing: Standing::Shown("a crate of its own, whose label sets are known to the macro"),
};

const LOCAL: Column = Column {
    name: "prometheus, local",
    package: Some("prometheus"),
    standing: Standing::Shown("a scrape does not see it until it is flushed"),
};
