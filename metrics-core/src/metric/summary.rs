//! Summaries: count and sum, and quantiles over a sliding window where they are asked for.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sketches_ddsketch::{Config, DDSketch};

use crate::{
    metric::{
        handle::{Handle, Storage},
        histogram,
        histogram::{observable, observe_in},
        timer::Timer,
    },
    sample::value::Observations,
    series::id::SeriesId,
    storage::{histogram_block::Sum, layout::Layout},
};

/// What a summary's words are: a histogram of one bucket.
#[doc(hidden)]
pub const SUMMARY_LAYOUT: Layout = Layout::Histogram {
    buckets: 1,
    sum: Sum::Float,
    native: None,
};

/// Counts observations and adds them up; with `#[quantiles(...)]` it estimates quantiles, too.
///
/// Without quantiles, recording costs what a histogram's costs. Quantiles go through a lock and a
/// sketch ([`sketches_ddsketch`], within 1 % of the value) for each observation, cover the last
/// ten minutes, and cannot be added up over processes: prefer a [`Histogram`](crate::Histogram)
/// for what is recorded often or compared.
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
pub struct Summary<S: Storage = Handle>(S);

/// The state of a [`Summary`] at one moment.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SummarySnapshot {
    /// Number of observations.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The declared quantiles and their values over the window; NaN when nothing was observed.
    pub quantiles: Vec<(f64, f64)>,
}

impl SummarySnapshot {
    /// Of quantiles, ascending from 0 to 1, and their values; there may be none. For a
    /// [`Collector`](crate::Collector).
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

impl<S: Storage> Summary<S> {
    #[doc(hidden)]
    pub const fn at(series: S) -> Self {
        Summary(series)
    }

    /// Takes one observation.
    ///
    /// A value that is not finite, or negative, would spoil the sum; it is left out and counted
    /// in `metrics_rejected_total`.
    #[inline]
    pub fn observe(&self, value: f64) {
        let Some(value) = observable(value, false) else {
            return self.0.family().reject();
        };
        observe_in(&self.0, 0, value);
        let family = self.0.family();
        if !family.desc().bounds.is_empty() {
            family.windows().observe(self.0.series(), value);
        }
    }

    /// Takes a duration, in seconds.
    pub fn observe_duration(&self, duration: Duration) {
        self.observe(duration.as_secs_f64());
    }

    /// Times a call.
    pub fn time<R>(&self, call: impl FnOnce() -> R) -> R {
        let _timer = self.start_timer();
        call()
    }

    /// Starts a timer that is observed when it is dropped.
    pub fn start_timer(&self) -> Timer<'_, Self> {
        Timer::start(self)
    }

    /// The state now.
    pub fn get(&self) -> SummarySnapshot {
        let family = self.0.family();
        let bounds = &family.desc().bounds;
        let quantiles = family.windows().quantiles(self.0.series(), bounds);
        self.0.read(|values| {
            let read = Observations::new(SUMMARY_LAYOUT, values);
            SummarySnapshot {
                count: read.count,
                sum: read.sum,
                quantiles,
            }
        })
    }
}

impl<S: Storage> histogram::Observe for Summary<S> {
    fn observe_seconds(&self, seconds: f64) {
        self.observe(seconds);
    }
}

/// How long observations count.
const SPAN: Duration = Duration::from_mins(10);
/// Parts of the window; the oldest is forgotten at a time.
const PARTS: usize = 5;

/// The sliding windows of a summary's series.
#[derive(Debug)]
pub(crate) struct Windows(Mutex<Option<HashMap<u32, (u64, Window)>>>);

impl Windows {
    pub(crate) const fn new() -> Self {
        Windows(Mutex::new(None))
    }

    fn observe(&self, series: SeriesId, value: f64) {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let windows = windows.get_or_insert_default();
        let now = Instant::now();
        // By place, of which there are few: the window of a removed series gives way to the next.
        let fresh = || (series.generation, Window::new(now));
        let (generation, window) = windows.entry(series.place).or_insert_with(fresh);
        if *generation > series.generation {
            return;
        }
        if *generation < series.generation {
            (*generation, *window) = fresh();
        }
        window.turn(now);
        window.parts[0].add(value);
    }

    /// The values of these quantiles; NaN for those of an empty window.
    pub(crate) fn quantiles(&self, series: SeriesId, quantiles: &[f64]) -> Vec<(f64, f64)> {
        if quantiles.is_empty() {
            return Vec::new();
        }
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows
            .as_mut()
            .and_then(|windows| windows.get_mut(&series.place))
            .filter(|(generation, _)| *generation == series.generation);
        let merged = window.map(|(_, window)| {
            window.turn(Instant::now());
            window.merged()
        });
        let value = |q| merged.as_ref().and_then(|sketch| sketch.quantile(q).ok()?);
        let pair = |q: &f64| (*q, value(*q).unwrap_or(f64::NAN));
        quantiles.iter().map(pair).collect()
    }
}

struct Window {
    /// Newest first.
    parts: [DDSketch; PARTS],
    turned: Instant,
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Window").finish_non_exhaustive()
    }
}

impl Window {
    fn new(now: Instant) -> Self {
        Window {
            parts: std::array::from_fn(|_| DDSketch::new(Config::defaults())),
            turned: now,
        }
    }

    /// Forgets what is older than the window.
    fn turn(&mut self, now: Instant) {
        let part = SPAN / PARTS as u32;
        let mut turns = 0;
        while now.duration_since(self.turned) >= part && turns < PARTS {
            self.parts.rotate_right(1);
            self.parts[0] = DDSketch::new(Config::defaults());
            self.turned += part;
            turns += 1;
        }
        if turns == PARTS {
            self.turned = now;
        }
    }

    fn merged(&self) -> DDSketch {
        let mut merged = DDSketch::new(Config::defaults());
        for part in &self.parts {
            // Sketches of one configuration always merge.
            let _ = merged.merge(part);
        }
        merged
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_forgets_what_is_older_than_its_span() {
        let start = Instant::now();
        let mut window = Window::new(start);
        window.parts[0].add(1.0);
        window.turn(start + SPAN / 2);
        assert_eq!(window.merged().count(), 1);
        window.turn(start + SPAN);
        assert_eq!(window.merged().count(), 0);
    }
}
