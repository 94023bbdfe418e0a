//! [`Disabled`]: a series of a declared metric under `--cfg metrics_off`, which records nothing.

use std::sync::atomic::AtomicU64;

use crate::{
    describe::{bucket_table::Buckets, label::LabelSet},
    metric::{
        family::{
            Family,
            disabled::{DISABLED_FAMILY, ZEROS},
        },
        handle::Handle,
        series_storage::sealed::SeriesStorage,
    },
    series::id::SeriesId,
};

/// A series of a disabled metric. It stores no recording, and most recordings compile to nothing.
#[derive(Clone, Debug)]
#[doc(hidden)]
pub struct Disabled;

impl Disabled {
    /// Ignores the labels and returns a series that records nothing.
    #[inline(always)]
    pub fn with(_: &impl LabelSet) -> Self {
        Disabled
    }

    /// A handle that records nothing.
    pub fn bind(_: &impl LabelSet) -> Handle {
        Handle::disabled()
    }
}

impl SeriesStorage for Disabled {
    fn family(&self) -> &Family {
        &DISABLED_FAMILY
    }

    #[inline(always)]
    fn is_optional(&self) -> bool {
        false
    }

    #[inline(always)]
    fn record(&self, _: impl FnOnce(&[AtomicU64])) {}

    #[inline(always)]
    fn with_shared_cell<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R {
        op(&AtomicU64::new(0))
    }

    fn with_values<R>(&self, op: impl FnOnce(&[u64]) -> R) -> R {
        op(&ZEROS)
    }

    #[inline(always)]
    fn bucket_table(&self) -> Option<&Buckets> {
        None
    }

    fn series_id(&self) -> SeriesId {
        SeriesId {
            place: 0,
            generation: 0,
        }
    }

    #[inline(always)]
    fn takes_span_exemplars(&self) -> bool {
        false
    }

    #[inline(always)]
    fn set_exemplar(&self, _: usize, _: f64, _: &[(&str, &str)]) {}
}
