//! [`Clock`]: stops time in one thread, and advances it when a test says so.

use std::{marker::PhantomData, time::Duration};

use crate::storage::clock;

/// Stops the calling thread's time until the clock is dropped; [`advance`](Self::advance) moves the
/// time.
///
/// Stopped time affects timers and `#[timed]` functions; in expositions that this thread encodes,
/// how long series with [expiry](crate::Options::expire) have been idle; and created timestamps,
/// the timestamps of exemplars, `set_to_current_time` of gauges, and in the quantiles of summaries,
/// when this thread's observations were made and which ones it reads. It does not affect the period
/// in which an expired series can be resumed (a minute and two expositions), or other clocks, such
/// as tokio's.
///
/// Other threads keep the real time. A clock that is created while the thread has another one
/// shares the time of that clock; time resumes when the outermost clock is dropped. Expiry removes
/// series for every reader, so a test that advances by hours should encode its own
/// [registry](crate::Registry).
///
/// A program that never stops time pays nothing for it. The first clock of a process makes all its
/// threads measure durations with the system's clock from then on, which costs a few nanoseconds
/// more per reading. Durations that are being measured at that moment, in any thread, can be wrong.
///
/// ```
/// use std::time::Duration;
/// use metrics_core::{metrics, testing, timed};
///
/// metrics! {
///     /// Time to answer.
///     static ANSWER: Histogram = "clock_answer_seconds";
/// }
///
/// #[timed]
/// fn wait(clock: &testing::Clock) {
///     clock.advance(Duration::from_secs(3));
/// }
///
/// let clock = testing::Clock::stop();
/// let recorded = testing::recorded(|| {
///     let timer = ANSWER.start_timer();
///     clock.advance(Duration::from_millis(250));
///     timer.stop();
///     wait(&clock);
/// });
/// assert_eq!(recorded.observations("clock_answer_seconds", &[]).sum, 0.25);
/// let waits = recorded.observations("function_duration_seconds", &[("function", "wait")]);
/// assert_eq!(waits.sum, 3.0);
/// ```
#[derive(Debug)]
#[must_use = "dropped at once, it stops nothing"]
pub struct Clock {
    /// Whether this is the thread's outermost clock.
    is_outermost: bool,
    /// Makes the clock `!Send`, because it belongs to the thread that created it.
    not_send: PhantomData<*const ()>,
}

impl Clock {
    /// Stops the calling thread's time.
    pub fn stop() -> Self {
        Clock {
            is_outermost: clock::freeze(),
            not_send: PhantomData,
        }
    }

    /// Advances the calling thread's time.
    ///
    /// ```
    /// use std::time::Duration;
    /// use metrics_core::{Counter, Format, Options, Registry, testing};
    ///
    /// let clock = testing::Clock::stop();
    /// let registry = Registry::new();
    /// let hour = Duration::from_hours(1);
    /// let followed = registry.create_family::<Counter>(
    ///     Options::new("followed_total", "Links followed.").labels(["host"]).expire(hour),
    /// )?;
    /// followed.with(&["example.org"]).inc();
    /// assert!(registry.encode_to_string(Format::Text).contains("example.org"));
    /// clock.advance(hour);
    /// registry.encode_to_string(Format::Text); // the last exposition with the series
    /// assert!(!registry.encode_to_string(Format::Text).contains("example.org"));
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn advance(&self, by: Duration) {
        clock::advance_frozen(by);
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        if self.is_outermost {
            clock::resume();
        }
    }
}
