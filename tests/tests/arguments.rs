//! Tests of the arguments of the attributes `#[counted]`, `#[timed]` and `#[in_flight]`.

#![allow(
    clippy::unnecessary_wraps,
    clippy::unused_async,
    reason = "what is returned is for the attribute to look at"
)]

use std::{
    fmt,
    future::pending,
    pin::pin,
    thread,
    time::{Duration, Instant},
};

use metrics_core::{
    DEFAULT_MAX_SERIES, DURATION_BUCKETS, Label, MetricFamily, MetricValue, counted, gather,
    in_flight, timed,
};
use tests::{assert_panics, calls, fail, in_progress, poll, run, series, timings};

fn family(name: &str) -> MetricFamily {
    let found = gather().into_iter().find(|family| family.name == name);
    found.unwrap_or_else(|| panic!("no family {name}"))
}

/// Returns bounds, count and sum of the first histogram of a function in a family.
fn histogram(name: &str, function: &str) -> (Vec<f64>, u64, f64) {
    let family = family(name);
    let is_of = |(label, value): &(String, String)| label == "function" && value == function;
    let mut of = family
        .metrics
        .iter()
        .filter(|metric| metric.labels.iter().any(is_of));
    let metric = of.next().expect("a series");
    let MetricValue::Histogram { buckets, sum, .. } = &metric.value else {
        panic!("{metric:?}");
    };
    let bounds = buckets.iter().map(|(bound, _)| *bound).collect();
    let count = buckets.iter().map(|(_, count)| count).sum();
    (bounds, count, *sum)
}

#[derive(Label, Clone, Copy, Debug, PartialEq)]
enum Plan {
    Free,
    Paid,
}

#[test]
fn an_attribute_sets_name_help_unit_and_buckets_of_its_family() {
    #[counted(name = "arguments_bytes_total", help = "Bytes.", unit = "bytes")]
    #[in_flight(name = "arguments_now_bytes", help = " Now. ", unit = "bytes")]
    #[timed(
        name = "arguments_linear_seconds",
        help = "Linear.",
        buckets(linear(1.0, 2.0, 3))
    )]
    #[timed(
        name = "arguments_exponential_seconds",
        buckets(exponential(1.0, 2.0, 3))
    )]
    #[timed(name = "arguments_default_seconds")]
    fn described() {}

    described();
    let told = |name| {
        let family = family(name);
        (family.help, family.unit.unwrap_or_default())
    };
    let owned = |help: &str, unit: &str| (help.to_owned(), unit.to_owned());
    assert_eq!(told("arguments_bytes_total"), owned("Bytes.", "bytes"));
    assert_eq!(told("arguments_now_bytes"), owned("Now.", "bytes"));
    assert_eq!(
        told("arguments_linear_seconds"),
        owned("Linear.", "seconds")
    );
    let bounds = |name| histogram(name, "described").0;
    assert_eq!(
        bounds("arguments_linear_seconds"),
        [1.0, 3.0, 5.0, f64::INFINITY]
    );
    assert_eq!(
        bounds("arguments_exponential_seconds"),
        [1.0, 2.0, 4.0, f64::INFINITY]
    );
    assert_eq!(
        bounds("arguments_default_seconds")[..DURATION_BUCKETS.len()],
        DURATION_BUCKETS
    );
    assert_eq!(calls("described"), "");
    assert_eq!(timings("described"), "");
    assert_eq!(in_progress("described"), "");
}

