//! Contender of the recording bench: the last version of the crate metered that has attributes for
//! functions.

mod functions {
    //! Functions with `#[measure]`, whose expansion needs the lints allowed here.
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::pedantic,
        reason = "the attribute's code, not ours"
    )]

    use std::{future::ready, hint::black_box};

    use metered_attributes as metered;
    use metered_attributes::{HitCount, ResponseTime, metered};

    #[derive(Default)]
    pub(super) struct Functions {
        metrics: FunctionMetrics,
    }

    #[metered(registry = FunctionMetrics, visibility = pub(super))]
    impl Functions {
        #[measure(HitCount)]
        #[inline(never)]
        pub(super) fn counted(&self) {
            black_box(());
        }

        #[measure(ResponseTime)]
        #[inline(never)]
        pub(super) fn timed(&self) {
            black_box(());
        }

        #[measure(ResponseTime)]
        pub(super) async fn timed_async(&self) {
            black_box(());
            ready(()).await;
        }
    }
}

use std::sync::LazyLock;

use metered_attributes::{hdr_histogram::AtomicHdrHistogram, metric::Histogram};

use crate::support::{Column, Role, Row, Table, calls::complete, inputs};

use self::functions::Functions;

static FUNCTIONS: LazyLock<Functions> = LazyLock::new(Functions::default);

static SIZES: LazyLock<AtomicHdrHistogram> =
    LazyLock::new(|| AtomicHdrHistogram::with_bound(65_536));

pub(crate) fn enter(table: &mut Table) {
    table.enter(Row::Summary, HISTOGRAM, || {
        let (sizes, values) = (&*SIZES, inputs::values());
        move |index| sizes.record(values.at(index) as u64)
    });
    table.enter(Row::Timed, PEER, || {
        let functions = &*FUNCTIONS;
        move |_| functions.timed()
    });
    table.enter(Row::TimedAsync, PEER, || {
        let functions = &*FUNCTIONS;
        move |_| complete(functions.timed_async())
    });
    table.enter(Row::Counted, PEER, || {
        let functions = &*FUNCTIONS;
        move |_| functions.counted()
    });
}

const PEER: Column = Column {
    name: "metered, attributes",
    package: Some("metered@0.9"),
    role: Role::Peer,
};

const HISTOGRAM: Column = Column {
    name: "metered, histogram",
    package: Some("metered@0.9"),
    role: Role::Unranked("its histograms have no sum"),
};
