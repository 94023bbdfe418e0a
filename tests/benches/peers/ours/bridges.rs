//! What records into our metrics without naming them: the tower layer for servers, and the recorder
//! for the facade crate metrics.

use std::sync::LazyLock;

use metrics::{counter, set_default_local_recorder};
use metrics_http::{FacadeRecorder, Registry, layer::ServerLayer};
use tower::Layer;

use super::OURS;
use crate::support::{Row, Table, inputs, requests::Client};

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
    // A program has one global recorder, so each contender of these rows sets a recorder for its
    // threads.
    table.enter(Row::Facade, OURS, || {
        let (recorder, texts) = (set_default_local_recorder(&*FACADE), inputs::few_texts());
        move |index| {
            let _ = &recorder;
            let (tenant, path) = texts.at(index);
            counter!("visits_total", "tenant" => tenant.to_owned(), "path" => path.to_owned())
                .increment(1);
        }
    });
    table.enter(Row::FacadeConstant, OURS, || {
        let recorder = set_default_local_recorder(&*FACADE);
        move |_| {
            let _ = &recorder;
            counter!("requests_total", "kind" => "follow", "outcome" => "ok").increment(1);
        }
    });
}
