//! Contender of the recording bench: the crate opentelemetry with its SDK. Instruments are bound to
//! labels that are known in advance.

use std::{future::ready, hint::black_box, sync::LazyLock, time::Instant};

use opentelemetry::{
    KeyValue,
    metrics::{BoundCounter, BoundHistogram, Counter, Meter, MeterProvider},
};
use opentelemetry_sdk::metrics::{Aggregation, Instrument, ManualReader, SdkMeterProvider, Stream};

use crate::support::{Column, Role, Row, Table, calls::complete, inputs};

/// A provider with a reader that is never used, because without a reader it would record nothing.
static PROVIDER: LazyLock<SdkMeterProvider> = LazyLock::new(|| {
    SdkMeterProvider::builder()
        .with_reader(ManualReader::builder().build())
        .with_view(view)
        .build()
});
static METER: LazyLock<Meter> = LazyLock::new(|| PROVIDER.meter("bench"));
static REQUESTS: LazyLock<Counter<u64>> = LazyLock::new(|| counter("requests"));
static VISITS: LazyLock<Counter<u64>> = LazyLock::new(|| counter("visits"));
static MANY_VISITS: LazyLock<Counter<u64>> = LazyLock::new(|| counter("many_visits"));
static SAME_VISITS: LazyLock<Counter<u64>> = LazyLock::new(|| counter("same_visits"));
static LONG_VISITS: LazyLock<Counter<u64>> = LazyLock::new(|| counter("long_visits"));
static LIMITED_VISITS: LazyLock<Counter<u64>> = LazyLock::new(|| counter("limited_visits"));
static CALLS: LazyLock<BoundCounter<u64>> = LazyLock::new(|| counter("calls").bind(&[]));
static DURATION_BUCKETS: LazyLock<BoundHistogram<f64>> =
    LazyLock::new(|| histogram("durations", &inputs::duration_bounds()));

#[inline(never)]
fn counted() {
    CALLS.add(1);
    black_box(());
}

#[inline(never)]
fn timed() {
    let begun = Instant::now();
    black_box(());
    DURATION_BUCKETS.record(begun.elapsed().as_secs_f64());
}

async fn timed_async() {
    let begun = Instant::now();
    black_box(());
    ready(()).await;
    DURATION_BUCKETS.record(begun.elapsed().as_secs_f64());
}

pub(crate) fn enter(table: &mut Table) {
    for row in [Row::Counter, Row::DynamicHeld] {
        table.enter(row, PEER, || {
            let events = counter("events").bind(&[]);
            move |_| events.add(1)
        });
    }
    table.enter(Row::FloatCounter, PEER, || {
        let amount = METER.f64_counter("amount").build().bind(&[]);
        let values = inputs::values();
        move |index| amount.add(values.at(index))
    });
    enter_labels(table);

    table.enter(Row::GaugeSet, PEER, || {
        let level = METER.i64_gauge("level").build().bind(&[]);
        move |index| level.record(index as i64)
    });
    table.enter(Row::UpDown, PEER, || {
        let busy = METER.i64_up_down_counter("busy").build().bind(&[]);
        move |_| busy.add(1)
    });

    table.enter(Row::Histogram, PEER, || {
        let (sizes, values) = (histogram("sizes", &inputs::bounds()), inputs::values());
        move |index| sizes.record(values.at(index))
    });
    table.enter(Row::NativeHistogram, PEER, || {
        let (sizes, values) = (histogram("native_sizes", &[]), inputs::values());
        move |index| sizes.record(values.at(index))
    });
    table.enter(Row::Timer, PEER, || {
        let durations = histogram("durations", &inputs::duration_bounds());
        move |_| {
            let begun = Instant::now();
            durations.record(begun.elapsed().as_secs_f64());
        }
    });

    table.enter(Row::Timed, PEER, || |_| timed());
    table.enter(Row::TimedAsync, PEER, || |_| complete(timed_async()));
    table.enter(Row::Counted, PEER, || |_| counted());
}

fn enter_labels(table: &mut Table) {
    table.enter(Row::ConstantLabels, PEER, || {
        let labels = [
            KeyValue::new("kind", "follow"),
            KeyValue::new("outcome", "ok"),
        ];
        let requests = REQUESTS.bind(&labels);
        move |_| requests.add(1)
    });
    table.enter(Row::ClosedLabels, PEER, || {
        let pairs = inputs::pairs(inputs::KINDS, inputs::OUTCOMES);
        let requests = REQUESTS.clone();
        move |index| {
            let (kind, outcome) = pairs.at(index);
            let labels = [
                KeyValue::new("kind", kind),
                KeyValue::new("outcome", outcome),
            ];
            requests.add(1, &labels);
        }
    });

    for row in [Row::OpenLabels, Row::DynamicShort] {
        table.enter(row, PEER, || {
            let (visits, texts) = (VISITS.clone(), inputs::few_texts());
            move |index| visits.add(1, &labels(texts.at(index)))
        });
    }
    table.enter(Row::DynamicLong, PEER, || {
        let (visits, texts) = (LONG_VISITS.clone(), inputs::routes_and_ids());
        move |index| visits.add(1, &labels(texts.at(index)))
    });
    table.enter(Row::Bind, PEER, || {
        let (visits, texts) = (VISITS.clone(), inputs::few_texts());
        move |index| _ = black_box(visits.bind(&labels(texts.at(index))))
    });
    table.enter(Row::Overflow, PEER, || {
        let (visits, texts) = (LIMITED_VISITS.clone(), inputs::many_texts());
        move |index| visits.add(1, &labels(texts.at(index)))
    });
    table.enter(Row::ManyOpenLabels, PEER, || {
        let (visits, texts) = (MANY_VISITS.clone(), inputs::many_texts());
        move |index| visits.add(1, &labels(texts.at(index)))
    });
    table.enter(Row::SameOpenLabels, PEER, || {
        let (visits, texts) = (SAME_VISITS.clone(), inputs::same_texts());
        move |index| visits.add(1, &labels(texts.at(index)))
    });
}

fn labels((tenant, path): (&str, &str)) -> [KeyValue; 2] {
    [
        KeyValue::new("tenant", tenant.to_owned()),
        KeyValue::new("path", path.to_owned()),
    ]
}

fn counter(name: &'static str) -> Counter<u64> {
    METER.u64_counter(name).build()
}

fn histogram(name: &'static str, bounds: &[f64]) -> BoundHistogram<f64> {
    let histogram = METER.f64_histogram(name);
    histogram.with_boundaries(bounds.to_vec()).build().bind(&[])
}

/// Returns the settings that can only be made by a view, not on the instrument.
fn view(instrument: &Instrument) -> Option<Stream> {
    let stream = Stream::builder();
    let stream = match instrument.name() {
        "many_visits" => stream.with_cardinality_limit(20_000),
        "limited_visits" => stream.with_cardinality_limit(100),
        "native_sizes" => stream.with_aggregation(Aggregation::Base2ExponentialHistogram {
            max_size: 160,
            max_scale: 3,
            record_min_max: false,
        }),
        _ => return None,
    };
    stream.build().ok()
}

pub(super) const PEER: Column = Column {
    name: "opentelemetry",
    package: Some("opentelemetry_sdk@0.33"),
    role: Role::Peer,
};