#[test]
fn a_bare_argument_is_a_label_of_the_arguments_type() {
    #[counted(labels(plan, paid))]
    fn closed(plan: Plan, paid: bool) {
        let _ = (plan, paid);
    }
    #[counted(labels(plan))]
    async fn closed_and_borrowed(plan: &Plan) {
        let _ = plan;
    }
    #[counted(labels(text, n))]
    fn open(text: &str, n: u16) -> Result<u16, String> {
        if n == 0 { Err(text.to_owned()) } else { Ok(n) }
    }
    #[counted(labels(value))]
    fn generic<T: Label>(value: T) -> T {
        value
    }
    #[counted(labels(value))]
    async fn implied(value: impl Label) {
        drop(value);
    }
    #[counted(labels(r#type))]
    #[timed(labels(r#type))]
    fn raw(r#type: Plan) -> Result<Plan, ()> {
        Ok(r#type)
    }

    assert!(calls("closed").starts_with("free false ok 0, free false panic 0, free true ok 0"));
    closed(Plan::Paid, true);
    assert!(calls("closed").contains("paid true ok 1, paid true panic 0"));
    assert!(calls("closed_and_borrowed").starts_with("free ok 0, free panic 0, free cancelled 0"));
    run(closed_and_borrowed(&Plan::Free));
    assert!(calls("closed_and_borrowed").starts_with("free ok 1, "));
    assert_eq!(calls("open"), "");
    assert_eq!((open("a", 1), open("b", 0)), (Ok(1), Err("b".to_owned())));
    assert!(calls("open").contains("a 1 ok 1, a 1 error 0, a 1 panic 0"));
    assert!(calls("open").contains("b 0 ok 0, b 0 error 1, b 0 panic 0"));
    assert_eq!(calls("generic"), "");
    let _ = (generic(Plan::Free), generic("text"));
    assert!(calls("generic").contains("free ok 1, free panic 0"));
    assert!(calls("generic").contains("text ok 1, text panic 0"));
    assert_eq!(calls("implied"), "");
    run(implied(true));
    assert_eq!(
        calls("implied"),
        "true ok 1, true panic 0, true cancelled 0"
    );
    assert_eq!(raw(Plan::Paid), Ok(Plan::Paid));
    assert_eq!(timings("raw"), "free ok 0, paid ok 1");
    let labels = &family("function_calls_total").metrics;
    assert!(
        labels
            .iter()
            .any(|metric| metric.labels.iter().any(|(name, _)| name == "type"))
    );
}

#[test]
fn a_label_is_a_field_of_self_or_an_expression() {
    struct Shop {
        kind: &'static str,
        plan: Plan,
    }

    impl Shop {
        #[counted(labels(self.kind, plan: Plan = self.plan, first = items[0].len(), n = items.len() * 2))]
        fn sell(self, items: Vec<String>) -> Result<Vec<String>, ()> {
            Ok(items)
        }

        #[counted(labels(self.kind, first = first))]
        #[in_flight(labels(kind = self.kind))]
        async fn deliver(self, (first, _): (String, u8)) -> String {
            let Shop { kind, .. } = self;
            first + kind
        }
    }

    let shop = || Shop {
        kind: "corner",
        plan: Plan::Paid,
    };
    assert!(shop().sell(vec!["abc".to_owned()]).is_ok());
    assert_eq!(
        calls("sell"),
        "corner paid 3 2 ok 1, corner paid 3 2 error 0, corner paid 3 2 panic 0"
    );
    assert_eq!(run(shop().deliver(("a".to_owned(), 1))), "acorner");
    assert_eq!(
        calls("deliver"),
        "corner a ok 1, corner a panic 0, corner a cancelled 0"
    );
    assert_eq!(in_progress("deliver"), "corner 0");
}

#[test]
fn ok_if_and_error_if_take_a_path_or_a_closure() {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "results are borrowed")]
    fn is_even(n: &u32) -> bool {
        n.is_multiple_of(2)
    }

    #[counted(ok_if = is_even)]
    #[timed(error_if = |n| *n > 2)]
    fn number(n: u32) -> u32 {
        n
    }
    #[counted(ok_if = Option::is_some)]
    fn found(n: Option<u32>) -> Option<u32> {
        n
    }
    #[counted(error_if = Option::is_none)]
    async fn found_later(n: Option<u32>) -> Option<u32> {
        n
    }
    #[counted(ok_if = |result| !matches!(result, Err(fault) if *fault > 499))]
    async fn served(result: Result<(), u16>) -> Result<(), u16> {
        result
    }
    #[counted(error_if = |text| text.is_empty())]
    fn borrowed<'t>(text: &'t str) -> &'t str {
        text
    }

    let _ = (number(2), number(3), number(4));
    assert_eq!(calls("number"), "ok 2, error 1, panic 0");
    assert_eq!(timings("number"), "ok 1, error 2");
    let _ = (found(None), found(Some(1)));
    assert_eq!(calls("found"), "ok 1, error 1, panic 0");
    let _ = (run(found_later(None)), run(found_later(Some(1))));
    assert_eq!(calls("found_later"), "ok 1, error 1, panic 0, cancelled 0");
    let _ = (
        run(served(Err(404))),
        run(served(Err(500))),
        run(served(Ok(()))),
    );
    assert_eq!(calls("served"), "ok 2, error 1, panic 0, cancelled 0");
    assert_eq!((borrowed(""), borrowed("a")), ("", "a"));
    assert_eq!(calls("borrowed"), "ok 1, error 1, panic 0");
}

