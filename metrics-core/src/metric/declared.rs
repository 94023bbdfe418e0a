//! [`DeclaredMetric`]: the trait that `metrics!` implements for a metric. [`DeclaredSeries`]: a
//! series of such a metric.

use std::{marker::PhantomData, sync::atomic::AtomicU64, thread::LocalKey};

use crate::{
    describe::{bucket_table::Buckets, desc::Desc, label, label::LabelSet},
    metric::{
        exemplars::SPANS_ENABLED,
        family::Family,
        outcome_rows::OutcomeRows,
        series_access::{self, record_open},
        series_storage::sealed::SeriesStorage,
        thread_storage::{ThreadStorage, find_or_create},
    },
    series::id::SeriesId,
    storage::{self, layout::Layout},
};

/// The trait that `metrics!` implements for the type of each metric that it declares.
#[doc(hidden)]
pub trait DeclaredMetric: Sized + 'static {
    /// The metric's storage in each thread.
    type Local: ThreadStorage;
    /// The layout of a series' cells.
    const LAYOUT: Layout;
    /// Whether recordings take exemplars from spans.
    const EXEMPLARS: bool = false;
    /// Whether idle series expire.
    const EXPIRES: bool = false;
    /// Number of series, if the values of all labels are known at compile time or there are no
    /// labels.
    const SERIES: Option<usize>;

    /// The key to the calling thread's storage.
    fn local() -> &'static LocalKey<Self::Local>;
    fn family() -> &'static Family;
    /// The cells that all threads share; empty unless [`SERIES`](Self::SERIES) is `Some`.
    fn shared() -> &'static [AtomicU64];
    /// The search table of a histogram's classic buckets.
    fn buckets() -> Option<&'static Buckets> {
        None
    }
}

