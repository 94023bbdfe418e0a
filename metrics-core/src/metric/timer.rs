//! Timers: guards that observe how long they lived.

use std::time::Duration;

use crate::{metric::histogram::Observe, storage::clock};

/// Measures until it is stopped or dropped, and tells the histogram or summary it came from.
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
/// let took = timer.stop();
/// assert!(ANSWER.get().sum >= took.as_secs_f64());
///
/// ANSWER.start_timer().discard(); // never mind
/// assert_eq!(ANSWER.get().count, 1);
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, it measures nothing"]
pub struct Timer<'a, O: Observe> {
    /// `None` once it is stopped or discarded.
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
        // Cut off, so that it is no more than what was observed.
        Duration::from_nanos((self.finish() * 1e9) as u64)
    }

    /// Forgets about it.
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
