//! Tests that the recorded outcome and duration of a call match what happened to its future.

use std::{
    future::{pending, poll_fn},
    mem,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use metrics_core::{MetricValue, counted, gather, in_flight, timed};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use tests::{assert_panics, calls, fail, in_progress, poll, series, timings};
use tokio::{
    runtime::{Builder, Runtime},
    sync::oneshot,
    task::{JoinSet, yield_now},
    time::{sleep, timeout},
};

/// Creates a current-thread and a multi-thread runtime.
fn runtimes() -> [Runtime; 2] {
    let many = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build();
    let one = Builder::new_current_thread().enable_time().build();
    [one.unwrap(), many.unwrap()]
}

/// Returns the total duration of a function's calls in seconds.
fn seconds(function: &str) -> f64 {
    let families = gather();
    let timed = families
        .iter()
        .find(|family| family.name == "function_duration_seconds");
    let metrics = timed.into_iter().flat_map(|family| &family.metrics);
    let is_of = |(name, value): &(String, String)| name == "function" && value == function;
    let of = metrics.filter(|metric| metric.labels.iter().any(is_of));
    of.map(|metric| match &metric.value {
        MetricValue::Histogram { sum, .. } => *sum,
        other => panic!("{other:?}"),
    })
    .sum()
}

#[test]
fn the_duration_of_a_call_begins_with_the_first_poll() {
    const BEFORE: Duration = Duration::from_millis(50);

    #[timed]
    async fn patient() {
        yield_now().await;
    }

    let future = patient();
    let made = Instant::now();
    while made.elapsed() < BEFORE {
        thread::yield_now();
    }
    let begun = Instant::now();
    Runtime::new().unwrap().block_on(future);
    // The duration is at most the elapsed time, however slow the machine is. The margin of half of
    // `BEFORE` still detects a duration that includes `BEFORE`.
    let span = begun.elapsed() + BEFORE / 2;
    assert!(seconds("patient") < span.as_secs_f64());
}

#[test]
fn the_duration_of_a_call_includes_waiting() {
    const WAIT: Duration = Duration::from_millis(30);

    #[timed]
    async fn sleeps() {
        sleep(WAIT).await;
    }

    for runtime in runtimes() {
        let before = seconds("sleeps");
        runtime.block_on(sleeps());
        assert!(seconds("sleeps") - before > WAIT.as_secs_f64() / 2.0);
    }
}

#[test]
fn a_future_that_is_never_polled_creates_no_open_series() {
    #[counted(labels(of = of.as_str()))]
    #[timed(labels(of = of.as_str()))]
    #[in_flight(labels(of = of.as_str()))]
    async fn ignored(of: String) -> String {
        of
    }

    drop(ignored("a".to_owned()));
    assert_eq!(calls("ignored"), "");
    assert_eq!(timings("ignored"), "");
    assert_eq!(in_progress("ignored"), "");
}

#[test]
fn exactly_the_possible_outcomes_of_a_signature_start_at_zero() {
    #[allow(dead_code)]
    #[counted]
    #[timed]
    fn plain() {}
    #[allow(dead_code)]
    #[counted]
    #[timed]
    fn fallible() -> Result<(), ()> {
        Ok(())
    }
    #[allow(dead_code)]
    #[counted]
    #[timed]
    async fn later() {}
    #[allow(dead_code)]
    #[counted]
    #[timed]
    async fn fallible_later() -> Result<(), ()> {
        Ok(())
    }

    assert_eq!(calls("plain"), "ok 0, panic 0");
    assert_eq!(calls("fallible"), "ok 0, error 0, panic 0");
    assert_eq!(calls("later"), "ok 0, panic 0, cancelled 0");
    assert_eq!(
        calls("fallible_later"),
        "ok 0, error 0, panic 0, cancelled 0"
    );
    for function in ["plain", "fallible", "later", "fallible_later"] {
        assert_eq!(timings(function), "ok 0");
    }
}

#[test]
fn a_panic_propagates_with_its_payload() {
    #[counted]
    #[timed]
    #[in_flight]
    fn falls() -> Result<(), ()> {
        std::panic::resume_unwind(Box::new(7_u8))
    }
    #[counted]
    #[timed]
    #[in_flight]
    async fn falls_later() {
        std::panic::resume_unwind(Box::new(8_u8))
    }

    let carried = catch_unwind(falls).unwrap_err();
    assert_eq!(carried.downcast_ref(), Some(&7_u8));
    let carried = catch_unwind(|| poll(pin!(falls_later()))).unwrap_err();
    assert_eq!(carried.downcast_ref(), Some(&8_u8));
    assert_eq!(calls("falls"), "ok 0, error 0, panic 1");
    assert_eq!(calls("falls_later"), "ok 0, panic 1, cancelled 0");
    assert_eq!(in_progress("falls"), "0");
    assert_eq!(in_progress("falls_later"), "0");
}

#[test]
fn polling_a_finished_future_counts_nothing_more() {
    #[counted]
    #[timed]
    #[in_flight]
    async fn ends() {}
    #[counted(labels(of))]
    #[in_flight(labels(of))]
    async fn ends_labelled(of: u8) {
        let _ = of;
    }
    #[counted]
    #[in_flight]
    async fn falls_once() {
        fail()
    }

    let mut future = Box::pin(ends());
    assert!(poll(future.as_mut()).is_ready());
    assert_panics(|| poll(future.as_mut()));
    drop(future);
    assert_eq!(calls("ends"), "ok 1, panic 0, cancelled 0");
    assert_eq!(timings("ends"), "ok 1");
    assert_eq!(in_progress("ends"), "0");

    let mut future = Box::pin(ends_labelled(1));
    assert!(poll(future.as_mut()).is_ready());
    assert_panics(|| poll(future.as_mut()));
    drop(future);
    assert_eq!(calls("ends_labelled"), "1 ok 1, 1 panic 0, 1 cancelled 0");
    assert_eq!(in_progress("ends_labelled"), "1 0");

    let mut future = Box::pin(falls_once());
    assert_panics(|| poll(future.as_mut()));
    assert_panics(|| poll(future.as_mut()));
    drop(future);
    assert_eq!(calls("falls_once"), "ok 0, panic 1, cancelled 0");
    assert_eq!(in_progress("falls_once"), "0");
}

#[test]
fn a_leaked_future_stays_in_flight() {
    #[counted]
    #[timed]
    #[in_flight]
    async fn leaked() {
        pending::<()>().await;
    }

    let mut future = Box::pin(leaked());
    assert!(poll(future.as_mut()).is_pending());
    mem::forget(future);
    assert_eq!(calls("leaked"), "ok 0, panic 0, cancelled 0");
    assert_eq!(timings("leaked"), "ok 0");
    assert_eq!(in_progress("leaked"), "1");
}

#[test]
fn a_call_whose_label_panics_is_not_counted() {
    fn no_label(of: u8) -> u8 {
        of.checked_sub(1).unwrap_or_else(|| fail())
    }
    #[counted(labels(of = no_label(of)))]
    #[in_flight(labels(of = no_label(of)))]
    async fn unlabelled(of: u8) {
        let _ = of;
    }

    assert_panics(|| poll(pin!(unlabelled(0))));
    assert_eq!(calls("unlabelled"), "");
    assert_eq!(in_progress("unlabelled"), "");
}

#[test]
fn tasks_are_recorded_on_every_kind_of_runtime() {
    #[counted]
    #[timed]
    #[in_flight]
    async fn task(begun: oneshot::Sender<()>, panics: bool) -> Result<(), ()> {
        begun.send(()).unwrap();
        yield_now().await;
        if panics {
            fail()
        }
        pending().await
    }

    for (runs, runtime) in (1..).zip(runtimes()) {
        runtime.block_on(async {
            let (begun, begins) = oneshot::channel();
            let aborted = tokio::spawn(task(begun, false));
            begins.await.unwrap();
            aborted.abort();
            assert!(aborted.await.unwrap_err().is_cancelled());

            let (begun, _begins) = oneshot::channel();
            let never_polled = tokio::spawn(pending::<()>());
            never_polled.abort();
            assert!(never_polled.await.is_err());

            let fallen = tokio::spawn(task(begun, true));
            assert!(fallen.await.unwrap_err().is_panic());

            let (begun, _begins) = oneshot::channel();
            let late = timeout(Duration::from_millis(1), task(begun, false));
            assert!(late.await.is_err());

            let (begun, begins) = oneshot::channel();
            tokio::select! {
                biased;
                _ = task(begun, false) => unreachable!("it does not end"),
                begun = begins => begun.unwrap(),
            }

            let (begun, begins) = oneshot::channel();
            tokio::spawn(task(begun, false));
            begins.await.unwrap();
            assert_eq!(in_progress("task"), "1");
        });
        // Dropping the runtime cancels the last call.
        drop(runtime);
        let cancelled = 4 * runs;
        assert_eq!(
            calls("task"),
            format!("ok 0, error 0, panic {runs}, cancelled {cancelled}")
        );
        assert_eq!(
            timings("task"),
            format!("ok 0, panic {runs}, cancelled {cancelled}")
        );
        assert_eq!(in_progress("task"), "0");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_times_out_after_an_hour_is_cancelled() {
    #[counted]
    #[in_flight]
    async fn long() -> Result<(), ()> {
        sleep(Duration::from_hours(2)).await;
        Ok(())
    }

    assert!(timeout(Duration::from_hours(1), long()).await.is_err());
    assert_eq!(timeout(Duration::from_hours(3), long()).await, Ok(Ok(())));
    assert_eq!(calls("long"), "ok 1, error 0, panic 0, cancelled 1");
    assert_eq!(in_progress("long"), "0");
}

/// What a call does: it makes a nested call if `depth` is not 0, waits `waits` times, and ends as
/// `end` says. The nested call has the same script with a smaller `depth`.
#[derive(Clone, Copy, Debug)]
struct Script {
    waits: u8,
    end: End,
    depth: u8,
}

#[derive(Clone, Copy, Debug)]
enum End {
    Succeed,
    Fail,
    Panic,
    Hang,
}

/// How a task treats the future of a call.
#[derive(Clone, Copy, Debug)]
enum Action {
    Await,
    Abort,
    DropUnpolled,
    DropAfter(u8),
}

#[counted]
#[timed]
#[in_flight]
async fn nested(script: Script) -> Result<(), ()> {
    begun();
    if let Some(depth) = script.depth.checked_sub(1) {
        Box::pin(nested(Script { depth, ..script })).await?;
    }
    for _ in 0..script.waits {
        yield_now().await;
    }
    match script.end {
        End::Succeed => Ok(()),
        End::Fail => Err(()),
        End::Panic => fail(),
        End::Hang => pending().await,
    }
}

#[counted(name = "truth_begun_total", outcome = false)]
fn begun() {}

async fn act(script: Script, action: Action) {
    match action {
        // Awaits a call only if it ends. The next arm aborts the task of a call that hangs.
        Action::Await if !matches!(script.end, End::Hang) => _ = tokio::spawn(nested(script)).await,
        Action::Await | Action::Abort => {
            let task = tokio::spawn(nested(script));
            yield_now().await;
            task.abort();
            _ = task.await;
        }
        Action::DropUnpolled => drop(nested(script)),
        Action::DropAfter(polls) => {
            let mut future = Box::pin(nested(script));
            let mut polled = 0;
            poll_fn(|context| {
                let result = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
                polled += 1;
                if polled > polls || !matches!(result, Ok(Poll::Pending)) {
                    return Poll::Ready(());
                }
                context.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
    }
}

fn scripts() -> impl Strategy<Value = Script> {
    let end = prop_oneof![
        3 => Just(End::Succeed),
        1 => Just(End::Fail),
        1 => Just(End::Panic),
        1 => Just(End::Hang),
    ];
    (0..4_u8, end, 0..4_u8).prop_map(|(waits, end, depth)| Script { waits, end, depth })
}

fn actions() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => Just(Action::Await),
        2 => Just(Action::Abort),
        1 => Just(Action::DropUnpolled),
        2 => (0..6_u8).prop_map(Action::DropAfter),
    ]
}

/// Returns the number of calls per outcome, in the order ok, error, panic, cancelled.
fn outcomes(family: &str) -> [u64; 4] {
    let text = series(family, "nested");
    ["ok ", "error ", "panic ", "cancelled "].map(|outcome| {
        let of = |series: &str| series.strip_prefix(outcome)?.parse().ok();
        text.split(", ").find_map(of).unwrap_or(0)
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 50,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn outcomes_sum_to_the_number_of_calls(
        calls in proptest::collection::vec((scripts(), actions()), 50..150),
        many_threads in any::<bool>(),
    ) {
        let before = outcomes("function_calls_total");
        let [one, many] = runtimes();
        let runtime = if many_threads { many } else { one };
        let mut expected_ok = 0;
        let mut expected_panics = 0;
        for (script, action) in &calls {
            match action {
                Action::Await if matches!(script.end, End::Succeed) => {
                    expected_ok += 1 + u64::from(script.depth);
                }
                // A panic in a nested call is also a panic of its callers.
                Action::Await if matches!(script.end, End::Panic) => {
                    expected_panics += 1 + u64::from(script.depth);
                }
                _ => {}
            }
        }
        let begun_before = number("truth_begun_total", "begun");
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for (script, action) in calls.iter().copied() {
                tasks.spawn(act(script, action));
            }
            while tasks.join_next().await.is_some() {}
        });
        drop(runtime);
        let after = outcomes("function_calls_total");
        let [ok, error, panic, cancelled] = [0, 1, 2, 3].map(|at| after[at] - before[at]);
        assert!(ok >= expected_ok && panic >= expected_panics);
        let begun = number("truth_begun_total", "begun") - begun_before;
        assert_eq!(ok + error + panic + cancelled, begun);
        assert_eq!(outcomes("function_duration_seconds"), after);
        assert_eq!(in_progress("nested"), "0");
    }
}

/// Returns the value of the only series of a function.
fn number(family: &str, function: &str) -> u64 {
    series(family, function).parse().unwrap()
}
