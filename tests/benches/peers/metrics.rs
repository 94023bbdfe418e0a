//! Contender of the recording bench: the facade crate metrics, with metrics-exporter-prometheus.

use std::{
    future::ready,
    hint::black_box,
    sync::{LazyLock, OnceLock},
    time::Instant,
};

use axum_prometheus::{AXUM_HTTP_REQUESTS_DURATION_SECONDS, utils::SECONDS_DURATION_BUCKETS};
use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::{
    Matcher, NativeHistogramConfig, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use crate::support::{Column, Role, Row, Table, calls::complete, facade, inputs};

static EXPORTER: OnceLock<PrometheusHandle> = OnceLock::new();
/// The recorder of the rows about the facade.
static FACADE: LazyLock<PrometheusRecorder> =
    LazyLock::new(|| PrometheusBuilder::new().build_recorder());
/// Set after the exporter is installed, because earlier handles would record nothing.
static CALLS: OnceLock<Counter> = OnceLock::new();
static DURATION_BUCKETS: OnceLock<Histogram> = OnceLock::new();

#[inline(never)]
fn counted() {
    CALLS.get_or_init(|| counter!("calls_total")).increment(1);
    black_box(());
}

#[inline(never)]
fn timed() {
    let begun = Instant::now();
    black_box(());
    DURATION_BUCKETS
        .get_or_init(durations)
        .record(begun.elapsed());
}

async fn timed_async() {
    let begun = Instant::now();
    black_box(());
    ready(()).await;
    DURATION_BUCKETS
        .get_or_init(durations)
        .record(begun.elapsed());
}

pub(crate) fn enter(table: &mut Table) {
    install();
    for row in [Row::Counter, Row::DynamicHeld] {
        table.enter(row, PEER, || {
            let events = counter!("events_total");
            move |_| events.increment(1)
        });
    }
    enter_labels(table);
    facade::enter(table, PEER, || &*FACADE);

    table.enter(Row::GaugeSet, PEER, || {
        let level = level();
        move |index| level.set(index as f64)
    });
    for row in [Row::GaugeAdd, Row::UpDown] {
        table.enter(row, PEER, || {
            let level = level();
            move |_| level.increment(1.0)
        });
    }

    for (row, name) in [
        (Row::Histogram, "sizes"),
        (Row::NativeHistogram, "native_sizes"),
        // Without buckets it is a summary with quantiles.
        (Row::Summary, "summarized_sizes"),
    ] {
        table.enter(row, PEER, move || {
            tidy();
            let (sizes, values) = (histogram!(name), inputs::values());
            move |index| sizes.record(values.at(index))
        });
    }
    table.enter(Row::Timer, PEER, || {
        tidy();
        let durations = durations();
        move |_| {
            let begun = Instant::now();
            durations.record(begun.elapsed());
        }
    });

    table.enter(Row::Timed, PEER, || {
        tidy();
        |_| timed()
    });
    table.enter(Row::TimedAsync, PEER, || {
        tidy();
        |_| complete(timed_async())
    });
    table.enter(Row::Counted, PEER, || |_| counted());
}

fn enter_labels(table: &mut Table) {
    table.enter(Row::ConstantLabels, PEER, || {
        |_| counter!("requests_total", "kind" => "follow", "outcome" => "ok").increment(1)
    });
    table.enter(Row::ClosedLabels, PEER, || {
        let pairs = inputs::pairs(inputs::KINDS, inputs::OUTCOMES);
        move |index| {
            let (kind, outcome) = pairs.at(index);
            counter!("requests_total", "kind" => kind, "outcome" => outcome).increment(1);
        }
    });

    for row in [Row::OpenLabels, Row::DynamicShort] {
        table.enter(row, PEER, || {
            let texts = inputs::few_texts();
            move |index| visit("visits_total", texts.at(index))
        });
    }
    table.enter(Row::DynamicLong, PEER, || {
        let texts = inputs::routes_and_ids();
        move |index| visit("long_visits_total", texts.at(index))
    });
    table.enter(Row::ManyOpenLabels, PEER, || {
        let texts = inputs::many_texts();
        move |index| visit("many_visits_total", texts.at(index))
    });
    table.enter(Row::SameOpenLabels, PEER, || {
        let texts = inputs::same_texts();
        move |index| visit("same_visits_total", texts.at(index))
    });
}

#[inline]
fn visit(name: &'static str, (tenant, path): (&str, &str)) {
    counter!(name, "tenant" => tenant.to_owned(), "path" => path.to_owned()).increment(1);
}

fn level() -> Gauge {
    gauge!("level")
}

fn durations() -> Histogram {
    histogram!("durations")
}

fn install() {
    let native = NativeHistogramConfig::new(1.1, 160, 1e-9).expect("the numbers are valid");
    let matcher = |name: &str| Matcher::Full(name.to_owned());
    let exporter = PrometheusBuilder::new()
        .set_buckets_for_metric(matcher("sizes"), &inputs::bounds())
        .and_then(|it| it.set_buckets_for_metric(matcher("durations"), &inputs::duration_bounds()))
        .and_then(|it| {
            // What axum-prometheus sets if it installs the exporter.
            let duration = matcher(AXUM_HTTP_REQUESTS_DURATION_SECONDS);
            it.set_buckets_for_metric(duration, SECONDS_DURATION_BUCKETS)
        })
        .expect("there are buckets")
        .set_native_histogram_for_metric(matcher("native_sizes"), native)
        .install_recorder()
        .expect("there is no other recorder");
    EXPORTER.get_or_init(|| exporter);
}

/// Runs the upkeep, which a program must do every few seconds: until then, histograms store each
/// observation.
pub(super) fn tidy() {
    if let Some(exporter) = EXPORTER.get() {
        exporter.run_upkeep();
    }
}

pub(super) const PEER: Column = Column {
    name: "metrics + exporter-prometheus",
    package: Some("metrics-exporter-prometheus"),
    role: Role::Peer,
};