/// The family of a declared metric.
#[doc(hidden)]
pub const fn declared_family<M: DeclaredMetric>(
    desc: Desc,
    label_values: &'static [Option<&'static [&'static str]>],
    shared: &'static [AtomicU64],
) -> Family {
    let list_cells: fn() = list_cells::<M>;
    Family::new(
        desc,
        M::LAYOUT,
        OutcomeRows::SINGLE,
        M::SERIES,
        label_values,
        Some(list_cells),
        shared,
    )
}

/// Registers the metric, and lists the calling thread's cells in the thread's directory, the table
/// in which handles find cells.
fn list_cells<M: DeclaredMetric>() {
    M::family().ensure_registered();
    storage::attach(M::local(), M::family().region());
}

/// A series of a declared metric; `with` returns it, wrapped in the metric's type.
///
/// The result of `with` is meant for one recording. Unlike a [`Handle`](crate::Handle) it pins no
/// series, except those of gauges and state sets. If the series expires and is removed, later
/// recordings go to the overflow series.
#[derive(Debug)]
#[doc(hidden)]
pub struct DeclaredSeries<M: DeclaredMetric> {
    series: SeriesId,
    /// The cells of the thread that looked the series up, if the series is in an index and the
    /// thread had cells of it.
    cells: Option<<M::Local as ThreadStorage>::Cells>,
    metric: PhantomData<M>,
}

impl<M: DeclaredMetric> DeclaredSeries<M> {
    /// The only series of a metric without labels.
    pub const UNLABELLED: Self = DeclaredSeries {
        series: SeriesId {
            place: 0,
            generation: 0,
        },
        cells: None,
        metric: PhantomData,
    };

    /// The series with these labels.
    #[inline(always)]
    pub fn with(labels: &impl LabelSet) -> Self {
        let (series, cells) = if M::SERIES.is_some() {
            let series = SeriesId {
                place: label::position(labels) as u32,
                generation: 0,
            };
            (series, None)
        } else if M::IS_PINNED {
            let find = || M::family().find_or_create(labels);
            (series_access::find_and_pin(M::family(), find), None)
        } else {
            find_or_create(labels, M::local(), M::family())
        };
        DeclaredSeries {
            series,
            cells,
            metric: PhantomData,
        }
    }
}

impl<M: DeclaredMetric> DeclaredSeries<M> {
    /// The calling thread's cells of a series in an index, if the thread can record into them
    /// without another look-up.
    #[inline(always)]
    fn open_cells(&self) -> Option<&[AtomicU64]> {
        let cells = self.cells.as_ref()?;
        M::Local::cells(cells, self.series, M::EXPIRES)
    }
}

/// Whether a [`DeclaredSeries`] pins its series, if that is in an index, so that no other series
/// gets its storage.
///
/// True for gauges and state sets, because a write to the cell that all threads share cannot be
/// checked against the series' generation.
trait Pinned {
    const IS_PINNED: bool;
}

impl<M: DeclaredMetric> Pinned for M {
    const IS_PINNED: bool = M::LAYOUT.is_shared();
}

impl<M: DeclaredMetric> Drop for DeclaredSeries<M> {
    #[inline(always)]
    fn drop(&mut self) {
        if M::SERIES.is_none() && M::IS_PINNED {
            M::family().index().unpin(self.series.place);
        }
    }
}

impl<M: DeclaredMetric> SeriesStorage for DeclaredSeries<M> {
    const LAYOUT: Option<Layout> = Some(M::LAYOUT);

    #[inline(always)]
    fn family(&self) -> &Family {
        M::family()
    }

    #[inline(always)]
    fn record(&self, op: impl FnOnce(&[AtomicU64])) {
        record::<M>(self, op);
    }

    #[inline(always)]
    fn try_record<R>(&self, op: impl FnOnce(&[AtomicU64]) -> R) -> Option<R> {
        if M::SERIES.is_none() {
            return self.open_cells().map(op);
        }
        let place = self.series.place as usize;
        storage::try_record_local(M::local(), M::family().region(), |cells| {
            let width = const { M::LAYOUT.cells() };
            op(&cells[place * width..][..width])
        })
    }

    #[inline]
    fn with_shared_cell<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R {
        if M::SERIES.is_some() {
            // Does not call `ensure_registered`, so that a gauge's `set` stays a single store. A
            // linker that keeps this static usually keeps the registration as well, because both
            // are in one module.
            op(&M::shared()[self.series.place as usize])
        } else {
            series_access::with_open_shared_cell(M::family(), self.series, op)
        }
    }

    #[inline]
    fn record_shared_cell<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R {
        if M::SERIES.is_some() {
            self.with_shared_cell(op)
        } else {
            series_access::record_open_shared_cell(M::family(), self.series, op)
        }
    }

    fn with_values<R>(&self, op: impl FnOnce(&[u64]) -> R) -> R {
        series_access::with_values(M::family(), self.series, op)
    }

    #[inline(always)]
    fn bucket_table(&self) -> Option<&Buckets> {
        M::buckets()
    }

    #[inline(always)]
    fn series_id(&self) -> SeriesId {
        self.series
    }

    #[inline(always)]
    fn recording_target(&self) -> SeriesId {
        if M::EXPIRES {
            M::family().recording_target(self.series)
        } else {
            self.series
        }
    }

    #[inline(always)]
    fn takes_span_exemplars(&self) -> bool {
        SPANS_ENABLED && M::EXEMPLARS
    }
}

#[inline(always)]
fn record<M: DeclaredMetric>(series: &DeclaredSeries<M>, op: impl FnOnce(&[AtomicU64])) {
    if M::SERIES.is_none() {
        return match series.open_cells() {
            Some(cells) => op(cells),
            None => record_cold::<M>(series.series, op),
        };
    }
    // For a counter, the last closure below captures at most two words, so that the cold path gets
    // them in registers. Therefore, the width is a constant within the closure.
    let place = series.series.place as usize;
    let register = || M::family().ensure_registered();
    storage::record_local(
        M::local(),
        M::family().region(),
        register,
        // Without the attribute, the compiler may emit a call of this closure for a metric that is
        // recorded in several places.
        #[inline(always)]
        move |cells| {
            let width = const { M::LAYOUT.cells() };
            op(&cells[place * width..][..width]);
        },
    );
}

#[inline(never)]
fn record_cold<M: DeclaredMetric>(series: SeriesId, op: impl FnOnce(&[AtomicU64])) {
    record_open(M::family(), series, op);
}
