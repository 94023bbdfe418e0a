//! Contenders of the encoding bench: OpenTelemetry with two exporters, one based on the crate
//! prometheus, and one that writes text directly.

use opentelemetry::{
    KeyValue,
    metrics::{Meter, MeterProvider},
};
use opentelemetry_prometheus_text_exporter::PrometheusExporter;
use opentelemetry_sdk::metrics::{Instrument, MeterProviderBuilder, SdkMeterProvider, Stream};
use prometheus::{Encoder as _, Registry, TextEncoder};

use crate::{
    common::{Column, Role},
    expositions::{Encoder, Race, Work, inputs},
};

struct OpenTelemetry {
    registry: Registry,
    _provider: SdkMeterProvider,
}

impl Encoder for OpenTelemetry {
    fn encode(&mut self, out: &mut Vec<u8>) {
        let written = TextEncoder::new().encode(&self.registry.gather(), out);
        written.expect("writing to memory does not fail");
    }
}

struct ToText {
    exporter: PrometheusExporter,
    _provider: SdkMeterProvider,
}

impl Encoder for ToText {
    fn encode(&mut self, out: &mut Vec<u8>) {
        self.exporter
            .export(out)
            .expect("writing to memory does not fail");
    }
}

pub(crate) fn enter(race: &mut Race, work: Work) {
    race.enter(work, PEER, || {
        let registry = Registry::new();
        let exporter = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .without_target_info()
            .scope_info_enabled(false)
            .build()
            .expect("nothing else is registered");
        OpenTelemetry {
            registry,
            _provider: provider(work, SdkMeterProvider::builder().with_reader(exporter)),
        }
    });
    race.enter(work, TEXT, || {
        let builder = PrometheusExporter::builder();
        let exporter = builder.without_target_info().without_scope_info().build();
        let reader = exporter.clone();
        ToText {
            exporter,
            _provider: provider(work, SdkMeterProvider::builder().with_reader(reader)),
        }
    });
}

/// Creates a provider and records the workload into it.
fn provider(work: Work, builder: MeterProviderBuilder) -> SdkMeterProvider {
    let series = work.series();
    // Without this limit, series beyond the default of 2,000 would share the overflow series. The
    // added 1 is a reserve.
    let view = move |_: &Instrument| {
        let stream = Stream::builder().with_cardinality_limit(series + 1);
        stream.build().ok()
    };
    let provider = builder.with_view(view).build();
    record(work, &provider.meter("bench"));
    provider
}

fn record(work: Work, meter: &Meter) {
    match work {
        Work::Families => {
            for index in 0..work.series() {
                let counter = meter.u64_counter(inputs::family_without_suffix(index));
                let counter = counter.with_description(inputs::HELP).build();
                counter.add(inputs::count(index), &[]);
            }
        }
        Work::Histograms => {
            let histograms = meter
                .f64_histogram(inputs::HISTOGRAMS)
                .with_description(inputs::HELP)
                .with_boundaries(inputs::BOUNDS.to_vec())
                .build();
            for index in 0..work.series() {
                let histogram = histograms.bind(&labels(inputs::pair(index)));
                inputs::seconds(index).for_each(|time| histogram.record(time));
            }
        }
        Work::Counters(_) | Work::Threads(_) | Work::Shuffled => {
            let counters = meter.u64_counter(inputs::COUNTERS_WITHOUT_SUFFIX);
            let counters = counters.with_description(inputs::HELP).build();
            for index in 0..work.series() {
                counters.add(inputs::count(index), &labels(inputs::triple(index)));
            }
        }
    }
}

fn labels<const N: usize>(values: [String; N]) -> Vec<KeyValue> {
    let pairs = inputs::LABELS.into_iter().zip(values);
    pairs
        .map(|(name, value)| KeyValue::new(name, value))
        .collect()
}

const PEER: Column = Column {
    name: "opentelemetry-prometheus",
    package: Some("opentelemetry-prometheus"),
    role: Role::Peer,
};

const TEXT: Column = Column {
    name: "opentelemetry-prometheus-text-exporter",
    package: Some("opentelemetry-prometheus-text-exporter"),
    role: Role::Peer,
};
