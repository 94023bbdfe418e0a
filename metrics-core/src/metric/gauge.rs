//! [`Gauge`] and [`FloatGauge`]: values that are set, and increase and decrease.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use crate::{
    metric::{handle::Handle, optional_value, series_storage::SeriesStorage},
    sample::value::with_ordinary_nan,
    storage::clock,
};

/// A whole number that can be set, and increases and decreases.
///
/// The value is one atomic variable that all threads share, because `set` replaces what any thread
/// has recorded: each recording is an atomic operation on it. To count what is in progress, without
/// `set`, use an [`UpDownCounter`](crate::UpDownCounter): its recordings do not contend.
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Connections in the pool.
///     static POOLED: Gauge = "pool_connections";
/// }
///
/// POOLED.set(4);
/// POOLED.dec();
/// assert_eq!(POOLED.get(), 3);
/// ```
#[derive(Clone, Debug)]
pub struct Gauge<S: SeriesStorage = Handle>(S);

impl<S: SeriesStorage> Gauge<S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        Gauge(series)
    }

    pub(crate) fn storage(&self) -> &S {
        &self.0
    }

    /// Sets the value.
    #[inline]
    pub fn set(&self, value: i64) {
        let bits = if self.0.is_optional() {
            optional_value::from_int(value)
        } else {
            value as u64
        };
        self.0
            .record_shared_cell(|cell| cell.store(bits, Ordering::Relaxed));
    }

    /// Returns to the initial state: with `#[absent_until_set]` no value, otherwise 0.
    pub fn unset(&self) {
        self.0
            .record_shared_cell(|cell| cell.store(0, Ordering::Relaxed));
    }

    /// Adds 1.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Subtracts 1.
    #[inline]
    pub fn dec(&self) {
        self.sub(1);
    }

    /// Adds `n`; wraps around at the limits of `i64`.
    #[inline]
    pub fn add(&self, n: i64) {
        if self.0.is_optional() {
            return self.add_to_optional(n);
        }
        self.0
            .record_shared_cell(|cell| cell.fetch_add(n as u64, Ordering::Relaxed));
    }

    /// Subtracts `n`; wraps around at the limits of `i64`.
    #[inline]
    pub fn sub(&self, n: i64) {
        if self.0.is_optional() {
            return self.add_to_optional(n.wrapping_neg());
        }
        self.0
            .record_shared_cell(|cell| cell.fetch_sub(n as u64, Ordering::Relaxed));
    }

    /// Adds `n` to the value, or to 0 if there is none.
    fn add_to_optional(&self, n: i64) {
        self.0.record_shared_cell(|cell| {
            cell.update(Ordering::Relaxed, Ordering::Relaxed, |bits| {
                let value = optional_value::int(bits).unwrap_or(0);
                optional_value::from_int(value.wrapping_add(n))
            });
        });
    }

    /// The current value; 0 if there is none.
    pub fn get(&self) -> i64 {
        let bits = self.0.with_shared_cell(|cell| cell.load(Ordering::Relaxed));
        if self.0.is_optional() {
            return optional_value::int(bits).unwrap_or(0);
        }
        bits as i64
    }
}

/// A number that can be set, and increases and decreases.
///
/// Like a [`Gauge`] it is one atomic variable that all threads share. `set` is a store; `add` is a
/// compare-and-swap loop.
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Share of the disk in use.
///     static USED: FloatGauge<(disk: &str)> = "disk_used_ratio";
/// }
///
/// USED.with("root").set(0.75);
/// assert_eq!(USED.with("root").get(), 0.75);
/// ```
#[derive(Clone, Debug)]
pub struct FloatGauge<S: SeriesStorage = Handle>(S);

impl<S: SeriesStorage> FloatGauge<S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        FloatGauge(series)
    }

    pub(crate) fn storage(&self) -> &S {
        &self.0
    }

    /// Sets the value. Infinities are exposed as they are, and any NaN as the ordinary one: a NaN
    /// with another payload could end the series in Prometheus.
    #[inline]
    pub fn set(&self, value: f64) {
        let bits = if self.0.is_optional() {
            optional_value::from_float(value)
        } else {
            value.to_bits()
        };
        self.0
            .record_shared_cell(|cell| cell.store(bits, Ordering::Relaxed));
    }

    /// Returns to the initial state: with `#[absent_until_set]` no value, otherwise 0.
    pub fn unset(&self) {
        self.0
            .record_shared_cell(|cell| cell.store(0, Ordering::Relaxed));
    }

    /// Adds 1.
    pub fn inc(&self) {
        self.add(1.0);
    }

    /// Subtracts 1.
    pub fn dec(&self) {
        self.add(-1.0);
    }

    /// Adds `n`.
    pub fn add(&self, n: f64) {
        let is_optional = self.0.is_optional();
        self.0.record_shared_cell(|cell| {
            cell.update(Ordering::Relaxed, Ordering::Relaxed, |bits| {
                if is_optional {
                    let value = optional_value::float(bits).unwrap_or(0.0);
                    optional_value::from_float(value + n)
                } else {
                    (f64::from_bits(bits) + n).to_bits()
                }
            });
        });
    }

    /// Subtracts `n`.
    pub fn sub(&self, n: f64) {
        self.add(-n);
    }

    /// Sets the value to a duration, in seconds.
    pub fn set_duration(&self, duration: Duration) {
        self.set(duration.as_secs_f64());
    }

    /// Sets the value to the current Unix time, in seconds.
    pub fn set_to_current_time(&self) {
        self.set(clock::unix_seconds());
    }

    /// Calls `call` and sets the value to its duration in seconds, unless it panics.
    pub fn time<R>(&self, call: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = call();
        self.set_duration(start.elapsed());
        result
    }

    /// The current value; 0 if there is none.
    pub fn get(&self) -> f64 {
        let bits = self.0.with_shared_cell(|cell| cell.load(Ordering::Relaxed));
        if self.0.is_optional() {
            return optional_value::float(bits).unwrap_or(0.0);
        }
        with_ordinary_nan(f64::from_bits(bits))
    }
}
