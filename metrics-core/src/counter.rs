//! Counters: what only goes up.

use crate::{
    layout,
    storage::{Handle, Storage},
};

/// Counts events, in whole numbers.
///
/// A counter starts at 0 and only goes up, to at most `u64::MAX`, where it stays.
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Jobs done.
///     static DONE: Counter<(queue: &str)> = "worker_jobs_total";
/// }
///
/// DONE.with("mail").inc();
/// let mail = DONE.bind("mail"); // looks the series up once
/// mail.inc_by(2);
/// assert_eq!(mail.get(), 3);
/// ```
#[derive(Clone, Debug)]
pub struct Counter<S: Storage = Handle>(S);

impl<S: Storage> Counter<S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        Counter(series)
    }

    /// Counts one.
    #[inline(always)]
    pub fn inc(&self) {
        self.0.record(|words| layout::count_one(&words[0]));
    }

    /// Counts `n`.
    #[inline(always)]
    pub fn inc_by(&self, n: u64) {
        self.0.record(move |words| layout::count_add(&words[0], n));
    }

    /// The count so far, over all threads.
    pub fn get(&self) -> u64 {
        self.0.read(|values| values[0])
    }
}

/// Counts amounts that are not whole, such as seconds.
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Time spent waiting for the disk.
///     #[unit("seconds")]
///     static WAITED: FloatCounter = "disk_wait_seconds_total";
/// }
///
/// WAITED.inc_by(0.25);
/// assert_eq!(WAITED.get(), 0.25);
/// ```
#[derive(Clone, Debug)]
pub struct FloatCounter<S: Storage = Handle>(S);

impl<S: Storage> FloatCounter<S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        FloatCounter(series)
    }

    /// Counts one.
    #[inline(always)]
    pub fn inc(&self) {
        self.inc_by(1.0);
    }

    /// Counts `n`.
    ///
    /// A counter never goes down: an `n` that is negative or not finite is left out and counted
    /// in `metrics_rejected_total`.
    #[inline(always)]
    pub fn inc_by(&self, n: f64) {
        if n >= 0.0 && n.is_finite() {
            self.0.record(move |words| layout::float_add(&words[0], n));
        } else {
            self.0.family().reject();
        }
    }

    /// The count so far, over all threads.
    pub fn get(&self) -> f64 {
        self.0
            .read(|values| f64::from_bits(values[0]).min(f64::MAX))
    }
}
