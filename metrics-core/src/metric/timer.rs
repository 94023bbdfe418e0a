//! [`Timer`]: a guard that observes the time from its start until it is stopped or dropped.

use std::time::Duration;

use crate::storage::clock;

/// A metric that a [`Timer`] records into: [`Histogram`](crate::Histogram) or
/// [`Summary`](crate::Summary).
pub trait Observe {
    /// Records a duration in seconds.
    fn observe_seconds(&self, seconds: f64);
}

/// A guard that measures the time until it is stopped or dropped, and observes it in seconds.
///
/// ```
/// use metrics_core::metrics;
///
/// metrics! {
///     /// Time to answer.
///     static ANSWER: Histogram = "api_answer_seconds";
/// }
///
/// let timer = ANSWER.start_timer();
/// let elapsed = timer.stop();
/// assert!(ANSWER.get().sum >= elapsed.as_secs_f64());
///
/// ANSWER.start_timer().discard(); // observes nothing
/// assert_eq!(ANSWER.get().count, 1);
/// ```
#[derive(Debug)]
#[must_use = "a timer that is dropped at once measures nothing"]
pub struct Timer<'a, O: Observe> {
    /// `None` once the timer is stopped or discarded.
    target: Option<&'a O>,
    start: u64,
}

impl<'a, O: Observe> Timer<'a, O> {
    #[inline]
    pub(crate) fn start(target: &'a O) -> Self {
        Timer {
            target: Some(target),
            start: clock::now(),
        }
    }

    /// Observes the time since the start, and returns it.
    pub fn stop(mut self) -> Duration {
        // Rounded down, so that the returned duration does not exceed the one that the metric got.
        Duration::from_nanos((self.finish() * 1e9) as u64)
    }

    /// Ends the timer without an observation.
    pub fn discard(mut self) {
        self.target = None;
    }

    #[inline]
    fn finish(&mut self) -> f64 {
        let seconds = clock::seconds_between(self.start, clock::now());
        if let Some(target) = self.target.take() {
            target.observe_seconds(seconds);
        }
        seconds
    }
}

impl<O: Observe> Drop for Timer<'_, O> {
    #[inline]
    fn drop(&mut self) {
        if self.target.is_some() {
            self.finish();
        }
    }
}
