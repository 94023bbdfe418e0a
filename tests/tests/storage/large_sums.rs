//! Tests that sums of call durations keep rising beyond `u64::MAX` nanoseconds, which are 584
//! years.
//!
//! A program with many concurrent calls, for example one per connection, can reach that sum in
//! days.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{Barrier, Mutex},
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use metrics_core::{
    Format, MetricValue, Registry, encode_to_string, gather,
    testing::{self, Clock},
    timed,
};
use proptest::prelude::*;

const FIVE_DAYS: Duration = Duration::from_hours(5 * 24);
const CENTURY: Duration = Duration::from_hours(100 * 365 * 24);

/// The count and the sum of a histogram with one series that has recordings.
fn count_and_sum(name: &str) -> (u64, f64) {
    let families = gather();
    let family = families.iter().find(|family| family.name == name);
    let metrics = &family.expect("the family is declared").metrics;
    let totals = metrics.iter().map(|metric| match &metric.value {
        MetricValue::Histogram { buckets, sum, .. } => {
            let count = buckets.iter().map(|(_, count)| count);
            (count.sum::<u64>(), *sum)
        }
        other => panic!("{other:?}"),
    });
    totals.fold((0, 0.0), |(count, sum), (n, seconds)| {
        (count + n, sum + seconds)
    })
}

/// Makes calls, each with a clock that starts at the real time.
fn record(calls: u64, call: impl Fn(&Clock)) {
    (0..calls).for_each(|_| call(&Clock::stop()));
}

/// The value of the sample whose line starts with `start`.
fn sample(text: &str, start: &str) -> f64 {
    let value = text.lines().find_map(|line| line.strip_prefix(start));
    value.expect(start).trim().parse().expect("a float")
}

#[test]
fn the_sum_of_calls_of_five_days_keeps_rising() {
    #[timed(name = "large_connection_seconds")]
    fn connection(clock: &Clock) {
        clock.advance(FIVE_DAYS);
    }
    for calls in 1..=3 {
        record(42_000, connection);
        let (count, sum) = count_and_sum("large_connection_seconds");
        assert_eq!(count, calls * 42_000);
        assert_eq!(sum, count as f64 * FIVE_DAYS.as_secs_f64());
    }
}

#[test]
fn every_format_exposes_a_sum_beyond_u64_nanoseconds() {
    #[timed(name = "large_exposed_seconds", buckets(native, 1.0))]
    fn exposed(clock: &Clock) {
        clock.advance(CENTURY);
    }
    record(50, exposed);
    let expected = 50.0 * CENTURY.as_secs_f64();
    for format in [Format::Text, Format::OpenMetrics] {
        let text = encode_to_string(format);
        let sum = sample(
            &text,
            "large_exposed_seconds_sum{function=\"exposed\",module=\"storage::large_sums\",outcome=\"ok\"}",
        );
        assert_eq!(sum, expected, "{format:?}");
    }
    let mut protobuf = Vec::new();
    let encoded = Registry::global().encode(Format::Protobuf, &mut protobuf);
    encoded.expect("a vector can be written to");
    let bytes = expected.to_le_bytes();
    assert!(protobuf.windows(8).any(|window| window == bytes));
    assert_eq!(count_and_sum("large_exposed_seconds"), (50, expected));
}

#[test]
fn a_native_histogram_of_calls_has_a_sum_beyond_u64_nanoseconds() {
    #[timed(name = "large_native_seconds", buckets(native))]
    fn native(clock: &Clock) {
        clock.advance(CENTURY);
    }
    record(20, native);
    let expected = (20, 20.0 * CENTURY.as_secs_f64());
    assert_eq!(count_and_sum("large_native_seconds"), expected);
}

#[test]
fn a_histogram_with_open_labels_has_a_sum_beyond_u64_nanoseconds() {
    #[timed(name = "large_peer_seconds", labels(peer))]
    fn peer(peer: &str, clock: &Clock) {
        let _ = peer;
        clock.advance(CENTURY);
    }
    record(20, |clock| peer("a", clock));
    let expected = (20, 20.0 * CENTURY.as_secs_f64());
    assert_eq!(count_and_sum("large_peer_seconds"), expected);
}

