//! The rows about the facade crate metrics, whose contenders differ in the recorder.

use metrics::{Recorder, counter, set_default_local_recorder};

use super::{Column, Row, Table, inputs};

/// Adds a recorder to all rows about the facade.
///
/// Each thread sets the recorder for itself, because a program has one global recorder.
pub(crate) fn enter<R: Recorder + Sync>(
    table: &mut Table,
    column: Column,
    recorder: fn() -> &'static R,
) {
    table.enter(Row::Facade, column, move || {
        let set = set_default_local_recorder(recorder());
        let texts = inputs::few_texts();
        move |index| {
            let _ = &set;
            let (tenant, path) = texts.at(index);
            counter!("visits_total", "tenant" => tenant.to_owned(), "path" => path.to_owned())
                .increment(1);
        }
    });
    table.enter(Row::FacadeStatic, column, move || {
        let set = set_default_local_recorder(recorder());
        let texts = inputs::few_texts();
        move |index| {
            let _ = &set;
            let (tenant, path) = texts.at(index);
            counter!("visits_total", "tenant" => tenant, "path" => path).increment(1);
        }
    });
    table.enter(Row::FacadeConstant, column, move || {
        let set = set_default_local_recorder(recorder());
        move |_| {
            let _ = &set;
            counter!("requests_total", "kind" => "follow", "outcome" => "ok").increment(1);
        }
    });
}
