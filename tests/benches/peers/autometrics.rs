//! Contender of the recording bench: the crate autometrics on top of the crate prometheus. Its
//! attribute both counts and times.

mod functions {
    //! Functions with `#[autometrics]`, whose expansion needs the lints allowed here.
    #![allow(
        missing_docs,
        clippy::pedantic,
        reason = "the attribute's code, not ours"
    )]

    use std::{future::ready, hint::black_box};

    use autometrics::autometrics;

    #[autometrics]
    #[inline(never)]
    pub(super) fn measured() {
        black_box(());
    }

    #[autometrics]
    pub(super) async fn measured_async() {
        black_box(());
        ready(()).await;
    }
}

use crate::support::{Column, Role, Row, Table, calls::complete, inputs};

use self::functions::{measured, measured_async};

pub(crate) fn enter(table: &mut Table) {
    // All functions share one histogram, whose buckets are set here.
    autometrics::settings::AutometricsSettings::builder()
        .histogram_buckets(inputs::duration_bounds())
        .init();
    for row in [Row::Timed, Row::Counted] {
        table.enter(row, PEER, || |_| measured());
    }
    table.enter(Row::TimedAsync, PEER, || |_| complete(measured_async()));
}

const PEER: Column = Column {
    name: "autometrics",
    package: Some("autometrics"),
    role: Role::Peer,
};
