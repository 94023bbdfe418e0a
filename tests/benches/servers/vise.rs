//! Contender of the serving bench: the server of the crate vise-exporter.

use tokio::runtime;
use vise::{Counter, EncodeLabelSet, Family, Metrics, Registry};
use vise_exporter::MetricsExporter;

use super::Running;
use crate::{
    common::{Column, Role},
    inputs,
};

#[derive(Debug, Metrics)]
struct Counters {
    /// Requests since the start.
    http_requests: Family<Triple, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Triple {
    tenant: String,
    route: String,
    status: String,
}

pub(super) fn start() -> Running {
    let metrics = Counters::default();
    for index in 0..crate::SERIES {
        let [tenant, route, status] = inputs::triple(index);
        let labels = Triple {
            tenant,
            route,
            status,
        };
        metrics.http_requests[&labels].inc_by(inputs::count(index));
    }
    let mut registry = Registry::empty();
    registry.register_metrics(&metrics);
    let (sender, bound) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let exporter = MetricsExporter::new(registry.into());
            let server = exporter.bind(([127, 0, 0, 1], 0).into()).await;
            let server = server.expect("a free port");
            let _ = sender.send(server.local_addr());
            let _ = server.start().await;
        });
    });
    Running::new(PEER, bound.recv().expect("the server has started"))
}

const PEER: Column = Column {
    name: "vise-exporter",
    package: Some("vise-exporter"),
    role: Role::Peer,
};
