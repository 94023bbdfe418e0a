//! The crate opentelemetry with its SDK in the rows with open labels.

use std::hint::black_box;

use opentelemetry::{
    KeyValue,
    metrics::{Counter, MeterProvider},
};
use opentelemetry_prometheus_text_exporter::PrometheusExporter;
use opentelemetry_sdk::metrics::{
    Instrument, ManualReader, SdkMeterProvider, Stream, reader::MetricReader,
};

use crate::{
    peers::opentelemetry::PEER,
    support::{
        Table, inputs,
        labels::{self, LabelInputs},
    },
};

pub(super) fn enter(table: &mut Table) {
    for inputs in &labels::ONE {
        enter_counter(table, inputs);
    }
    for inputs in &labels::TWO {
        enter_counter(table, inputs);
    }
    for inputs in &labels::FIVE {
        enter_counter(table, inputs);
    }
    for inputs in &labels::TWELVE {
        enter_counter(table, inputs);
    }

    let inputs = &labels::SCRAPED;
    let exporter = PrometheusExporter::builder().without_target_info().build();
    let provider = provider_of(inputs, exporter.clone());
    let (names, visits) = (inputs.names(), counter(&provider));
    let start = move || {
        let visits = visits.clone();
        move |labels: &[&str; 2], _| visits.add(1, &named(names, *labels))
    };
    table.enter_scraped(inputs, PEER, start, move || {
        // The exporter reads from its provider, which must therefore exist.
        let _provider = &provider;
        let mut text = Vec::new();
        exporter
            .export(&mut text)
            .expect("writing to memory does not fail");
        black_box(text);
    });

    for inputs in &labels::HISTOGRAMS {
        let (names, provider) = (inputs.names(), provider_of(inputs, unread()));
        let meter = provider.meter("bench");
        let sizes = meter.f64_histogram("sizes");
        let sizes = sizes.with_boundaries(inputs::bounds().to_vec()).build();
        table.enter_labels(inputs, PEER, move || {
            // Instruments record only as long as their provider exists.
            let _provider = &provider;
            let (sizes, values) = (sizes.clone(), inputs::values());
            move |labels, index| sizes.record(values.at(index), &named(names, *labels))
        });
    }
}

fn enter_counter<const N: usize>(table: &mut Table, inputs: &'static LabelInputs<N>) {
    let (names, provider) = (inputs.names(), provider_of(inputs, unread()));
    let visits = counter(&provider);
    table.enter_labels(inputs, PEER, move || {
        // Instruments record only as long as their provider exists.
        let _provider = &provider;
        let visits = visits.clone();
        move |labels, _| visits.add(1, &named(names, *labels))
    });
}

fn counter(provider: &SdkMeterProvider) -> Counter<u64> {
    provider.meter("bench").u64_counter("visits").build()
}

fn named<const N: usize>(names: [&'static str; N], labels: [&str; N]) -> [KeyValue; N] {
    std::array::from_fn(|index| KeyValue::new(names[index], labels[index].to_owned()))
}

/// Creates a provider that distinguishes all series of the row.
fn provider_of<const N: usize>(
    inputs: &LabelInputs<N>,
    reader: impl MetricReader,
) -> SdkMeterProvider {
    // The default limit is 2,000 series.
    let limit = inputs.series() + 1;
    let view = move |_: &Instrument| Stream::builder().with_cardinality_limit(limit).build().ok();
    SdkMeterProvider::builder()
        .with_reader(reader)
        .with_view(view)
        .build()
}

/// Returns a reader that is never used, because a provider without a reader would record nothing.
fn unread() -> ManualReader {
    ManualReader::builder().build()
}