#[test]
fn fallible_and_outcome_override_the_return_type() {
    #[counted(fallible = false)]
    fn no_failure(result: Result<(), ()>) -> Result<(), ()> {
        result
    }
    #[counted(fallible = true)]
    fn a_failure<T: fmt::Debug>(result: T) -> T {
        result
    }
    #[counted(outcome = false)]
    #[timed(outcome = false)]
    fn whatever(result: Result<(), ()>) -> Result<(), ()> {
        if result.is_err() { fail() } else { result }
    }
    #[counted(outcome = false)]
    async fn whatever_later() -> Result<(), ()> {
        pending().await
    }

    assert_eq!(no_failure(Err(())), Err(()));
    assert_eq!(calls("no_failure"), "ok 1, panic 0");
    assert_eq!(a_failure(1), 1);
    assert_eq!(calls("a_failure"), "ok 1, error 0, panic 0");
    assert_eq!(calls("whatever"), "0");
    assert_eq!(whatever(Ok(())), Ok(()));
    assert_panics(|| whatever(Err(())));
    assert_eq!(
        (calls("whatever"), timings("whatever")),
        ("2".to_owned(), "2".to_owned())
    );
    {
        let mut future = pin!(whatever_later());
        assert!(poll(future.as_mut()).is_pending());
    }
    assert_eq!(calls("whatever_later"), "1");
}

#[test]
fn sampling_every_call_times_every_call() {
    #[timed(sample = 1/1)]
    fn always() -> Result<(), ()> {
        Ok(())
    }

    assert_eq!(always(), Ok(()));
    assert_eq!(
        series("function_sampled_duration_seconds", "always"),
        "1/1 ok 1"
    );
    assert_eq!(timings("always"), "");
}

#[test]
fn threads_that_make_one_call_each_are_sampled_independently() {
    const THREADS: u64 = 1_000;

    #[timed(sample = 1/2)]
    fn once() {}

    for _ in 0..THREADS / 10 {
        thread::scope(|scope| {
            for _ in 0..10 {
                scope.spawn(once);
            }
        });
    }
    let (_, picked, _) = histogram("function_sampled_duration_seconds", "once");
    let half = THREADS / 2;
    assert!(picked.abs_diff(half) < half / 4, "{picked} of {THREADS}");
}

#[test]
fn sampled_calls_are_chosen_at_random() {
    const CALLS: u64 = 40_000;

    #[timed(sample = 1/4)]
    fn often() {}
    #[timed(sample = 1/4, name = "arguments_sampled_seconds", help = "Some.")]
    async fn often_later() {}

    for _ in 0..CALLS {
        often();
        run(often_later());
    }
    let (_, picked, _) = histogram("function_sampled_duration_seconds", "often");
    let (_, picked_later, _) = histogram("arguments_sampled_seconds", "often_later");
    let quarter = CALLS / 4;
    assert!(
        picked.abs_diff(quarter) < quarter / 5,
        "{picked} of {CALLS}"
    );
    assert!(
        picked_later.abs_diff(quarter) < quarter / 5,
        "{picked_later} of {CALLS}"
    );
    assert!(series("function_sampled_duration_seconds", "often").starts_with("1/4 ok "));
    assert!(series("arguments_sampled_seconds", "often_later").starts_with("ok "));
    assert_eq!(
        family("arguments_sampled_seconds").help,
        "Some. A sample: 1 of 4 calls, picked at random."
    );
}

/// Spins for at least this duration.
fn spin(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        std::hint::spin_loop();
    }
}

