//! Gauges: what is set, and goes up and down.

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use crate::{
    metric::handle::{Handle, Storage},
    storage::clock,
};

/// A whole number that goes up and down.
///
/// All threads share it, so that `set` means the same everywhere. For what only goes up and down
/// by steps, such as work in progress, an [`UpDownCounter`](crate::UpDownCounter) is faster.
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
pub struct Gauge<S: Storage = Handle>(S);

impl<S: Storage> Gauge<S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        Gauge(series)
    }

    /// Sets the value.
    #[inline]
    pub fn set(&self, value: i64) {
        self.0
            .shared(|word| word.store(value as u64, Ordering::Relaxed));
    }

    /// Adds one.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Takes one away.
    #[inline]
    pub fn dec(&self) {
        self.sub(1);
    }

    /// Adds `n`; wraps around at the ends of `i64`.
    #[inline]
    pub fn add(&self, n: i64) {
        self.0
            .shared(|word| word.fetch_add(n as u64, Ordering::Relaxed));
    }

    /// Takes `n` away; wraps around at the ends of `i64`.
    #[inline]
    pub fn sub(&self, n: i64) {
        self.0
            .shared(|word| word.fetch_sub(n as u64, Ordering::Relaxed));
    }

    /// The value now.
    pub fn get(&self) -> i64 {
        self.0.shared(|word| word.load(Ordering::Relaxed) as i64)
    }
}

/// A number that goes up and down.
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
pub struct FloatGauge<S: Storage = Handle>(S);

impl<S: Storage> FloatGauge<S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        FloatGauge(series)
    }

    /// Sets the value; NaN and the infinities are values of a gauge, too.
    #[inline]
    pub fn set(&self, value: f64) {
        self.0
            .shared(|word| word.store(value.to_bits(), Ordering::Relaxed));
    }

    /// Adds one.
    pub fn inc(&self) {
        self.add(1.0);
    }

    /// Takes one away.
    pub fn dec(&self) {
        self.add(-1.0);
    }

    /// Adds `n`.
    pub fn add(&self, n: f64) {
        self.0.shared(|word| {
            word.update(Ordering::Relaxed, Ordering::Relaxed, |bits| {
                (f64::from_bits(bits) + n).to_bits()
            });
        });
    }

    /// Takes `n` away.
    pub fn sub(&self, n: f64) {
        self.add(-n);
    }

    /// Sets the value to a duration, in seconds.
    pub fn set_duration(&self, duration: Duration) {
        self.set(duration.as_secs_f64());
    }

    /// Sets the value to the seconds since 1970.
    pub fn set_to_current_time(&self) {
        self.set(clock::unix_seconds());
    }

    /// Sets the value to the seconds that a call took.
    pub fn time<R>(&self, call: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = call();
        self.set_duration(start.elapsed());
        result
    }

    /// The value now.
    pub fn get(&self) -> f64 {
        self.0
            .shared(|word| f64::from_bits(word.load(Ordering::Relaxed)))
    }
}
