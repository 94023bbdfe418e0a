//! Contender of the serving bench: the HTTP listener of the crate metrics-exporter-prometheus.

use metrics::{counter, describe_counter, with_local_recorder};
use metrics_exporter_prometheus::PrometheusBuilder;
use tests::free_address;
use tokio::runtime;

use super::{Running, await_listener};
use crate::{
    common::{Column, Role},
    inputs,
};

pub(super) fn start() -> Running {
    let address = free_address();
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let (recorder, exporter) = {
        let _within = runtime.enter();
        let builder = PrometheusBuilder::new().with_http_listener(address);
        builder.build().expect("a free port")
    };
    with_local_recorder(&recorder, || {
        describe_counter!(inputs::COUNTERS, inputs::HELP);
        for index in 0..crate::SERIES {
            let labels: Vec<_> = inputs::LABELS
                .into_iter()
                .zip(inputs::triple(index))
                .collect();
            counter!(inputs::COUNTERS, &labels).increment(inputs::count(index));
        }
    });
    std::thread::spawn(move || {
        let _ = runtime.block_on(exporter);
    });
    await_listener(address);
    Running::new(PEER, address)
}

const PEER: Column = Column {
    name: "metrics-exporter-prometheus",
    package: Some("metrics-exporter-prometheus"),
    role: Role::Peer,
};
