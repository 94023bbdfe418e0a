//! [`Handle`]: a stored reference to one series, which keeps the series from expiring.

use std::sync::{Arc, atomic::AtomicU64};

#[cfg(metrics_off)]
use crate::metric::family::disabled::{DISABLED_FAMILY, ZEROS, is_disabled};
use crate::{
    describe::{bucket_table::Buckets, label::LabelSet},
    metric::{
        family::{Family, FamilyRef},
        series_access,
        series_storage::sealed::SeriesStorage,
    },
    series::{entry::Entry, id::SeriesId},
    storage::{Anchored, Region},
};

/// A reference to one series, for recording without a lookup.
///
/// The metrics that `bind` of a declared metric and [`DynamicFamily::bind`] return record through
/// handles, and so do dynamic metrics without labels. The series does not expire while a handle to
/// it exists. After the series was removed, recordings through the handle are not exposed.
///
/// A handle that is forgotten with [`mem::forget`](std::mem::forget) keeps its series for ever. At
/// most 2³¹ − 1 handles to a series may exist, forgotten ones included.
///
/// [`DynamicFamily::bind`]: crate::DynamicFamily::bind
#[derive(Debug)]
pub struct Handle {
    /// The series' entry, if the series is in an index, and the region with its storage, so that a
    /// recording need not look them up.
    parts: Anchored<Family, Entry, Region>,
    /// The position of the series in the region.
    at: usize,
    series: SeriesId,
}

impl Handle {
    /// A handle to a series of a dynamic metric, which the caller has pinned if it is in an index.
    pub(crate) fn to_dynamic(family: Arc<Family>, series: SeriesId) -> Self {
        Handle::new(FamilyRef::Dynamic(family), series)
    }

    /// A handle to the series of a declared metric with these labels.
    #[doc(hidden)]
    pub fn bind(family: &'static Family, labels: &impl LabelSet) -> Self {
        family.ensure_registered();
        let series = series_access::resolve(family, labels);
        Handle::new(FamilyRef::Declared(family), series)
    }

    fn new(family: FamilyRef, series: SeriesId) -> Self {
        let is_closed = family.is_closed();
        let (_, at) = series_access::region_of(&family, series);
        let parts = Anchored::new(family, |family| {
            let entry = (!is_closed).then(|| family.index().entry(series.place));
            (entry, series_access::region_of(family, series).0)
        });
        Handle { parts, at, series }
    }

    #[inline(always)]
    fn family(&self) -> &Family {
        self.parts.owner()
    }

    fn entry(&self) -> Option<&Entry> {
        self.parts.parts().0
    }

    /// A handle that records nothing.
    #[cfg(metrics_off)]
    pub(crate) fn disabled() -> Self {
        let series = SeriesId {
            place: 0,
            generation: 0,
        };
        Handle::new(FamilyRef::Declared(&DISABLED_FAMILY), series)
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        if let Some(entry) = self.entry() {
            entry.pin_again();
        }
        Handle {
            parts: self.parts.clone(),
            ..*self
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(entry) = self.entry() {
            entry.unpin();
        }
    }
}

impl SeriesStorage for Handle {
    fn family(&self) -> &Family {
        self.parts.owner()
    }

    #[inline]
    fn record(&self, op: impl FnOnce(&[AtomicU64])) {
        #[cfg(metrics_off)]
        if is_disabled(self.family()) {
            return;
        }
        let (entry, region) = self.parts.parts();
        let generation = self.series.generation;
        if entry.is_some_and(|entry| entry.version() != generation) {
            return record_elsewhere(self, op);
        }
        match region.ready(self.at, generation) {
            Some(cells) => op(cells),
            None => record_unready(self, op),
        }
    }

    fn with_shared_cell<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R {
        #[cfg(metrics_off)]
        if is_disabled(self.family()) {
            return op(&AtomicU64::new(0));
        }
        series_access::with_shared_cell(self.family(), self.series, op)
    }

    fn record_shared_cell<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R {
        #[cfg(metrics_off)]
        if is_disabled(self.family()) {
            return op(&AtomicU64::new(0));
        }
        series_access::record_shared_cell(self.family(), self.series, op)
    }

    fn with_values<R>(&self, op: impl FnOnce(&[u64]) -> R) -> R {
        #[cfg(metrics_off)]
        if is_disabled(self.family()) {
            return op(&ZEROS);
        }
        series_access::with_values(self.family(), self.series, op)
    }

    fn bucket_table(&self) -> Option<&Buckets> {
        self.family().bucket_table()
    }

    #[inline]
    fn series_id(&self) -> SeriesId {
        self.series
    }

    #[inline]
    fn takes_span_exemplars(&self) -> bool {
        self.family().exemplars().are_automatic()
    }

    #[cfg(metrics_off)]
    fn set_exemplar(&self, bucket: usize, value: f64, labels: &[(&str, &str)]) {
        if !is_disabled(self.family()) {
            let row = crate::metric::outcome_rows::RowId {
                series: self.series,
                row: 0,
            };
            let limit = self.family().exemplar_limit();
            let exemplars = self.family().exemplars();
            exemplars.set(row, bucket, value, labels, limit);
        }
    }
}

/// Records into a series that look-ups do not find any more.
#[cold]
#[inline(never)]
fn record_elsewhere(handle: &Handle, op: impl FnOnce(&[AtomicU64])) {
    series_access::record_open(handle.family(), handle.series, op);
}

/// Records into a series of which the calling thread has no cells that are ready.
#[cold]
#[inline(never)]
fn record_unready(handle: &Handle, op: impl FnOnce(&[AtomicU64])) {
    let (entry, region) = handle.parts.parts();
    if entry.is_some() {
        region.record_open(handle.at, handle.series.generation, op);
    } else {
        region.record_closed(handle.at, handle.family().list_cells(), op);
    }
}
