//! Contender of the recording bench: our crate metrics-core, used as its guide recommends.

mod bridges;
mod dynamic;

use std::{future::ready, hint::black_box};

use metrics_core::{
    __private::{use_best_clock, use_system_clock},
    Label, counted, metrics, timed,
};

use crate::support::{Column, Role, Row, Table, calls::complete, inputs};

metrics! {
    /// Events.
    static EVENTS: Counter = "bench_events_total";

    /// Requests of all kinds.
    static REQUESTS: Counter<(kind: Kind, outcome: Outcome)> = "bench_requests_total";

    /// Visits with few label sets.
    static VISITS: Counter<(tenant: &str, path: &str)> = "bench_visits_total";

    /// Visits with many label sets.
    #[max_series(20_000)]
    static MANY_VISITS: Counter<(tenant: &str, path: &str)> = "bench_many_visits_total";

    /// Visits with one label set.
    static SAME_VISITS: Counter<(tenant: &str, path: &str)> = "bench_same_visits_total";

    /// Visits by a short route.
    static SHORT_ROUTES: Counter<(route: &str)> = "bench_short_routes_total";

    /// Visits by a long route.
    static LONG_ROUTES: Counter<(route: &str)> = "bench_long_routes_total";

    /// Orders.
    static ORDERS: Counter<(route: &str, customer: &str)> = "bench_orders_total";

    /// Visits of which all but a hundred have label sets beyond the limit.
    #[max_series(100)]
    static LIMITED_VISITS: Counter<(tenant: &str, path: &str)> = "bench_limited_visits_total";

    /// An amount.
    static AMOUNT: FloatCounter = "bench_amount_total";

    /// A level.
    static LEVEL: Gauge = "bench_level";

    /// Operations in progress.
    static BUSY: UpDownCounter = "bench_busy";

    /// Sizes of things.
    #[buckets(exponential(1.0, 2.0, 14))]
    static SIZES: Histogram = "bench_sizes";

    /// Sizes of things, in native buckets.
    #[buckets(native)]
    static NATIVE: Histogram = "bench_native_sizes";

    /// Sizes of things, with quantiles.
    #[quantiles(0.5, 0.9, 0.99)]
    static QUANTILES: Summary = "bench_summarized_sizes";

    /// Durations.
    #[unit("seconds")]
    static DURATION_BUCKETS: Histogram = "bench_seconds";

    /// Durations by the system clock: a separate metric, so that both timers are inlined.
    #[unit("seconds")]
    static SYSTEM_DURATIONS: Histogram = "bench_system_seconds";
}

#[derive(Clone, Copy, Label)]
enum Kind {
    Follow,
    Shorten,
    List,
    Remove,
}

#[derive(Clone, Copy, Label)]
enum Outcome {
    Ok,
    Absent,
    Refused,
    Late,
    Full,
    Broken,
}

#[counted]
#[inline(never)]
fn counted_call() {
    black_box(());
}

#[timed]
#[inline(never)]
fn timed_call() {
    black_box(());
}

#[timed(labels(route))]
#[inline(never)]
fn timed_route(route: &str) {
    black_box(route);
}

#[timed]
async fn timed_async_call() {
    black_box(());
    ready(()).await;
}

pub(crate) fn enter(table: &mut Table) {
    table.enter(Row::Counter, OURS, || |_| EVENTS.inc());
    enter_labels(table);
    dynamic::enter(table);
    bridges::enter(table);

    table.enter(Row::FloatCounter, OURS, || {
        let values = inputs::values();
        move |index| AMOUNT.inc_by(values.at(index))
    });
    table.enter(Row::GaugeSet, OURS, || |index| LEVEL.set(index as i64));
    table.enter(Row::GaugeAdd, OURS, || |_| LEVEL.add(1));
    table.enter(Row::UpDown, OURS, || |_| BUSY.inc());

    table.enter(Row::Histogram, OURS, || {
        let values = inputs::values();
        move |index| SIZES.observe(values.at(index))
    });
    table.enter(Row::NativeHistogram, OURS, || {
        let values = inputs::values();
        move |index| NATIVE.observe(values.at(index))
    });
    table.enter(Row::Summary, OURS, || {
        let values = inputs::values();
        move |index| QUANTILES.observe(values.at(index))
    });
    // All contenders share one setting for the clock, so each contender that reads the clock sets
    // it first. They run one at a time.
    table.enter(Row::Timer, OURS, || {
        use_best_clock();
        |_| drop(DURATION_BUCKETS.start_timer())
    });
    table.enter(Row::SystemTimer, OURS, || {
        use_system_clock();
        |_| drop(SYSTEM_DURATIONS.start_timer())
    });
    table.enter(Row::Timed, OURS, || {
        use_best_clock();
        |_| timed_call()
    });
    for (row, routes) in [
        (Row::TimedShort, inputs::short_routes as fn() -> _),
        (Row::TimedLong, inputs::long_routes),
    ] {
        table.enter(row, OURS, move || {
            use_best_clock();
            let routes = routes();
            move |index| timed_route(routes.at(index))
        });
    }
    table.enter(Row::TimedAsync, OURS, || {
        use_best_clock();
        |_| complete(timed_async_call())
    });
    table.enter(Row::Counted, OURS, || |_| counted_call());
}

fn enter_labels(table: &mut Table) {
    table.enter(Row::ConstantLabels, OURS, || {
        |_| REQUESTS.with(Kind::Follow, Outcome::Ok).inc()
    });
    table.enter(Row::ClosedLabels, OURS, || {
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
        move |index| {
            let (kind, outcome) = pairs.at(index);
            REQUESTS.with(kind, outcome).inc();
        }
    });

    table.enter(Row::OpenLabels, OURS, || {
        let texts = inputs::few_texts();
        move |index| {
            let (tenant, path) = texts.at(index);
            VISITS.with(tenant, path).inc();
        }
    });
    table.enter(Row::ManyOpenLabels, OURS, || {
        let texts = inputs::many_texts();
        move |index| {
            let (tenant, path) = texts.at(index);
            MANY_VISITS.with(tenant, path).inc();
        }
    });
    table.enter(Row::ShortRoute, OURS, || {
        let routes = inputs::short_routes();
        move |index| SHORT_ROUTES.with(routes.at(index)).inc()
    });
    table.enter(Row::LongRoute, OURS, || {
        let routes = inputs::long_routes();
        move |index| LONG_ROUTES.with(routes.at(index)).inc()
    });
    table.enter(Row::RouteAndId, OURS, || {
        let texts = inputs::routes_and_ids();
        move |index| {
            let (route, customer) = texts.at(index);
            ORDERS.with(route, customer).inc();
        }
    });
    table.enter(Row::Overflow, OURS, || {
        let texts = inputs::many_texts();
        move |index| {
            let (tenant, path) = texts.at(index);
            LIMITED_VISITS.with(tenant, path).inc();
        }
    });
    table.enter(Row::SameOpenLabels, OURS, || {
        let texts = inputs::same_texts();
        move |index| {
            let (tenant, path) = texts.at(index);
            SAME_VISITS.with(tenant, path).inc();
        }
    });
}

pub(super) const OURS: Column = Column {
    name: "ours",
    package: None,
    role: Role::Ours,
};
