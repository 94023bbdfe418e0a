//! Records one observation in the storage of a histogram or summary.

use std::sync::atomic::AtomicU64;

use crate::{
    metric::{series_access, series_storage::sealed::SeriesStorage},
    storage::{
        self, clock,
        histogram_block::Sum,
        native::table,
        quantiles::record::{self, Spare},
    },
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

/// Like [`add_observation`], for a summary with quantiles, which also counts the observation in the
/// window of the series.
#[inline(always)]
pub(crate) fn add_observation_to_window<S: SeriesStorage>(storage: &S, value: f64) {
    let (bits, second) = (value.to_bits(), clock::second());
    let is_done = storage.try_record(move |cells| {
        let is_counted = record::observe(cells, bits, second);
        if is_counted {
            storage::observe(cells, 0, Sum::Float, bits);
        }
        is_counted
    });
    if is_done != Some(true) {
        add_observation_slowly(storage, bits, second);
    }
}

#[cold]
#[inline(never)]
fn add_observation_slowly<S: SeriesStorage>(storage: &S, bits: u64, second: u64) {
    let mut spare = Spare::default();
    let mut is_counted = true;
    storage.record(|cells| {
        is_counted = record::observe_slowly(cells, bits, second, &mut spare);
        if is_counted {
            storage::observe(cells, 0, Sum::Float, bits);
        }
    });
    if is_counted {
        return;
    }
    // The recording may be late. Then it holds the lock, so memory is allocated here.
    spare.fill();
    // `storage.record` has counted the overflow of a series that has expired, so it is not called
    // again.
    series_access::record(storage.family(), storage.recording_target(), |cells| {
        // Ignores whether the observation is counted in the window: there is no memory for it in a
        // recording by an allocator that this thread's cold path has called.
        let _ = record::observe_slowly(cells, bits, second, &mut spare);
        storage::observe(cells, 0, Sum::Float, bits);
    });
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
