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
    series::id::SeriesId,
};

/// A reference to one series, for recording without a lookup.
///
/// The metrics that `bind` of a declared metric and [`DynamicFamily::bind`] return record through
/// handles, and so do dynamic metrics without labels. The series does not expire while a handle to it exists. After the series was removed,
/// recordings through the handle are not exposed.
///
/// A handle that is forgotten with [`mem::forget`](std::mem::forget) keeps its series for ever. At
/// most 2³¹ − 1 handles to a series may exist, forgotten ones included.
///
/// [`DynamicFamily::bind`]: crate::DynamicFamily::bind
#[derive(Debug)]
pub struct Handle {
    family: FamilyRef,
    series: SeriesId,
}

impl Handle {
    /// A handle to the series of a dynamic metric with these labels.
    pub(crate) fn to_dynamic(family: Arc<Family>, labels: &impl LabelSet) -> Self {
        let series = series_access::resolve(&family, labels);
        Handle {
            family: FamilyRef::Dynamic(family),
            series,
        }
    }

    /// A handle to the series of a declared metric with these labels.
    #[doc(hidden)]
    pub fn bind(family: &'static Family, labels: &impl LabelSet) -> Self {
        family.ensure_registered();
        let series = series_access::resolve(family, labels);
        Handle {
            family: FamilyRef::Declared(family),
            series,
        }
    }

    /// A handle that records nothing.
    #[cfg(metrics_off)]
    pub(crate) fn disabled() -> Self {
        Handle {
            family: FamilyRef::Declared(&DISABLED_FAMILY),
            series: SeriesId {
                place: 0,
                generation: 0,
            },
        }
    }
}

impl Clone for Handle {
    fn clone(&self) -> Self {
        if !self.family.is_closed() {
            self.family.index().pin_again(self.series.place);
        }
        Handle {
            family: self.family.clone(),
            series: self.series,
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if !self.family.is_closed() {
            self.family.index().unpin(self.series.place);
        }
    }
}

impl SeriesStorage for Handle {
    fn family(&self) -> &Family {
        &self.family
    }

    #[inline]
    fn record(&self, op: impl FnOnce(&[AtomicU64])) {
        #[cfg(metrics_off)]
        if is_disabled(&self.family) {
            return;
        }
        series_access::record(&self.family, self.series, op);
    }

    fn with_shared_cell<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R {
        #[cfg(metrics_off)]
        if is_disabled(&self.family) {
            return op(&AtomicU64::new(0));
        }
        series_access::with_shared_cell(&self.family, self.series, op)
    }

    fn record_shared_cell<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R {
        #[cfg(metrics_off)]
        if is_disabled(&self.family) {
            return op(&AtomicU64::new(0));
        }
        series_access::record_shared_cell(&self.family, self.series, op)
    }

    fn with_values<R>(&self, op: impl FnOnce(&[u64]) -> R) -> R {
        #[cfg(metrics_off)]
        if is_disabled(&self.family) {
            return op(&ZEROS);
        }
        series_access::with_values(&self.family, self.series, op)
    }

    fn bucket_table(&self) -> Option<&Buckets> {
        self.family.bucket_table()
    }

    #[inline]
    fn series_id(&self) -> SeriesId {
        self.series
    }

    #[inline]
    fn takes_span_exemplars(&self) -> bool {
        self.family.exemplars().are_automatic()
    }

    #[cfg(metrics_off)]
    fn set_exemplar(&self, bucket: usize, value: f64, labels: &[(&str, &str)]) {
        if !is_disabled(&self.family) {
            let row = crate::metric::outcome_rows::RowId {
                series: self.series,
                row: 0,
            };
            let limit = self.family.exemplar_limit();
            let exemplars = self.family.exemplars();
            exemplars.set(row, bucket, value, labels, limit);
        }
    }
}
