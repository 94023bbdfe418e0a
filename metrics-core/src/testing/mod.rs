//! Assertions on the metrics that a test records, and a clock that a test advances.
//!
//! Tests of one program can run in parallel and share its metrics, so [`gather`](crate::gather)
//! returns the sum over all tests. But each thread records most metrics into its own storage, so
//! the recordings of one thread can be read exactly, whatever other threads do:
//!
//! ```
//! use metrics_core::{Label, counted, metrics, testing};
//!
//! #[derive(Label, Clone, Copy)]
//! enum Cache { Hit, Miss }
//!
//! metrics! {
//!     /// Links followed.
//!     static FOLLOWED: Counter<(cache: Cache)> = "testing_followed_total";
//! }
//!
//! #[counted]
//! fn follow(slug: &str) -> Result<String, std::fmt::Error> {
//!     FOLLOWED.with(if slug == "rust" { Cache::Hit } else { Cache::Miss }).inc();
//!     Ok(format!("https://example.org/{slug}"))
//! }
//!
//! // In a `#[test]`:
//! let recorded = testing::recorded(|| follow("rust"));
//! recorded.assert_counter("testing_followed_total", &[("cache", "hit")], 1);
//! recorded.assert_counter("testing_followed_total", &[("cache", "miss")], 0);
//! let calls = [("function", "follow"), ("outcome", "ok")];
//! recorded.assert_counter("function_calls_total", &calls, 1);
//! ```
//!
//! # Limitations
//!
//! These are not included:
//!
//! * recordings of other threads, even of those that the closure starts or waits for. For a future,
//!   [`recorded_async`] includes the recordings of each poll, on whichever thread it happens, but
//!   not those of tasks that the future spawns;
//! * gauges (except up-down counters), infos and state sets: all threads share one value. A test
//!   can create gauges in its own [`Registry`] and read them with `get`;
//! * recordings into a series that was removed before the end of the closure or future;
//! * quantiles of summaries, and exemplars;
//! * values of collectors and `#[computed]` metrics, and the registry's self-metrics;
//! * metrics of registries that the registry [includes](Registry::include): pass the registry that
//!   they were created in to [`recorded_in`].
//!
//! Float amounts are differences of float sums. The difference is exact if the thread has not
//! recorded into the metric before, as at the beginning of a `#[test]`, which normally has its own
//! thread; otherwise it may have a rounding error.
//!
//! With `--cfg metrics_off`, nothing is recorded.

mod changes;
mod clock;
mod nearest;
mod recorded;

use std::{future::poll_fn, pin::pin};

use crate::registry::Registry;
use changes::{Changes, Reading};

#[cfg(feature = "catalog")]
pub use crate::catalog::assert_catalog;
pub use changes::{Amount, Change};
pub use clock::Clock;
pub use recorded::Recorded;

/// Runs a closure and returns what the calling thread recorded in it.
///
/// The result covers the [global registry](Registry::global): metrics declared with
/// [`metrics!`](macro@crate::metrics), and the metrics of instrumented functions.
///
/// Calls may be nested; the outer one includes the recordings of the inner one. A panic of the
/// closure is not caught, so a test that expects a panic catches it inside the closure.
///
/// ```
/// use metrics_core::{metrics, testing};
///
/// metrics! {
///     /// Jobs done.
///     static DONE: Counter<(queue: &str)> = "recorded_jobs_total";
/// }
///
/// let recorded = testing::recorded(|| {
///     DONE.with("mail").inc_by(2);
///     "done"
/// });
/// assert_eq!(recorded.counter("recorded_jobs_total", &[("queue", "mail")]), 2);
/// assert_eq!(recorded.returned, "done");
/// ```
pub fn recorded<T>(body: impl FnOnce() -> T) -> Recorded<T> {
    recorded_in(Registry::global(), body)
}

/// Like [`recorded`], for the metrics of another registry.
///
/// ```
/// use metrics_core::{Counter, Options, Registry, testing};
///
/// let registry = Registry::new();
/// let jobs = registry.create_family::<Counter>(
///     Options::new("jobs_total", "Jobs done.").labels(["queue"]),
/// )?;
/// let recorded = testing::recorded_in(&registry, || jobs.with(&["mail"]).inc());
/// recorded.assert_counter("jobs_total", &[("queue", "mail")], 1);
/// # Ok::<(), metrics_core::Error>(())
/// ```
pub fn recorded_in<T>(registry: &Registry, body: impl FnOnce() -> T) -> Recorded<T> {
    let before = Reading::of_this_thread(registry);
    let returned = body();
    let mut changes = Changes::default();
    changes.add_since(&before, registry);
    Recorded::new(returned, changes, registry)
}

/// Awaits a future and returns what its polls recorded in the [global registry](Registry::global).
///
/// Recordings between the polls are not included, such as those of other tasks of the runtime, even
/// if the future spawned them. Neither are recordings that a poll causes in another thread.
///
/// ```
/// use metrics_core::{counted, testing};
///
/// #[counted]
/// async fn fetch(slug: &str) -> usize {
///     std::future::ready(slug.len()).await
/// }
///
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// # let test = std::pin::pin!(async {
/// // In a `#[tokio::test]`:
/// let recorded = testing::recorded_async(fetch("rust")).await;
/// recorded.assert_counter("function_calls_total", &[("function", "fetch")], 1);
/// assert_eq!(recorded.returned, 4);
/// # });
/// # assert!(test.poll(&mut context).is_ready());
/// ```
pub async fn recorded_async<F: Future>(future: F) -> Recorded<F::Output> {
    recorded_async_in(Registry::global(), future).await
}

/// Like [`recorded_async`], for the metrics of another registry.
///
/// ```
/// use metrics_core::{Counter, Options, Registry, testing};
///
/// let registry = Registry::new();
/// let jobs: Counter = registry.create(Options::new("jobs_total", "Jobs done."))?;
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// # let test = std::pin::pin!(async {
/// let recorded = testing::recorded_async_in(&registry, async { jobs.inc() }).await;
/// recorded.assert_counter("jobs_total", &[], 1);
/// # });
/// # assert!(test.poll(&mut context).is_ready());
/// # Ok::<(), metrics_core::Error>(())
/// ```
pub async fn recorded_async_in<F: Future>(registry: &Registry, future: F) -> Recorded<F::Output> {
    let mut future = pin!(future);
    let mut changes = Changes::default();
    let returned = poll_fn(|context| {
        let before = Reading::of_this_thread(registry);
        let polled = future.as_mut().poll(context);
        changes.add_since(&before, registry);
        polled
    });
    let returned = returned.await;
    Recorded::new(returned, changes, registry)
}
