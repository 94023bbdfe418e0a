//! Tests that `testing::recorded` counts only the recordings of its own thread.

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Barrier,
    thread,
};

use metrics_core::{
    Counter, Gauge, Histogram, Label, Options, Registry, counted, in_flight, metrics,
    release_thread_storage,
    testing::{self, Amount, Recorded},
    timed,
};
use tests::{assert_panics, fail};

#[derive(Label, Clone, Copy)]
enum Cache {
    Hit,
    Miss,
}

metrics! {
    /// Links followed.
    static FOLLOWED: Counter<(cache: Cache, host: &str)> = "testing_followed_total";
    /// Links looked up.
    static LOOKED_UP: Counter<(cache: Cache)> = "testing_looked_up_total";
    /// Jobs done.
    static DONE: Counter = "testing_done_total";
    /// Time spent waiting for the disk.
    static WAITED: FloatCounter = "testing_waited_seconds_total";
    /// Connections open.
    static OPEN: UpDownCounter = "testing_open";
    /// Links stored.
    static STORED: Gauge = "testing_stored";
    /// Size of pages.
    #[buckets(256.0, 1024.0)]
    static PAGE: Histogram<(cache: Cache)> = "testing_page_bytes";
    /// Size of bodies.
    #[buckets(native)]
    static BODY: Histogram = "testing_body_bytes";
    /// Length of slugs.
    static SLUG: Summary = "testing_slug_bytes";
}

#[counted]
#[timed]
#[in_flight]
fn follow(slug: &str) -> Result<usize, String> {
    match slug {
        "panic" => fail(),
        "" => Err("empty".to_owned()),
        slug => Ok(slug.len()),
    }
}

#[counted]
#[timed]
async fn fetch(slug: &str) -> usize {
    DONE.inc();
    tokio::task::yield_now().await;
    DONE.inc();
    slug.len()
}

const CALLS: &str = "function_calls_total";

#[test]
fn recordings_before_and_after_the_closure_are_excluded() {
    DONE.inc();
    let recorded = testing::recorded(|| DONE.inc_by(2));
    DONE.inc();
    recorded.assert_counter("testing_done_total", &[], 2);
}

#[test]
fn concurrent_threads_see_only_their_own_recordings() {
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for times in 1..=4 {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                for _ in 0..200 {
                    let recorded = testing::recorded(|| {
                        for _ in 0..times {
                            FOLLOWED.with(Cache::Hit, "a").inc();
                            PAGE.with(Cache::Hit).observe(300.0);
                        }
                    });
                    recorded.assert_counter("testing_followed_total", &[], times);
                    recorded.assert_observations("testing_page_bytes", &[], times);
                }
            });
        }
    });
}

#[test]
fn recordings_of_a_thread_started_inside_are_excluded() {
    let recorded = testing::recorded(|| {
        thread::scope(|scope| _ = scope.spawn(|| DONE.inc()));
    });
    recorded.assert_counter("testing_done_total", &[], 0);
    recorded.assert_nothing();
}

#[test]
fn the_first_recordings_of_a_thread_are_included() {
    let recorded =
        thread::spawn(|| testing::recorded(|| DONE.inc()).counter("testing_done_total", &[]));
    assert_eq!(recorded.join().expect("it does not panic"), 1);
}

#[test]
fn a_nested_recording_is_included_in_the_outer_one() {
    let outer = testing::recorded(|| {
        DONE.inc();
        let inner = testing::recorded(|| DONE.inc_by(3));
        inner.assert_counter("testing_done_total", &[], 3);
    });
    outer.assert_counter("testing_done_total", &[], 4);
}

#[test]
fn recordings_before_the_threads_storage_is_released_are_included() {
    let registry = Registry::new();
    let recorded = testing::recorded_in(&registry, || {
        let jobs: Counter = registry
            .create(Options::new("jobs_total", "Jobs done."))
            .expect("valid");
        jobs.inc();
        release_thread_storage();
        jobs.inc();
    });
    recorded.assert_counter("jobs_total", &[], 2);
}

#[test]
fn a_panic_inside_does_not_affect_the_next_recording() {
    assert_panics(|| {
        testing::recorded(|| {
            DONE.inc();
            fail();
        })
    });
    testing::recorded(|| DONE.inc()).assert_counter("testing_done_total", &[], 1);
}

#[test]
fn the_closures_result_is_returned() {
    let Recorded { returned, .. } = testing::recorded(|| String::from("done"));
    assert_eq!(returned, "done");
}

