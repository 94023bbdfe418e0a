//! Gauges that only go up and down by steps: each thread keeps its own two counts.

use crate::{
    metric::handle::{Handle, Storage},
    storage::scalar,
};

/// What is there now, when everything that comes also goes: work in progress, open connections.
///
/// Exposed as a gauge. Unlike a [`Gauge`](crate::Gauge) it cannot be set; in return no two
/// threads write to the same place, and as long as nothing goes that did not come, no scrape
/// sees it below zero.
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
/// drop(guard); // also when a panic or a cancelled future drops it
/// assert_eq!(UPLOADS.get(), 0);
/// ```
#[derive(Clone, Debug)]
pub struct UpDownCounter<S: Storage = Handle>(S);

impl<S: Storage> UpDownCounter<S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        UpDownCounter(series)
    }

    /// Adds one.
    #[inline(always)]
    pub fn inc(&self) {
        self.0.record(|words| scalar::increment(&words[0]));
    }

    /// Takes one away.
    #[inline(always)]
    pub fn dec(&self) {
        self.0.record(|words| scalar::increment(&words[1]));
    }

    /// Adds `n`.
    #[inline(always)]
    pub fn add(&self, n: u64) {
        self.0.record(move |words| scalar::add_count(&words[0], n));
    }

    /// Takes `n` away.
    #[inline(always)]
    pub fn sub(&self, n: u64) {
        self.0.record(move |words| scalar::add_count(&words[1], n));
    }

    /// Adds one until the guard is dropped.
    #[inline]
    pub fn guard(&self) -> InFlight<'_, S> {
        self.inc();
        InFlight(self)
    }

    /// What is there now, over all threads.
    pub fn get(&self) -> i64 {
        self.0
            .read(|values| scalar::difference(values[0], values[1]))
    }
}

/// Counts as one in an [`UpDownCounter`] until it is dropped.
#[derive(Debug)]
#[must_use = "dropped at once, it counts nothing"]
pub struct InFlight<'a, S: Storage>(&'a UpDownCounter<S>);

impl<S: Storage> Drop for InFlight<'_, S> {
    #[inline]
    fn drop(&mut self) {
        self.0.dec();
    }
}
