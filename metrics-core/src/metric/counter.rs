//! [`Counter`] and [`FloatCounter`]: values that only increase.

use crate::{
    metric::{exemplars::ExemplarLimit, handle::Handle, series_storage::SeriesStorage},
    storage::scalar,
};

/// Counts events: a whole number that starts at 0 and only increases.
///
/// It saturates: a value of 3 · 2<sup>62</sup> or more reads as `u64::MAX`. Most increments take no
/// lock, and are a load, an addition and a store in storage of the calling thread. A thread's first
/// increment takes a lock.
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
/// let mail = DONE.bind("mail"); // a handle: looks the series up once
/// mail.inc_by(2);
/// assert_eq!(mail.get(), 3);
/// ```
#[derive(Clone, Debug)]
pub struct Counter<S: SeriesStorage = Handle>(S);

impl<S: SeriesStorage> Counter<S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        Counter(series)
    }

    pub(crate) fn storage(&self) -> &S {
        &self.0
    }

    /// Adds 1.
    #[inline(always)]
    pub fn inc(&self) {
        self.0.record(|cells| scalar::increment(&cells[0]));
        self.0.capture_exemplar(0, 1.0, ExemplarLimit::OnePerBucket);
    }

    /// Adds `n`.
    #[inline(always)]
    pub fn inc_by(&self, n: u64) {
        self.0.record(move |cells| scalar::add_count(&cells[0], n));
        self.0
            .capture_exemplar(0, n as f64, ExemplarLimit::OnePerBucket);
    }

    /// Adds 1, with an exemplar that has these labels; see
    /// [`inc_by_with_exemplar`](Self::inc_by_with_exemplar).
    pub fn inc_with_exemplar(&self, exemplar: &[(&str, &str)]) {
        self.inc_by_with_exemplar(1, exemplar);
    }

    /// Adds `n`, with an exemplar that has these labels.
    ///
    /// The next exposition in a format that has [exemplars](crate::Exemplar) contains the one that
    /// was set last, with `n` as its value. The labels follow the rules of
    /// [`observe_with_exemplar`](crate::Histogram::observe_with_exemplar).
    ///
    /// ```
    /// use metrics_core::{Format, encode_to_string, metrics};
    ///
    /// metrics! {
    ///     /// Bytes sent.
    ///     static SENT: Counter = "exemplar_sent_bytes_total";
    /// }
    ///
    /// SENT.inc_by_with_exemplar(700, &[("trace_id", "4bf92f3577b34da6")]);
    /// let text = encode_to_string(Format::OpenMetrics);
    /// let exemplar = r#"exemplar_sent_bytes_total 700 # {trace_id="4bf92f3577b34da6"} 700.0 "#;
    /// assert!(text.contains(exemplar));
    /// ```
    pub fn inc_by_with_exemplar(&self, n: u64, exemplar: &[(&str, &str)]) {
        self.0.record(move |cells| scalar::add_count(&cells[0], n));
        self.0.set_exemplar(0, n as f64, exemplar);
    }

    /// The current value, summed over all threads.
    pub fn get(&self) -> u64 {
        self.0.with_values(|values| values[0])
    }
}

/// Sums up fractional amounts, such as seconds; it only increases.
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
pub struct FloatCounter<S: SeriesStorage = Handle>(S);

impl<S: SeriesStorage> FloatCounter<S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        FloatCounter(series)
    }

    pub(crate) fn storage(&self) -> &S {
        &self.0
    }

    /// Adds 1.
    #[inline(always)]
    pub fn inc(&self) {
        self.inc_by(1.0);
    }

    /// Adds `n`.
    ///
    /// An `n` that is negative or not finite is rejected, because a counter never decreases, and
    /// counted in `metrics_rejected_total`.
    #[inline(always)]
    pub fn inc_by(&self, n: f64) {
        if can_increase(n) {
            self.0.record(move |cells| scalar::add_float(&cells[0], n));
            self.0.capture_exemplar(0, n, ExemplarLimit::OnePerBucket);
        } else {
            self.0.family().count_rejected();
        }
    }

    /// Adds 1, with an exemplar that has these labels; see [`Counter::inc_by_with_exemplar`].
    pub fn inc_with_exemplar(&self, exemplar: &[(&str, &str)]) {
        self.inc_by_with_exemplar(1.0, exemplar);
    }

    /// Adds `n`, with an exemplar that has these labels; see [`Counter::inc_by_with_exemplar`].
    ///
    /// An `n` that is negative or not finite is rejected together with its exemplar.
    ///
    /// ```
    /// use metrics_core::metrics;
    ///
    /// metrics! {
    ///     /// Time spent waiting for the disk.
    ///     #[unit("seconds")]
    ///     static WAITED: FloatCounter = "exemplar_disk_wait_seconds_total";
    /// }
    ///
    /// WAITED.inc_by_with_exemplar(0.25, &[("trace_id", "4bf92f3577b34da6")]);
    /// ```
    pub fn inc_by_with_exemplar(&self, n: f64, exemplar: &[(&str, &str)]) {
        if can_increase(n) {
            self.0.record(move |cells| scalar::add_float(&cells[0], n));
            self.0.set_exemplar(0, n, exemplar);
        } else {
            self.0.family().count_rejected();
        }
    }

    /// The current value, summed over all threads.
    pub fn get(&self) -> f64 {
        self.0
            .with_values(|values| f64::from_bits(values[0]).min(f64::MAX))
    }
}

/// Whether a counter can be increased by `n`: whether `n` is finite and not negative.
#[inline(always)]
fn can_increase(n: f64) -> bool {
    // The floats from 0 to the largest are in the order of their bits, so that one comparison
    // decides for all of them. `n >= 0.0 && n.is_finite()` compiles to 20 instructions.
    n.to_bits() < f64::INFINITY.to_bits() || is_negative_zero(n)
}

#[cold]
fn is_negative_zero(n: f64) -> bool {
    n == 0.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_float_counter_is_increased_by_finite_amounts_that_are_not_negative() {
        for amount in [0.0, -0.0, f64::MIN_POSITIVE / 4.0, 1.5, f64::MAX] {
            assert!(can_increase(amount), "{amount}");
        }
        let negative = [-f64::MIN_POSITIVE / 4.0, -1.5, f64::MIN];
        let infinite = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN];
        for amount in negative.into_iter().chain(infinite) {
            assert!(!can_increase(amount), "{amount}");
        }
    }
}