#[test]
fn unmentioned_labels_match_any_value() {
    let recorded = testing::recorded(|| {
        FOLLOWED.with(Cache::Hit, "a").inc();
        FOLLOWED.with(Cache::Hit, "b").inc_by(2);
        FOLLOWED.with(Cache::Miss, "a").inc_by(4);
    });
    let followed = |labels| recorded.counter("testing_followed_total", labels);
    assert_eq!(followed(&[("cache", "hit"), ("host", "b")]), 2);
    assert_eq!(followed(&[("host", "a")]), 5);
    assert_eq!(followed(&[("cache", "hit")]), 3);
    assert_eq!(followed(&[]), 7);
    assert_eq!(followed(&[("host", "elsewhere")]), 0);
}

#[test]
fn closed_labels_are_distinguished() {
    let recorded = testing::recorded(|| LOOKED_UP.with(Cache::Miss).inc());
    recorded.assert_counter("testing_looked_up_total", &[("cache", "hit")], 0);
    recorded.assert_counter("testing_looked_up_total", &[("cache", "miss")], 1);
}

#[test]
fn recordings_through_a_handle_count_for_its_series() {
    let (open, closed) = (
        FOLLOWED.bind(Cache::Hit, "bound"),
        LOOKED_UP.bind(Cache::Hit),
    );
    let recorded = testing::recorded(|| {
        open.inc();
        closed.inc();
    });
    recorded.assert_counter("testing_followed_total", &[("host", "bound")], 1);
    recorded.assert_counter("testing_looked_up_total", &[("cache", "hit")], 1);
}

#[test]
fn increments_of_float_counters_are_included() {
    let recorded = testing::recorded(|| {
        WAITED.inc_by(0.1);
        WAITED.inc_by(0.2);
    });
    recorded.assert_float_counter("testing_waited_seconds_total", &[], 0.1 + 0.2);
}

#[test]
fn changes_that_cancel_out_are_zero_but_listed() {
    let recorded = testing::recorded(|| {
        OPEN.add(2);
        OPEN.sub(2);
    });
    recorded.assert_up_down("testing_open", &[], 0);
    let change = recorded.changes().next().expect("a change");
    assert_eq!(change.amount(), Amount::UpDown { up: 2, down: 2 });
}

#[test]
fn an_up_down_counter_can_have_a_negative_difference() {
    OPEN.add(2);
    testing::recorded(|| OPEN.dec()).assert_up_down("testing_open", &[], -1);
}

#[test]
fn classic_buckets_are_cumulative() {
    PAGE.with(Cache::Hit).observe(100.0);
    let recorded = testing::recorded(|| {
        PAGE.with(Cache::Hit).observe(300.0);
        PAGE.with(Cache::Miss).observe(2000.0);
    });
    let pages = recorded.observations("testing_page_bytes", &[]);
    assert_eq!((pages.count, pages.sum), (2, 2300.0));
    let buckets = [(256.0, 0), (1024.0, 1), (f64::INFINITY, 1)];
    assert_eq!(pages.buckets, buckets);
}

#[test]
fn native_buckets_are_included() {
    BODY.observe(1.0);
    let recorded = testing::recorded(|| {
        BODY.observe(1.0);
        BODY.observe(2.0);
    });
    let bodies = recorded.observations("testing_body_bytes", &[]);
    assert_eq!((bodies.count, bodies.sum), (2, 3.0));
    let native = bodies.native.expect("the histogram is native");
    assert_eq!((native.schema, native.positive), (3, vec![(0, 1), (8, 1)]));
}

#[test]
fn native_buckets_have_the_resolution_reached() {
    let registry = Registry::new();
    let sizes = Options::new("sizes_bytes", "Sizes.").native(1.002);
    let sizes: Histogram = registry.create(sizes).expect("it is new");
    sizes.observe(1.001);
    sizes.observe(1000.0);
    let recorded = testing::recorded_in(&registry, || {
        (0..500).for_each(|at| sizes.observe(1.02_f64.powi(at)));
    });
    let sizes = recorded.observations("sizes_bytes", &[]);
    let native = sizes.native.expect("it is made so");
    assert!(native.schema < 8, "{}", native.schema);
    let counted: u64 = native.positive.iter().map(|(_, count)| count).sum();
    assert_eq!((sizes.count, counted), (500, 500));
}

#[test]
fn a_summary_has_no_buckets() {
    let recorded = testing::recorded(|| SLUG.observe(4.0));
    let slugs = recorded.observations("testing_slug_bytes", &[]);
    assert_eq!((slugs.count, slugs.sum, slugs.buckets.len()), (1, 4.0, 0));
}

