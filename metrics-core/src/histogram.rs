//! Histograms: observations counted in buckets.

use std::time::Duration;

use crate::{
    block, cell,
    family::Observations,
    layout::{Layout, Sum},
    storage::{Handle, Storage},
    timer::Timer,
};

/// What a histogram's words are.
#[doc(hidden)]
pub const fn layout(bounds: usize) -> Layout {
    Layout::Histogram {
        buckets: bounds as u16 + 1,
        sum: Sum::Float,
    }
}

/// What a histogram of durations has: its sum is kept in whole nanoseconds.
#[doc(hidden)]
pub(crate) const fn layout_nanos(bounds: usize) -> Layout {
    Layout::Histogram {
        buckets: bounds as u16 + 1,
        sum: Sum::Nanos,
    }
}

/// Counts observations in buckets and adds them up.
///
/// `#[buckets(...)]` takes a list of upper bounds, `linear(start, width, count)` or
/// `exponential(start, factor, count)`; without it the bounds are
/// [`DURATIONS`](crate::DURATIONS). The last bucket, `+Inf`, is added by itself.
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Size of the pages stored.
///     #[buckets(exponential(256.0, 4.0, 8))]
///     static PAGE: Histogram = "store_page_bytes";
///     /// Time to open a file.
///     #[unit("seconds")]
///     static OPEN: Histogram = "store_open_seconds";
/// }
///
/// PAGE.observe(700.0);
/// let answer = OPEN.time(|| 6 * 7);
/// # assert_eq!(answer, 42);
/// let state = PAGE.get();
/// assert_eq!((state.count, state.sum), (1, 700.0));
/// assert_eq!(state.buckets[..2], [(256.0, 0), (1024.0, 1)]);
/// ```
#[derive(Clone, Debug)]
pub struct Histogram<S: Storage = Handle>(S);

/// The state of a [`Histogram`] at one moment: count, sum and buckets of the same observations.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct HistogramSnapshot {
    /// Number of observations.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// Upper bounds, the last one infinite, and how many observations lie in each bucket alone.
    pub buckets: Vec<(f64, u64)>,
}

impl<S: Storage> Histogram<S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        Histogram(series)
    }

    /// Takes one observation.
    ///
    /// A value that is not finite would spoil the sum, as would a negative one where no bound is
    /// negative: it is left out and counted in `metrics_rejected_total`.
    #[inline]
    pub fn observe(&self, value: f64) {
        let Some(buckets) = self.0.buckets() else {
            return;
        };
        // False for NaN as well.
        if !(value >= buckets.floor() && value <= f64::MAX) {
            return self.0.family().reject();
        }
        // -0.0 has the bits of something enormous.
        let value = value + 0.0;
        let bucket = buckets.find(value);
        self.0.record(move |words| {
            if block::observe(words, bucket, |sum| Sum::Float.add(sum, value.to_bits())) {
                cell::hand_over(words);
            }
        });
    }

    /// Takes a duration, in seconds.
    #[inline]
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }

    /// Times a call, also one that panics.
    pub fn time<R>(&self, call: impl FnOnce() -> R) -> R {
        let _timer = self.start_timer();
        call()
    }

    /// Starts a timer that is observed when it is dropped.
    #[inline]
    pub fn start_timer(&self) -> Timer<'_, Self> {
        Timer::start(self)
    }

    /// The state now.
    pub fn get(&self) -> HistogramSnapshot {
        let family = self.0.family();
        self.0.read(|values| {
            let read = Observations::new(family.layout(), values);
            let bounds = family.desc().bounds.iter().copied().chain([f64::INFINITY]);
            HistogramSnapshot {
                count: read.count,
                sum: read.sum,
                buckets: bounds.zip(read.counts.iter().copied()).collect(),
            }
        })
    }
}

/// What a [`Timer`] reports to.
pub trait Observe {
    /// Takes a duration in seconds.
    fn observe_seconds(&self, seconds: f64);
}

impl<S: Storage> Observe for Histogram<S> {
    #[inline]
    fn observe_seconds(&self, seconds: f64) {
        self.observe(seconds);
    }
}
