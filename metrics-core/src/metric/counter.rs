//! Counters: what only goes up.

use crate::{
    metric::{
        exemplar::{self, Shape},
        handle::{Handle, Storage},
    },
    storage::scalar,
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
        self.0.record(|words| scalar::increment(&words[0]));
        exemplar::seek(&self.0, 0, 1.0, Shape::Buckets);
    }

    /// Counts `n`.
    #[inline(always)]
    pub fn inc_by(&self, n: u64) {
        self.0.record(move |words| scalar::add_count(&words[0], n));
        exemplar::seek(&self.0, 0, n as f64, Shape::Buckets);
    }

    /// Counts one, with labels that lead to what was counted; see
    /// [`inc_by_with_exemplar`](Self::inc_by_with_exemplar).
    pub fn inc_with_exemplar(&self, exemplar: &[(&str, &str)]) {
        self.inc_by_with_exemplar(1, exemplar);
    }

    /// Counts `n`, with labels that lead to what was counted.
    ///
    /// The next exposition in a format that has [exemplars](crate::Exemplar) shows the last one,
    /// with `n` as its value. Their rules are those of
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
        self.0.record(move |words| scalar::add_count(&words[0], n));
        self.0.give_exemplar(0, n as f64, exemplar);
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
            self.0.record(move |words| scalar::add_float(&words[0], n));
            exemplar::seek(&self.0, 0, n, Shape::Buckets);
        } else {
            self.0.family().reject();
        }
    }

    /// Counts one, with labels that lead to what was counted; see
    /// [`Counter::inc_by_with_exemplar`].
    pub fn inc_with_exemplar(&self, exemplar: &[(&str, &str)]) {
        self.inc_by_with_exemplar(1.0, exemplar);
    }

    /// Counts `n`, with labels that lead to what was counted; see
    /// [`Counter::inc_by_with_exemplar`].
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
        if n >= 0.0 && n.is_finite() {
            self.0.record(move |words| scalar::add_float(&words[0], n));
            self.0.give_exemplar(0, n, exemplar);
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
