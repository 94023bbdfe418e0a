//! [`Summary`]: count and sum of observations, and quantiles over a sliding window.

use std::time::Duration;

use crate::{
    metric::{
        handle::Handle,
        observe::{add_observation, add_observation_to_window, checked_observation},
        series_access,
        series_storage::SeriesStorage,
        timer::{Observe, Timer},
    },
    sample::value::Observations,
    storage::{histogram_block::Sum, layout::Layout},
};

/// The layout of a summary with this number of quantiles: a histogram with one bucket.
#[doc(hidden)]
pub const fn summary_layout(quantiles: usize) -> Layout {
    Layout::Histogram {
        buckets: 1,
        sum: Sum::Float,
        native: None,
        has_quantiles: quantiles > 0,
    }
}

/// Counts observations and sums them up. With `#[quantiles(...)]` it also estimates quantiles.
///
/// Without quantiles an observation costs about as much as one of a histogram, with quantiles about
/// twice as much, on any number of threads. Quantiles cover the last eight to ten minutes and
/// cannot be aggregated over processes: prefer a [`Histogram`](crate::Histogram) for comparisons.
///
/// A quantile `q` of `n` observations is the one with the rank `ceil(q * n)` when they are sorted,
/// as in Prometheus. It is exact for the smallest and the largest observation and for 0, and
/// otherwise at most 1 % off, for all observations from 1e-300 to `f64::MAX`, whatever the others
/// are. Quantiles are read after count and sum, so they may include later observations.
///
/// With quantiles, each thread counts its observations in five parts of two minutes. A thread takes
/// 512 bytes for each series that it observes, and 576 bytes in each part for each range between
/// consecutive powers of two that has observations: 30 kilobytes if the observations of each part
/// are within a factor of 1000, and at most 6 megabytes. It keeps this memory for later
/// observations until it ends, when its observations are added to those of other ended threads. Do
/// not observe into a summary with quantiles in a global allocator, because such observations may
/// be missing in the quantiles.
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Size of requests.
///     #[quantiles(0.5, 0.99)]
///     static SIZE: Summary = "api_request_bytes";
/// }
///
/// SIZE.observe(512.0);
/// assert_eq!(SIZE.get().count, 1);
/// assert_eq!(SIZE.get().sum, 512.0);
/// ```
#[derive(Clone, Debug)]
pub struct Summary<S: SeriesStorage = Handle>(S);

/// The state of a [`Summary`] when it was read.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SummarySnapshot {
    /// Number of observations.
    pub count: u64,
    /// Sum of the observations.
    pub sum: f64,
    /// The declared quantiles and their estimates over the window; NaN without observations.
    pub quantiles: Vec<(f64, f64)>,
}

impl SummarySnapshot {
    /// A summary for a [`Collector`](crate::Collector) to write.
    ///
    /// `quantiles` are pairs of a quantile, ascending from 0 to 1, and its value; they may be
    /// empty.
    ///
    /// ```
    /// use metrics_core::SummarySnapshot;
    ///
    /// let latency = SummarySnapshot::new([(0.5, 0.2), (0.99, 1.7)], 1_000, 312.5);
    /// assert_eq!((latency.count, latency.sum), (1_000, 312.5));
    /// ```
    #[must_use]
    pub fn new(quantiles: impl IntoIterator<Item = (f64, f64)>, count: u64, sum: f64) -> Self {
        SummarySnapshot {
            count,
            sum,
            quantiles: quantiles.into_iter().collect(),
        }
    }
}

impl<S: SeriesStorage> Summary<S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        Summary(series)
    }

    pub(crate) fn storage(&self) -> &S {
        &self.0
    }

    /// Records one observation, in the metric's unit.
    ///
    /// A value that is negative or not finite is rejected, because the sum could decrease or stop
    /// being finite, and counted in `metrics_rejected_total`.
    #[inline]
    pub fn observe(&self, value: f64) {
        let Some(value) = checked_observation(value, false) else {
            return self.0.family().count_rejected();
        };
        let layout = S::LAYOUT.unwrap_or_else(|| self.0.family().layout());
        if layout.has_quantiles() {
            add_observation_to_window(&self.0, value);
        } else {
            add_observation(&self.0, 0, value);
        }
    }

    /// Records a duration, in seconds.
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }

    /// Calls `call` and records its duration in seconds, also if it panics.
    pub fn time<R>(&self, call: impl FnOnce() -> R) -> R {
        let _timer = self.start_timer();
        call()
    }

    /// Starts a timer that records its lifetime in seconds.
    pub fn start_timer(&self) -> Timer<'_, Self> {
        Timer::start(self)
    }

    /// The current state, summed over all threads.
    pub fn get(&self) -> SummarySnapshot {
        let family = self.0.family();
        self.0.with_values(|values| {
            let read = Observations::new(family.layout(), values);
            SummarySnapshot {
                count: read.count,
                sum: read.sum,
                quantiles: series_access::quantiles(family, self.0.series_id()),
            }
        })
    }
}

impl<S: SeriesStorage> Observe for Summary<S> {
    fn observe_seconds(&self, seconds: f64) {
        self.observe(seconds);
    }
}
