//! Time that stands still in one thread, and moves when a test says so.

use std::{marker::PhantomData, time::Duration};

use crate::storage::clock;

/// Stops the time in this thread until it is dropped; [`advance`](Self::advance) moves it.
///
/// The time is that which metrics go by: timers, `#[timed]` functions and what else measures
/// durations; in an exposition made by this thread, how long series have been idle that
/// [expire](crate::Options::expire); and the times of births and exemplars. Not moved are
/// the sliding windows of a summary's quantiles, the time that a series which has expired may
/// still come back (a minute and two expositions), and the clocks of others, such as tokio's.
///
/// Other threads go on by the real time. A clock that stops while there is one in the thread
/// already shares its time, and the outer one ends it. Idle series leave for all: an exposition
/// made hours ahead should be one of a [registry](crate::Registry) of the test's own.
///
/// A program that never stops the time pays nothing for it. The first clock of a process makes
/// all its threads measure by the system's clock from then on, which takes somewhat longer; what
/// is being timed at this moment, in whatever thread, is not measured right.
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
    /// Whether there was none before in this thread.
    outermost: bool,
    /// It is this thread's.
    not_send: PhantomData<*const ()>,
}

impl Clock {
    /// Stops the time in this thread.
    pub fn stop() -> Self {
        Clock {
            outermost: clock::freeze(),
            not_send: PhantomData,
        }
    }

    /// Moves the time ahead.
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
    /// registry.encode_to_string(Format::Text); // shows it for the last time
    /// assert!(!registry.encode_to_string(Format::Text).contains("example.org"));
    /// # Ok::<(), metrics_core::Error>(())
    /// ```
    pub fn advance(&self, by: Duration) {
        clock::advance_frozen(by);
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        if self.outermost {
            clock::resume();
        }
    }
}
