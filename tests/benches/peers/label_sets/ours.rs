//! Our crate metrics-core in the rows with open labels.

use std::hint::black_box;

use metrics_core::{Format, Labels, Registry, metrics};

use crate::{
    peers::ours::OURS,
    support::{
        Row, Table, inputs,
        labels::{self, LabelInputs},
    },
};

metrics! {
    /// Requests by status code.
    static CODES: Counter<(code: &str)> = "bench_codes_total";

    /// Messages of devices.
    #[max_series(20_000)]
    static DEVICES: Counter<(device: &str)> = "bench_devices_total";

    /// Requests with 100 label sets.
    static LONG: Counter<(route: &str, host: &str)> = "bench_long_total";

    /// Requests with one label set.
    static SAME_LONG: Counter<(route: &str, host: &str)> = "bench_same_long_total";

    /// Requests with 10,000 label sets.
    #[max_series(20_000)]
    static MANY_LONG: Counter<(route: &str, host: &str)> = "bench_many_long_total";

    /// Requests with 10,000 label sets of different frequencies.
    #[max_series(20_000)]
    static ZIPF_LONG: Counter<(route: &str, host: &str)> = "bench_zipf_long_total";

    /// Requests that are counted while they are scraped.
    #[max_series(20_000)]
    static SCRAPED_LONG: Counter<(route: &str, host: &str)> = "bench_scraped_long_total";

    /// Calls of gRPC methods with 10,000 label sets.
    #[max_series(20_000)]
    static GRPC: Counter<(grpc_method: &str, pod: &str)> = "bench_grpc_total";

    /// Calls of gRPC methods with 100,000 label sets.
    #[max_series(200_000)]
    static MOST_GRPC: Counter<(grpc_method: &str, pod: &str)> = "bench_most_grpc_total";

    /// Calls of gRPC methods with 100,000 label sets of different frequencies.
    #[max_series(200_000)]
    static ZIPF_MOST_GRPC: Counter<(grpc_method: &str, pod: &str)> = "bench_zipf_most_grpc_total";

    /// Searches with label values of any length.
    static SEARCHES: Counter<(tenant: &str, query: &str)> = "bench_searches_total";

    /// Requests with five labels.
    #[max_series(20_000)]
    static FIVE: Counter<(method: &str, route: &str, code: &str, host: &str, pod: &str)> =
        "bench_five_total";

    /// Requests in a service mesh.
    static MESH: Counter<MeshRequest<'_>> = "bench_mesh_total";

    /// Sizes of requests with 100 label sets.
    #[buckets(exponential(1.0, 2.0, 14))]
    static LONG_SIZES: Histogram<(route: &str, host: &str)> = "bench_long_sizes";

    /// Sizes of requests with 10,000 label sets.
    #[buckets(exponential(1.0, 2.0, 14))]
    #[max_series(20_000)]
    static MANY_LONG_SIZES: Histogram<(route: &str, host: &str)> = "bench_many_long_sizes";
}

#[derive(Labels)]
struct MeshRequest<'a> {
    reporter: &'a str,
    source_workload: &'a str,
    source_workload_namespace: &'a str,
    source_canonical_service: &'a str,
    destination_workload: &'a str,
    destination_workload_namespace: &'a str,
    destination_canonical_service: &'a str,
    destination_service: &'a str,
    request_protocol: &'a str,
    response_code: &'a str,
    response_flags: &'a str,
    connection_security_policy: &'a str,
}

pub(super) fn enter(table: &mut Table) {
    for inputs in &labels::ONE {
        match inputs.row {
            Row::StatusCodes => enter_counter(table, inputs, |&[code]| CODES.with(code).inc()),
            Row::Uuids => enter_counter(table, inputs, |&[device]| DEVICES.with(device).inc()),
            row => unreachable!("{row:?} has no counter"),
        }
    }
    for inputs in &labels::TWO {
        enter_two_labels(table, inputs);
    }
    for inputs in &labels::FIVE {
        enter_counter(table, inputs, |&[method, route, code, host, pod]| {
            FIVE.with(method, route, code, host, pod).inc();
        });
    }
    for inputs in &labels::TWELVE {
        enter_counter(table, inputs, |labels| {
            MESH.with(&mesh_request(labels)).inc();
        });
    }
    table.enter_scraped(
        &labels::SCRAPED,
        OURS,
        || |&[route, host], _| SCRAPED_LONG.with(route, host).inc(),
        || {
            let mut text = Vec::new();
            let is_scraped = |name: &str| name.starts_with("bench_scraped_long");
            Registry::global()
                .encode_filtered(Format::Text, &mut text, is_scraped)
                .expect("writing to memory does not fail");
            black_box(text);
        },
    );
    enter_histograms(table);
}

fn enter_two_labels(table: &mut Table, inputs: &'static LabelInputs<2>) {
    match inputs.row {
        Row::LongLabels => enter_counter(table, inputs, |&[route, host]| {
            LONG.with(route, host).inc();
        }),
        Row::SameLongLabels => enter_counter(table, inputs, |&[route, host]| {
            SAME_LONG.with(route, host).inc();
        }),
        Row::ManyLongLabels => enter_counter(table, inputs, |&[route, host]| {
            MANY_LONG.with(route, host).inc();
        }),
        Row::ZipfLongLabels => enter_counter(table, inputs, |&[route, host]| {
            ZIPF_LONG.with(route, host).inc();
        }),
        Row::MethodsAndPods => enter_counter(table, inputs, |&[method, pod]| {
            GRPC.with(method, pod).inc();
        }),
        Row::AnyLengths => enter_counter(table, inputs, |&[tenant, query]| {
            SEARCHES.with(tenant, query).inc();
        }),
        Row::MostSeries => enter_counter(table, inputs, |&[method, pod]| {
            MOST_GRPC.with(method, pod).inc();
        }),
        Row::ZipfMostSeries => enter_counter(table, inputs, |&[method, pod]| {
            ZIPF_MOST_GRPC.with(method, pod).inc();
        }),
        row => unreachable!("{row:?} has no counter"),
    }
}

fn enter_histograms(table: &mut Table) {
    let [few, many] = &labels::HISTOGRAMS;
    table.enter_labels(few, OURS, || {
        let values = inputs::values();
        move |&[route, host], index| LONG_SIZES.with(route, host).observe(values.at(index))
    });
    table.enter_labels(many, OURS, || {
        let values = inputs::values();
        move |&[route, host], index| MANY_LONG_SIZES.with(route, host).observe(values.at(index))
    });
}

fn enter_counter<const N: usize>(
    table: &mut Table,
    inputs: &'static LabelInputs<N>,
    count: impl Fn(&'static [&'static str; N]) + Copy + Sync + 'static,
) {
    table.enter_labels(inputs, OURS, move || move |labels, _| count(labels));
}

fn mesh_request<'a>(labels: &[&'a str; 12]) -> MeshRequest<'a> {
    let &[
        reporter,
        source_workload,
        source_workload_namespace,
        source_canonical_service,
        destination_workload,
        destination_workload_namespace,
        destination_canonical_service,
        destination_service,
        request_protocol,
        response_code,
        response_flags,
        connection_security_policy,
    ] = labels;
    MeshRequest {
        reporter,
        source_workload,
        source_workload_namespace,
        source_canonical_service,
        destination_workload,
        destination_workload_namespace,
        destination_canonical_service,
        destination_service,
        request_protocol,
        response_code,
        response_flags,
        connection_security_policy,
    }
}
