//! The work in the rows about layers and bridges that is not a recorder's: a service without a
//! layer, and the facade crate metrics with a recorder that does nothing. Part of LIMIT, the code
//! that the recording bench compares libraries with.

use metrics::NoopRecorder;

use super::LIMIT;
use crate::support::{Row, Table, facade, requests::Client};

pub(super) fn enter(table: &mut Table) {
    let rows = [Row::ServerLayer];
    table.limit_source("`bridges.rs`, a service without a layer", &rows);
    table.enter(Row::ServerLayer, LIMIT, || {
        let mut client = Client::new(|handler| handler);
        move |index| client.send(index)
    });

    let rows = [Row::Facade, Row::FacadeStatic, Row::FacadeConstant];
    table.limit_source("`bridges.rs`, a recorder that does nothing", &rows);
    facade::enter(table, LIMIT, || &NoopRecorder);
}
