//! Tests of a program's own metrics: what this thread has recorded, and a clock that stands still.
//!
//! The tests of a program run at the same time, and its metrics are there once, so the values of
//! [`gather`](crate::gather) are those of all tests. But each thread records into storage of its
//! own, and what it has recorded itself can be told exactly, whatever others do:
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
//! # What is not told
//!
//! * What other threads record, those among them that the closure starts, or waits for. Of a
//!   future on a runtime of several threads, what it records itself is told on whichever thread
//!   it is polled, as [`recorded_async`] shows; tasks that it spawns are not part of it.
//! * Gauges (but for up-down counters), infos and state sets: all threads share one value, and
//!   nobody can tell who has set it. A test that makes them in a [`Registry`] of its own
//!   reads them with `get`.
//! * What was recorded into a series before it was removed. It begins again at 0 when it is there
//!   again.
//! * What a collector or `#[computed]` computes, and what goes to the `metrics_…` families that a
//!   registry keeps of itself.
//!
//! Amounts that are not whole are told as floats are added and subtracted. They are exact in a
//! thread that has recorded nothing in the metric before, as that of a `#[test]`, and otherwise
//! may be a rounding error away.
//!
//! Where metrics are switched off with `--cfg metrics_off`, nothing is recorded.

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

/// Runs a closure and tells what this thread has recorded in it in the
/// [global registry](Registry::global): in what is declared with
/// [`metrics!`](macro@crate::metrics), and by the attributes of functions.
///
/// One may stand within another: both tell what the inner one has. A panic goes on to the
/// caller, so that a test that expects one catches it inside.
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

/// The same for the metrics of another registry.
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

/// Awaits a future and tells what its polls have recorded, in the
/// [global registry](Registry::global).
///
/// What else runs between the polls is not counted, such as other tasks of the same runtime, be
/// they spawned by the future; nor are recordings of the future in other threads than the one
/// that polls it.
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

/// The same for the metrics of another registry.
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
