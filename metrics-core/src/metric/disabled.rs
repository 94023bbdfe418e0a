//! What declared metrics are when the program that is built says `--cfg metrics_off`: nothing.

use std::sync::atomic::AtomicU64;

use crate::{
    describe::{
        bucket_table::Buckets, buckets::MAX_BUCKETS, desc::Desc, kind::Kind, label::LabelSet,
    },
    metric::{
        family::Family,
        handle::{Handle, private::Storage},
        outcome_rows::Rows,
    },
    series::id::SeriesId,
    storage::layout::Layout,
};

/// The storage of a declared metric that is off.
#[derive(Clone, Debug)]
#[doc(hidden)]
pub struct Disabled;

/// Stands for the families that are not there; nothing is recorded in it.
static FAMILY: Family = Family::new(
    Desc::unchecked(Kind::Unknown, "off", "", ""),
    Layout::Empty,
    Rows::ONE,
    Some(0),
    &[],
    None,
    &[],
);

impl Disabled {
    /// The series of these labels: none.
    #[inline(always)]
    pub fn with(_: &impl LabelSet) -> Self {
        Disabled
    }

    /// A handle to the same.
    pub fn bind(_: &impl LabelSet) -> Handle {
        Handle::off(&FAMILY)
    }

    /// Whether a handle came from [`bind`](Self::bind).
    pub(crate) fn is(family: &Family) -> bool {
        std::ptr::eq(family, &raw const FAMILY)
    }
}

impl Storage for Disabled {
    fn family(&self) -> &Family {
        &FAMILY
    }

    #[inline(always)]
    fn record(&self, _: impl FnOnce(&[AtomicU64])) {}

    #[inline(always)]
    fn shared<R>(&self, op: impl FnOnce(&AtomicU64) -> R) -> R {
        op(&AtomicU64::new(0))
    }

    fn read<R>(&self, op: impl FnOnce(&[u64]) -> R) -> R {
        op(&[0; 16 + MAX_BUCKETS])
    }

    #[inline(always)]
    fn buckets(&self) -> Option<&Buckets> {
        None
    }

    fn series(&self) -> SeriesId {
        SeriesId {
            place: 0,
            generation: 0,
        }
    }

    #[inline(always)]
    fn asks(&self) -> bool {
        false
    }

    #[inline(always)]
    fn give_exemplar(&self, _: usize, _: f64, _: &[(&str, &str)]) {}
}