#[test]
fn calls_of_functions_are_grouped_by_outcome() {
    let recorded = testing::recorded(|| {
        _ = follow("rust");
        _ = follow("");
        _ = catch_unwind(AssertUnwindSafe(|| follow("panic")));
    });
    for outcome in ["ok", "error", "panic"] {
        let labels = [("function", "follow"), ("outcome", outcome)];
        recorded.assert_counter(CALLS, &labels, 1);
        recorded.assert_observations("function_duration_seconds", &labels, 1);
    }
    let follow = [("function", "follow")];
    recorded.assert_counter(CALLS, &follow, 3);
    recorded.assert_up_down("function_calls_in_flight", &follow, 0);
}

#[tokio::test]
async fn recordings_of_a_future_are_included_across_awaits() {
    let recorded = testing::recorded_async(fetch("rust")).await;
    recorded.assert_counter("testing_done_total", &[], 2);
    let labels = [("function", "fetch"), ("outcome", "ok")];
    recorded.assert_counter(CALLS, &labels, 1);
    assert_eq!(recorded.returned, 4);
}

#[tokio::test]
async fn interleaved_futures_on_one_thread_see_only_their_own_recordings() {
    let (first, second) = tokio::join!(
        testing::recorded_async(async {
            DONE.inc();
            tokio::task::yield_now().await;
            DONE.inc();
        }),
        testing::recorded_async(async {
            tokio::task::yield_now().await;
            DONE.inc_by(5);
        }),
    );
    first.assert_counter("testing_done_total", &[], 2);
    second.assert_counter("testing_done_total", &[], 5);
}