#[test]
fn the_busy_time_of_futures_keeps_rising() {
    #[timed(name = "large_future_seconds", busy)]
    async fn future(clock: &Clock) {
        let mut polls = 0;
        poll_fn(|_| {
            clock.advance(CENTURY);
            polls += 1;
            if polls == 2 {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
    record(20, |clock| {
        let mut future = pin!(future(clock));
        let mut context = Context::from_waker(Waker::noop());
        while future.as_mut().poll(&mut context).is_pending() {}
    });
    let expected = (20, 40.0 * CENTURY.as_secs_f64());
    assert_eq!(count_and_sum("large_future_seconds"), expected);
    assert_eq!(count_and_sum("large_future_busy_seconds"), expected);
}

#[test]
fn sums_of_running_and_ended_threads_add_up_beyond_u64_nanoseconds() {
    #[timed(name = "large_threads_seconds", buckets(1.0))]
    fn threads(clock: &Clock) {
        clock.advance(CENTURY);
    }
    const THREADS: u64 = 4;
    const CALLS: u64 = 13;
    for round in 1..=3 {
        let (recorded, read) = (Barrier::new(5), Barrier::new(5));
        let expected = round * THREADS * CALLS;
        let expected = (expected, expected as f64 * CENTURY.as_secs_f64());
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    record(CALLS, threads);
                    recorded.wait();
                    read.wait();
                });
            }
            recorded.wait();
            let sum = count_and_sum("large_threads_seconds");
            read.wait();
            assert_eq!(sum, expected, "while the threads run");
        });
        assert_eq!(count_and_sum("large_threads_seconds"), expected);
    }
}

#[test]
fn functions_that_share_a_series_add_up_beyond_u64_nanoseconds() {
    {
        #[timed(name = "large_shared_seconds")]
        fn call(clock: &Clock) {
            clock.advance(CENTURY);
        }
        record(5, call);
    }
    {
        #[timed(name = "large_shared_seconds")]
        fn call(clock: &Clock) {
            clock.advance(CENTURY);
        }
        record(5, call);
    }
    let expected = (10, 10.0 * CENTURY.as_secs_f64());
    assert_eq!(count_and_sum("large_shared_seconds"), expected);
}

#[test]
fn recorded_calls_are_told_apart_from_a_large_sum_before() {
    #[timed(name = "large_recorded_seconds")]
    fn recorded(clock: &Clock) {
        clock.advance(CENTURY);
    }
    record(17, recorded);
    let seen = testing::recorded(|| record(12, recorded));
    let seen = seen.observations("large_recorded_seconds", &[]);
    assert_eq!((seen.count, seen.sum), (12, 12.0 * CENTURY.as_secs_f64()));
}

#[test]
fn a_scrape_never_reads_a_sum_that_decreases_while_it_passes_u64_nanoseconds() {
    #[timed(name = "large_rising_seconds")]
    fn rising(clock: &Clock) {
        clock.advance(CENTURY);
    }
    let mut before = (0, 0.0);
    let read = || {
        let now = count_and_sum("large_rising_seconds");
        assert!(before <= now, "{now:?} after {before:?}");
        assert_eq!(now.1, now.0 as f64 * CENTURY.as_secs_f64());
        before = now;
    };
    crate::support::while_reading(read, || record(2_000, rising));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    /// The largest sum of 40 calls of up to 584 years is some 2^69 nanoseconds.
    #[test]
    fn the_sum_of_any_durations_is_exact(
        durations in prop::collection::vec(prop_oneof![any::<u64>(), 0..10_u64, u64::MAX / 2..], 1..40),
        threads in 1..4_usize,
    ) {
        #[timed(name = "large_random_seconds")]
        fn random(clock: &Clock, nanos: u64) {
            clock.advance(Duration::from_nanos(nanos));
        }
        static TOTAL: Mutex<u128> = Mutex::new(0);
        let mut total = TOTAL.lock().unwrap();
        for part in durations.chunks(durations.len().div_ceil(threads)) {
            thread::scope(|scope| {
                scope.spawn(|| {
                    for nanos in part {
                        let clock = Clock::stop();
                        // Halves the time, because the stopped clock starts above 0 and cannot pass
                        // `u64::MAX`.
                        random(&clock, *nanos >> 1);
                    }
                });
            });
        }
        *total += durations.iter().map(|nanos| u128::from(nanos >> 1)).sum::<u128>();
        let (_, sum) = count_and_sum("large_random_seconds");
        // The text is parsed as the nearest float.
        let exact = format!("{}.{:09}", *total / 1_000_000_000, *total % 1_000_000_000);
        prop_assert_eq!(sum, exact.parse::<f64>().unwrap());
    }
}
