//! [`UpDownCounter`]: a gauge without `set`, for which each thread counts increments and
//! decrements.

use crate::{
    metric::{handle::Handle, series_storage::SeriesStorage},
    storage::scalar,
};

/// Counts what is in progress, such as open connections: it increases and decreases.
///
/// It is exposed as a gauge. Unlike a [`Gauge`](crate::Gauge) it cannot be set. In return, each
/// thread records into its own storage, which after the first recording usually takes no lock. As
/// long as every decrement follows its increment, no scrape reads a value below zero.
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Uploads in progress.
///     static UPLOADS: UpDownCounter = "uploads_in_progress";
/// }
///
/// let guard = UPLOADS.guard();
/// assert_eq!(UPLOADS.get(), 1);
/// drop(guard); // a panic or a cancelled future drops it as well
/// assert_eq!(UPLOADS.get(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct UpDownCounter<S: SeriesStorage = Handle>(S);

impl<S: SeriesStorage> UpDownCounter<S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        UpDownCounter(series)
    }

    pub(crate) fn storage(&self) -> &S {
        &self.0
    }

    /// Adds 1.
    #[inline(always)]
    pub fn inc(&self) {
        self.0.record(|cells| scalar::increment(&cells[0]));
    }

    /// Subtracts 1.
    #[inline(always)]
    pub fn dec(&self) {
        self.0.record(|cells| scalar::increment(&cells[1]));
    }

    /// Adds `n`, at most `i64::MAX`; the value wraps around at the limits of `i64`.
    #[inline(always)]
    pub fn add(&self, n: u64) {
        let n = n.min(i64::MAX.cast_unsigned());
        self.0
            .record(move |cells| scalar::add_wrapping(&cells[0], n));
    }

    /// Subtracts `n`, at most `i64::MAX`; the value wraps around at the limits of `i64`.
    #[inline(always)]
    pub fn sub(&self, n: u64) {
        let n = n.min(i64::MAX.cast_unsigned());
        self.0
            .record(move |cells| scalar::add_wrapping(&cells[1], n));
    }

    /// Adds 1, and subtracts it when the returned guard is dropped.
    #[inline]
    pub fn guard(&self) -> InFlight<'_, S> {
        self.inc();
        InFlight(self)
    }

    /// The current value, summed over all threads.
    pub fn get(&self) -> i64 {
        self.0
            .with_values(|values| scalar::difference(values[0], values[1]))
    }
}

/// A guard that has added 1 to an [`UpDownCounter`], and subtracts it when it is dropped.
#[derive(Debug)]
#[must_use = "a guard that is dropped at once counts nothing"]
pub struct InFlight<'a, S: SeriesStorage>(&'a UpDownCounter<S>);

impl<S: SeriesStorage> Drop for InFlight<'_, S> {
    #[inline]
    fn drop(&mut self) {
        self.0.dec();
    }
}
