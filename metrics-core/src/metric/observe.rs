//! Records one observation in the storage of a histogram or summary.

use std::sync::atomic::AtomicU64;

use crate::{
    metric::series_storage::sealed::SeriesStorage,
    storage::{self, histogram_block::Sum, native::table},
};

/// Returns `value` if it is finite and, unless `allows_negative`, not below zero; otherwise `None`.
///
/// If negative values are not allowed, -0.0 becomes 0.0.
#[inline(always)]
pub(crate) fn checked_observation(value: f64, allows_negative: bool) -> Option<f64> {
    let bits = if allows_negative { value.abs() } else { value }.to_bits();
    // Positive floats are ordered like their bits. The bits of infinity and NaN are above those of
    // all finite numbers, and the bits of values with a sign, such as -0.0, are above those of
    // infinity. So one comparison finds infinity, NaN and values with a sign.
    if bits <= f64::MAX.to_bits() {
        Some(value)
    } else {
        (value == 0.0).then_some(0.0)
    }
}

/// Counts an observation in a classic bucket and adds it to the sum.
#[inline(always)]
pub(crate) fn add_observation<S: SeriesStorage>(storage: &S, bucket: usize, value: f64) {
    let observe = move |cells: &[AtomicU64]| {
        storage::observe(cells, bucket, Sum::Float, value.to_bits());
    };
    if storage.try_record(observe).is_none() {
        add_first_observation(storage, observe);
    }
}

#[inline(never)]
fn add_first_observation<S: SeriesStorage>(storage: &S, observe: impl FnOnce(&[AtomicU64])) {
    storage.record(observe);
}

/// Counts an observation in a slot of the native table, and in a classic bucket if there are
/// several, and adds it to the sum.
///
/// `classic_count` is the number of classic buckets, `value` the observation as `sum` encodes it.
///
/// Returns true if the cells have been emptied for a new period and the observation must be
/// repeated.
#[inline(always)]
#[must_use]
pub(crate) fn add_native_observation(
    cells: &[AtomicU64],
    classic_count: usize,
    [bucket, slot]: [usize; 2],
    value: u64,
    sum: Sum,
) -> bool {
    let at = classic_count + table::COUNTS + slot;
    if classic_count > 1 {
        storage::observe_twice(cells, [bucket, at], [bucket, slot], sum, value)
    } else {
        storage::observe_native(cells, at, sum, value)
    }
}
