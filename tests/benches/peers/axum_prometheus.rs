//! Contender of the recording bench: the tower layer of the crate axum-prometheus, which records
//! through the facade crate metrics, with metrics-exporter-prometheus.

use axum_prometheus::BaseMetricLayer;
use tower::Layer;

use super::metrics::tidy;
use crate::support::{Column, Role, Row, Table, requests::Client};

pub(crate) fn enter(table: &mut Table) {
    table.enter(Row::ServerLayer, PEER, || {
        tidy();
        let mut client = Client::new(|handler| BaseMetricLayer::new().layer(handler));
        move |index| client.send(index)
    });
}

const PEER: Column = Column {
    name: "axum-prometheus",
    package: Some("axum-prometheus"),
    role: Role::Peer,
};
