//! Tests that a test can pause and advance the time of its thread.

#![allow(clippy::float_cmp, reason = "the times add up without rounding")]

use std::{
    sync::{Arc, Barrier},
    thread,
    time::Duration,
};

use metrics_core::{
    Counter, DynamicFamily, Format, Options, Registry, metrics,
    testing::{self, Clock},
    timed,
};

metrics! {
    /// Time to answer.
    static ANSWER: Histogram = "testing_clock_answer_seconds";
}

const HOUR: Duration = Duration::from_hours(1);

#[test]
fn a_paused_clock_advances_only_by_the_test() {
    let clock = Clock::stop();
    let recorded = testing::recorded(|| {
        let timer = ANSWER.start_timer();
        clock.advance(Duration::from_millis(1500));
        assert_eq!(timer.stop(), Duration::from_millis(1500));
        ANSWER.time(|| ());
    });
    let answers = recorded.observations("testing_clock_answer_seconds", &[]);
    assert_eq!((answers.count, answers.sum), (2, 1.5));
}

#[test]
fn a_paused_clock_times_instrumented_calls() {
    #[timed]
    fn wait(clock: &Clock) {
        clock.advance(Duration::from_secs(3));
    }
    let clock = Clock::stop();
    let recorded = testing::recorded(|| wait(&clock));
    let waits = recorded.observations("function_duration_seconds", &[("function", "wait")]);
    assert_eq!((waits.count, waits.sum), (1, 3.0));
}

#[test]
fn a_paused_clock_affects_only_its_own_thread() {
    let clock = Clock::stop();
    let hours = Duration::from_hours(100);
    let both = Arc::new(Barrier::new(2));
    let theirs = Arc::clone(&both);
    let other = thread::spawn(move || {
        let timer = ANSWER.start_timer();
        theirs.wait();
        theirs.wait();
        timer.stop()
    });
    both.wait();
    clock.advance(hours);
    both.wait();
    assert!(other.join().expect("it does not panic") < hours);
}

#[test]
fn a_nested_clock_continues_the_outer_clocks_time() {
    let outer = Clock::stop();
    let timer = ANSWER.start_timer();
    let inner = Clock::stop();
    inner.advance(Duration::from_secs(1));
    drop(inner);
    outer.advance(Duration::from_secs(1));
    assert_eq!(timer.stop(), Duration::from_secs(2));
}

#[test]
fn real_time_resumes_when_the_clock_is_dropped() {
    drop(Clock::stop());
    let timer = ANSWER.start_timer();
    while ANSWER.start_timer().stop().is_zero() {}
    assert!(!timer.stop().is_zero());
}

#[test]
fn idle_series_expire_by_the_paused_clock() {
    let (clock, registry) = (Clock::stop(), Registry::new());
    expiring(&registry).with(&["mail"]).inc();
    let is_there = || registry.encode_to_string(Format::Text).contains("mail");
    assert!(is_there());
    clock.advance(HOUR.saturating_sub(Duration::from_nanos(1)));
    assert!(is_there());
    clock.advance(Duration::from_nanos(1));
    assert!(is_there(), "its last value");
    assert!(!is_there());
}

#[test]
fn reading_recordings_does_not_delay_expiry() {
    let (clock, registry) = (Clock::stop(), Registry::new());
    expiring(&registry).with(&["mail"]).inc();
    let is_there = || registry.encode_to_string(Format::Text).contains("mail");
    assert!(is_there());
    clock.advance(HOUR);
    testing::recorded_in(&registry, || ()).assert_nothing();
    assert!(is_there(), "its last value");
    assert!(!is_there());
}

#[test]
fn an_expired_series_that_returns_counts_only_what_was_recorded() {
    let (clock, registry) = (Clock::stop(), Registry::new());
    let jobs = expiring(&registry);
    jobs.with(&["mail"]).inc();
    registry.encode_to_string(Format::Text);
    clock.advance(HOUR);
    registry.encode_to_string(Format::Text);
    let recorded = testing::recorded_in(&registry, || jobs.with(&["mail"]).inc());
    recorded.assert_counter("jobs_total", &[], 1);
    assert!(registry.encode_to_string(Format::Text).contains("} 2\n"));
}

/// Creates a family whose series expire after an hour.
fn expiring(registry: &Registry) -> DynamicFamily<Counter> {
    let jobs = Options::new("jobs_total", "Jobs.").labels(["queue"]);
    let jobs = registry.create_family(jobs.expire(HOUR));
    jobs.expect("it is new")
}
