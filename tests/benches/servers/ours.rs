//! Contender of the serving bench: the server of our crate metrics-http.

use metrics_core::{Counter, Options, Registry};
use metrics_http::Server;

use super::Running;
use crate::{
    common::{Column, Role},
    inputs,
};

pub(super) fn start() -> Running {
    let server = Server::builder().registry(registry()).serve("127.0.0.1:0");
    Running::new(OURS, server.expect("a free port").local_addr())
}

/// A registry with the series that all servers expose.
pub(super) fn registry() -> Registry {
    let registry = Registry::new();
    let options = Options::new(inputs::COUNTERS, inputs::HELP)
        .labels(inputs::LABELS)
        .max_series(crate::SERIES);
    let counters = registry.create_family::<Counter>(options);
    let counters = counters.expect("the name is free");
    for index in 0..crate::SERIES {
        let labels = inputs::triple(index);
        let labels = labels.each_ref().map(String::as_str);
        counters.with(&labels).inc_by(inputs::count(index));
    }
    registry
}

const OURS: Column = Column {
    name: "ours",
    package: None,
    role: Role::Ours,
};