#[test]
fn busy_time_counts_polls_and_not_waits() {
    const PART: Duration = Duration::from_millis(10);

    #[timed(busy, labels(of = of.as_str()))]
    #[timed(busy, name = "arguments_slow_seconds", help = "Slow.")]
    async fn slow(of: String) -> Result<String, ()> {
        spin(PART);
        tokio::task::yield_now().await;
        spin(PART);
        Ok(of)
    }

    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut future = pin!(slow("a".to_owned()));
        let mut polls = 0;
        std::future::poll_fn(|context| {
            polls += 1;
            let polled = future.as_mut().poll(context);
            // This time is between two polls, so it counts as waiting.
            spin(4 * PART);
            polled
        })
        .await
        .unwrap();
        assert_eq!(polls, 2);
    });
    for (wall, busy) in [
        ("function_duration_seconds", "function_busy_seconds"),
        ("arguments_slow_seconds", "arguments_slow_busy_seconds"),
    ] {
        let ((bounds, calls, wall), (busy_bounds, busy_calls, busy)) =
            (histogram(wall, "slow"), histogram(busy, "slow"));
        assert_eq!((calls, busy_calls), (1, 1));
        assert_eq!(bounds, busy_bounds);
        // The future waits twice as long as it works; the margins allow for differences between
        // clocks.
        assert!(busy > PART.as_secs_f64(), "{busy}");
        assert!(wall > busy + 2.0 * PART.as_secs_f64(), "{wall} and {busy}");
    }
    assert_eq!(series("function_busy_seconds", "slow"), "a ok 1");
    assert_eq!(
        family("arguments_slow_busy_seconds").help,
        "Slow. Waiting is left out."
    );
}

#[test]
fn cancelled_and_panicking_calls_have_busy_time() {
    #[timed(busy)]
    async fn ends(by_panic: bool) {
        if by_panic {
            fail()
        }
        pending::<()>().await;
    }

    assert_panics(|| run(ends(true)));
    {
        let mut future = pin!(ends(false));
        assert!(poll(future.as_mut()).is_pending());
    }
    assert_eq!(timings("ends"), "ok 0, panic 1, cancelled 1");
    assert_eq!(
        series("function_busy_seconds", "ends"),
        "ok 0, panic 1, cancelled 1"
    );
}

#[test]
fn an_objective_does_not_change_the_exposed_metric() {
    #[counted(slo(success = 99.5))]
    #[timed(slo(latency = "250ms", objective = 99.9))]
    #[timed(
        name = "arguments_objective_seconds",
        buckets(0.001, 0.5, 2),
        slo(latency = "500ms", objective = 99, success = 95)
    )]
    fn promised() -> Result<(), ()> {
        Err(())
    }

    assert_eq!(promised(), Err(()));
    assert_eq!(calls("promised"), "ok 0, error 1, panic 0");
    assert_eq!(timings("promised"), "ok 0, error 1");
    let (bounds, ..) = histogram("arguments_objective_seconds", "promised");
    assert_eq!(bounds, [0.001, 0.5, 2.0, f64::INFINITY]);
}

mod renamed {
    pub(crate) use metrics_core as measure;
}

#[test]
fn the_crate_argument_renames_the_path_of_metrics_core() {
    #[renamed::measure::counted(crate = renamed::measure, labels(n))]
    #[renamed::measure::timed(crate = crate::renamed::measure, name = "arguments_path_seconds", buckets(1))]
    #[renamed::measure::in_flight(crate = renamed::measure)]
    async fn elsewhere(n: u8) -> Result<u8, ()> {
        n.checked_sub(1).ok_or(())
    }

    assert_eq!(run(elsewhere(1)), Ok(0));
    assert_eq!(
        calls("elsewhere"),
        "1 ok 1, 1 error 0, 1 panic 0, 1 cancelled 0"
    );
    assert_eq!(in_progress("elsewhere"), "0");
}

#[test]
fn calls_beyond_the_cardinality_limit_are_recorded_as_overflow() {
    #[counted(name = "arguments_capped_total", labels(n))]
    #[in_flight(name = "arguments_capped_now", labels(n))]
    fn capped(n: usize) -> Result<(), ()> {
        if n.is_multiple_of(2) { Ok(()) } else { Err(()) }
    }

    let all = DEFAULT_MAX_SERIES + 10;
    for n in 0..all {
        let _ = capped(n);
    }
    let mut total = 0.0;
    let mut beyond = Vec::new();
    for metric in family("arguments_capped_total").metrics {
        let MetricValue::Counter(count) = metric.value else {
            panic!("{metric:?}");
        };
        total += count.as_f64();
        if metric
            .labels
            .iter()
            .any(|(name, value)| name == "n" && value == "overflow")
        {
            beyond.push(count.as_f64());
        }
    }
    #[expect(clippy::float_cmp, reason = "whole numbers")]
    {
        assert_eq!(total, all as f64);
        assert_eq!(beyond, [5.0, 5.0, 0.0]);
    }
    let now = family("arguments_capped_now");
    assert_eq!(now.metrics.len(), DEFAULT_MAX_SERIES + 1);
}
