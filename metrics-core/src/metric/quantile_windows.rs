//! [`QuantileWindows`]: estimates the quantiles of each series of a summary over a sliding window.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{metric::quantile_sketch::QuantileSketch, series::id::SeriesId};

/// Length of the sliding window that a summary's quantiles cover.
const WINDOW: Duration = Duration::from_mins(10);
/// Number of sketches in a window; the oldest is dropped every two minutes.
const PARTS: usize = 5;

/// The windows of a summary's series, by the place of the series: its slot in the index.
///
/// Memory is bounded by the number of places. A place may be reused after its series was removed,
/// so each window is stored with the generation of its series, a number that differs for each
/// series.
#[derive(Debug)]
pub(crate) struct QuantileWindows(Mutex<Option<HashMap<u32, (u64, Window)>>>);

impl QuantileWindows {
    pub(crate) const fn new() -> Self {
        QuantileWindows(Mutex::new(None))
    }

    /// Adds an observation to a series' window. Takes a lock.
    pub(crate) fn observe(&self, series: SeriesId, value: f64) {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let windows = windows.get_or_insert_default();
        let now = Instant::now();
        let new = || (series.generation, Window::new(now));
        let (generation, window) = windows.entry(series.place).or_insert_with(new);
        if *generation > series.generation {
            // The series was removed, and a newer one has its place.
            return;
        }
        if *generation < series.generation {
            (*generation, *window) = new();
        }
        window.advance(now);
        window.parts[0].add(value);
    }

    /// The given quantiles with their values; NaN if the window is empty.
    pub(crate) fn quantiles(&self, series: SeriesId, quantiles: &[f64]) -> Vec<(f64, f64)> {
        if quantiles.is_empty() {
            return Vec::new();
        }
        let mut sketch = QuantileSketch::new();
        self.add_to(&mut sketch, series);
        sketch.quantiles(quantiles)
    }

    /// Adds the observations in a series' window to `sketch`.
    pub(crate) fn add_to(&self, sketch: &mut QuantileSketch, series: SeriesId) {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let window = windows
            .as_mut()
            .and_then(|windows| windows.get_mut(&series.place))
            .filter(|(generation, _)| *generation == series.generation);
        if let Some((_, window)) = window {
            window.advance(Instant::now());
            window.add_to(sketch);
        }
    }
}

/// The observations of the last eight to ten minutes: four parts of two minutes, and the newest
/// part, which began at most two minutes ago.
#[derive(Debug)]
struct Window {
    /// Newest first.
    parts: [QuantileSketch; PARTS],
    /// Start of the newest part.
    start: Instant,
}

impl Window {
    fn new(now: Instant) -> Self {
        Window {
            parts: [const { QuantileSketch::new() }; PARTS],
            start: now,
        }
    }

    /// Drops the parts that have left the window.
    fn advance(&mut self, now: Instant) {
        let part = WINDOW / PARTS as u32;
        let mut dropped = 0;
        while now.duration_since(self.start) >= part && dropped < PARTS {
            self.parts.rotate_right(1);
            self.parts[0] = QuantileSketch::new();
            self.start += part;
            dropped += 1;
        }
        if dropped == PARTS {
            self.start = now;
        }
    }

    fn add_to(&self, sketch: &mut QuantileSketch) {
        for part in &self.parts {
            sketch.merge(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn observations_leave_the_window_after_its_length() {
        let start = Instant::now();
        let mut window = Window::new(start);
        window.parts[0].add(1.0);
        let median = |window: &Window| {
            let mut sketch = QuantileSketch::new();
            window.add_to(&mut sketch);
            sketch.quantiles(&[0.5])[0].1
        };
        window.advance(start + WINDOW / 2);
        assert!((median(&window) - 1.0).abs() < f64::EPSILON);
        window.advance(start + WINDOW);
        assert!(median(&window).is_nan());
    }
}
