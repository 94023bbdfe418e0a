//! Contender of the recording bench: the tower layer of the crate axum-otel-metrics, which records
//! through an older version of opentelemetry, with its SDK.

use std::sync::LazyLock;

use axum_otel_metrics::{HttpMetricsLayer, HttpMetricsLayerBuilder};
use opentelemetry_sdk_0_32::metrics::{ManualReader, SdkMeterProvider};
use tower::Layer;

use crate::support::{Column, Role, Row, Table, requests::Client};

/// A layer whose provider has a reader that is never used, because without a reader it would record
/// nothing.
static LAYER: LazyLock<HttpMetricsLayer> = LazyLock::new(|| {
    let reader = ManualReader::builder().build();
    let provider = SdkMeterProvider::builder().with_reader(reader).build();
    HttpMetricsLayerBuilder::new()
        .with_provider(provider)
        .build()
});

pub(crate) fn enter(table: &mut Table) {
    table.enter(Row::ServerLayer, PEER, || {
        let mut client = Client::new(|handler| LAYER.layer(handler));
        move |index| client.send(index)
    });
}

const PEER: Column = Column {
    name: "axum-otel-metrics",
    package: Some("axum-otel-metrics"),
    role: Role::Peer,
};