#[tokio::test]
async fn recordings_of_a_spawned_task_are_excluded() {
    let recorded = testing::recorded_async(async {
        let task = tokio::spawn(async { DONE.inc() });
        task.await.expect("it does not panic");
    });
    recorded.await.assert_counter("testing_done_total", &[], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recordings_of_a_future_that_changes_threads_are_included() {
    let task = tokio::spawn(testing::recorded_async(async {
        for _ in 0..100 {
            DONE.inc();
            tokio::task::yield_now().await;
        }
    }));
    let recorded = task.await.expect("it does not panic");
    recorded.assert_counter("testing_done_total", &[], 100);
}

#[tokio::test]
async fn a_future_dropped_inside_is_included_as_cancelled() {
    let recorded = testing::recorded_async(async {
        let mut fetched = Box::pin(fetch("rust"));
        assert!(futures_util::poll!(&mut fetched).is_pending());
    });
    let labels = [("function", "fetch"), ("outcome", "cancelled")];
    recorded.await.assert_counter(CALLS, &labels, 1);
}

#[test]
fn a_series_created_inside_is_included_with_its_full_value() {
    let recorded = testing::recorded(|| FOLLOWED.with(Cache::Hit, "born").inc_by(3));
    recorded.assert_counter("testing_followed_total", &[("host", "born")], 3);
}

#[test]
fn a_series_removed_inside_is_excluded() {
    let recorded = testing::recorded(|| {
        FOLLOWED.with(Cache::Hit, "removed").inc();
        FOLLOWED.remove(Cache::Hit, "removed");
    });
    recorded.assert_counter("testing_followed_total", &[("host", "removed")], 0);
}

#[test]
fn a_series_recreated_inside_counts_from_its_second_creation() {
    let registry = Registry::new();
    let jobs = Options::new("jobs_total", "Jobs.").labels(["queue"]);
    let jobs = registry.create_family::<Counter>(jobs).expect("it is new");
    jobs.with(&["mail"]).inc_by(10);
    let recorded = testing::recorded_in(&registry, || {
        jobs.with(&["mail"]).inc();
        jobs.remove(&["mail"]);
        jobs.with(&["mail"]).inc_by(2);
    });
    recorded.assert_counter("jobs_total", &[("queue", "mail")], 2);
}

#[test]
fn a_series_that_reuses_a_slot_excludes_its_predecessor() {
    let registry = Registry::new();
    let jobs = Options::new("jobs_total", "Jobs.").labels(["queue"]);
    let jobs = registry.create_family::<Counter>(jobs).expect("it is new");
    jobs.with(&["mail"]).inc_by(10);
    let recorded = testing::recorded_in(&registry, || {
        jobs.remove(&["mail"]);
        jobs.with(&["print"]).inc();
    });
    recorded.assert_counter("jobs_total", &[], 1);
}

#[test]
fn names_include_the_registrys_prefix_and_const_labels() {
    let registry = Registry::builder().prefix("app_").label("zone", "b");
    let registry = registry.build().expect("both are right");
    let jobs: Counter = registry
        .create(Options::new("jobs_total", "Jobs."))
        .expect("it is new");
    let recorded = testing::recorded_in(&registry, || jobs.inc());
    recorded.assert_counter("app_jobs_total", &[("zone", "b")], 1);
    assert_eq!(
        recorded.to_string(),
        "this thread has recorded:\n  app_jobs_total{zone=\"b\"} +1"
    );
}

#[test]
fn recordings_into_another_registry_are_excluded() {
    let recorded = testing::recorded_in(&Registry::new(), || DONE.inc());
    recorded.assert_nothing();
}

#[test]
fn a_failed_assertion_says_if_nothing_was_recorded() {
    let recorded = testing::recorded(|| ());
    assert_eq!(recorded.changes().len(), 0);
    assert_eq!(format!("{recorded:?}"), "this thread has recorded nothing");
}

#[test]
fn a_failed_assertion_lists_what_was_recorded() {
    let recorded = testing::recorded(|| {
        LOOKED_UP.with(Cache::Miss).inc();
        WAITED.inc_by(0.5);
        drop(OPEN.guard());
        SLUG.observe(4.0);
    });
    let labels = [("cache", "hit")];
    let message = message(|| recorded.assert_counter("testing_looked_up_total", &labels, 1));
    let expected = r#"`testing_looked_up_total{cache="hit"}`: expected 1, recorded 0
this thread has recorded:
  testing_looked_up_total{cache="miss"} +1
  testing_open +1 -1 = 0
  testing_slug_bytes observed 1, sum 4
  testing_waited_seconds_total +0.5"#;
    assert_eq!(message, expected);
}

#[test]
fn a_misspelt_name_is_an_error_instead_of_zero() {
    let recorded = testing::recorded(|| ());
    let message = message(|| recorded.assert_counter("testing_folowed_total", &[], 0));
    let expected = "there is no metric `testing_folowed_total` here; \
                    there is `testing_followed_total`";
    assert_eq!(message.lines().next(), Some(expected));
}

#[test]
fn a_misspelt_label_is_an_error_instead_of_zero() {
    let recorded = testing::recorded(|| ());
    let message = message(|| _ = recorded.counter("testing_followed_total", &[("hots", "a")]));
    let expected = "`testing_followed_total` has no label `hots`; there is `host`";
    assert_eq!(message.lines().next(), Some(expected));
}

#[test]
fn an_unknown_value_of_a_closed_label_is_an_error_with_the_known_values() {
    let recorded = testing::recorded(|| ());
    let text = message(|| {
        recorded.assert_counter("testing_followed_total", &[("cache", "mis")], 0);
    });
    let expected = "the label `cache` of `testing_followed_total` never has the value `mis`; it \
                    has `hit`, `miss`";
    assert_eq!(text.lines().next(), Some(expected));
    let text = message(|| {
        recorded.assert_counter("function_calls_total", &[("outcome", "fine")], 0);
    });
    assert!(
        text.contains("`cancelled`, `error`, `ok`, `panic`"),
        "{text}"
    );
    let text = message(|| {
        recorded.assert_counter("function_calls_total", &[("function", "folow")], 0);
    });
    assert!(text.contains("`follow`"), "{text}");
}

#[test]
fn a_label_that_is_given_twice_is_an_error() {
    let recorded = testing::recorded(|| ());
    let labels = [("host", "a"), ("host", "a")];
    let text = message(|| recorded.assert_counter("testing_followed_total", &labels, 0));
    let expected = "the label `host` of `testing_followed_total` is given twice; remove one";
    assert_eq!(text, expected);
}

#[test]
fn an_assertion_on_the_wrong_type_names_the_right_method() {
    let recorded = testing::recorded(|| ());
    let message = message(|| _ = recorded.counter("testing_page_bytes", &[]));
    let expected = "`testing_page_bytes` is a histogram or a summary; use `observations`";
    assert_eq!(message, expected);
}

#[test]
fn an_assertion_on_a_gauge_says_that_gauges_are_shared() {
    let recorded = testing::recorded(|| STORED.set(7));
    recorded.assert_nothing();
    let message = message(|| _ = recorded.up_down("testing_stored", &[]));
    assert!(message.starts_with("`testing_stored` is a gauge, whose value all threads share"));
}

#[test]
fn a_gauge_can_be_read_from_its_registry() {
    let registry = Registry::new();
    let stored: Gauge = registry
        .create(Options::new("stored", "Links stored."))
        .expect("it is new");
    let recorded = testing::recorded_in(&registry, || stored.set(7));
    recorded.assert_nothing();
    assert_eq!(stored.get(), 7);
}

/// Returns the message of a failed assertion.
fn message(assertion: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(assertion)).expect_err("the assertion fails");
    *panic.downcast::<String>().expect("a message")
}
