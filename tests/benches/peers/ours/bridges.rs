//! What records into our metrics without naming them: the tower layer for servers, and the recorder
//! for the facade crate metrics.

use std::sync::LazyLock;

use metrics_http::{FacadeRecorder, Registry, layer::ServerLayer};
use tower::Layer;

use super::OURS;
use crate::support::{Row, Table, facade, requests::Client};

static SERVER: LazyLock<ServerLayer> =
    LazyLock::new(|| ServerLayer::new().expect("no other metric has these names"));
static FACADE: LazyLock<FacadeRecorder> = LazyLock::new(|| {
    let builder = FacadeRecorder::builder().registry(Registry::new());
    builder.build().expect("the registry has no other recorder")
});

pub(super) fn enter(table: &mut Table) {
    table.enter(Row::ServerLayer, OURS, || {
        let mut client = Client::new(|handler| SERVER.layer(handler));
        move |index| client.send(index)
    });
    facade::enter(table, OURS, || &*FACADE);
}
