//! Tests recordings through a stored result of `with` after the series has expired or was removed.

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

use std::{
    cell::RefCell,
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use metrics_core::{
    __private::{advance, end_grace},
    Counter, FloatCounter, Format, Registry, UpDownCounter, metrics,
};

const HOUR: Duration = Duration::from_hours(1);

/// Lets the tests run one at a time, because they share one clock.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How a test obtained the result of `with` that it stores.
#[derive(Clone, Copy, PartialEq)]
enum Found {
    /// The call of `with` created the series, so that its result does not hold the storage that
    /// this thread has for the series.
    Created,
    /// The thread had recorded into the series before, so that the result holds the storage that
    /// this thread has for the series.
    WithCells,
}

/// The thread that creates another series in the storage of the expired one.
#[derive(Clone, Copy, PartialEq)]
enum TakenBy {
    None,
    SameThread,
    OtherThread,
}

/// Stores a result of `with`, waits until the series has expired and a recording can no longer
/// restore it, and records through the result.
///
/// Asserts that the recording is in the overflow series. `prepare` records amounts that cancel each
/// other out, because an up-down counter expires only at 0.
fn assert_overflow<S>(
    name: &str,
    found: Found,
    taken: TakenBy,
    with: impl Fn(&str) -> S + Sync,
    prepare: impl Fn(&S),
    record: impl Fn(&S) + Sync,
) {
    let kept = match found {
        Found::Created => with("a"),
        Found::WithCells => {
            prepare(&with("a"));
            with("a")
        }
    };
    prepare(&kept);
    expire_for_good(name);
    assert_eq!(scrape_of(name), BTreeMap::new(), "the series has expired");
    let record_other = || record(&with("b"));
    let mut expected = BTreeMap::from([("key=\"overflow\"".to_owned(), 1.0)]);
    match taken {
        TakenBy::None => {}
        TakenBy::SameThread => record_other(),
        TakenBy::OtherThread => thread::scope(|scope| _ = scope.spawn(record_other).join()),
    }
    if taken != TakenBy::None {
        expected.insert("key=\"b\"".to_owned(), 1.0);
    }
    record(&kept);
    assert_eq!(scrape_of(name), expected);
}

/// Declares a metric of a type, and a test for each combination of [`Found`] and [`TakenBy`].
macro_rules! late_recordings {
    ($($module:ident: $kind:ident = $name:literal, $prepare:expr, $record:expr;)*) => {$(
        mod $module {
            use super::*;

            metrics! {
                /// Recordings.
                #[expire("1h")]
                static LATE: $kind<(key: &str)> = $name;
            }

            fn check(found: Found, taken: TakenBy) {
                let _alone = alone();
                LATE.clear();
                assert_overflow($name, found, taken, |key| LATE.with(key), $prepare, $record);
            }

            #[test]
            fn a_late_recording_without_cells_overflows() {
                check(Found::Created, TakenBy::None);
            }

            #[test]
            fn a_late_recording_with_cells_overflows() {
                check(Found::WithCells, TakenBy::None);
            }

            #[test]
            fn a_late_recording_without_cells_overflows_beside_another_series_in_the_place() {
                check(Found::Created, TakenBy::SameThread);
                check(Found::Created, TakenBy::OtherThread);
            }

            #[test]
            fn a_late_recording_with_cells_overflows_beside_another_series_in_the_place() {
                check(Found::WithCells, TakenBy::SameThread);
                check(Found::WithCells, TakenBy::OtherThread);
            }
        }
    )*};
}

late_recordings! {
    counter: Counter = "kept_counter_total", Counter::inc, Counter::inc;
    float_counter: FloatCounter = "kept_float_total", FloatCounter::inc, FloatCounter::inc;
    histogram: Histogram = "kept_histogram", |kept| kept.observe(1.0), |kept| kept.observe(1.0);
    summary: Summary = "kept_summary", |kept| kept.observe(1.0), |kept| kept.observe(1.0);
    up_down: UpDownCounter = "kept_up_down", |kept| {
        kept.inc();
        kept.dec();
    }, UpDownCounter::inc;
}

#[test]
fn a_late_recording_in_another_thread_overflows() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static SENT: Counter<(key: &str)> = "kept_sent_total";
    }
    let _alone = alone();
    SENT.with("a").inc();
    let kept = SENT.with("a");
    expire_for_good("kept_sent_total");
    thread::spawn(move || kept.inc()).join().unwrap();
    assert_eq!(scrape_of("kept_sent_total"), overflow(1.0));
}

#[test]
fn a_late_recording_of_an_ended_thread_overflows() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static ENDED: Counter<(key: &str)> = "kept_ended_total";
    }
    let _alone = alone();
    at_the_end_of_a_thread(|| {
        ENDED.with("a").inc();
        let kept = ENDED.with("a");
        expire_for_good("kept_ended_total");
        move || kept.inc()
    });
    assert_eq!(scrape_of("kept_ended_total"), overflow(1.0));
}

#[test]
fn recordings_of_a_thread_are_in_the_overflow_series_after_it_has_ended() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static FOLDED: Histogram<(key: &str)> = "kept_folded";
    }
    let _alone = alone();
    let thread = thread::spawn(|| {
        FOLDED.with("a").observe(1.0);
        let kept = FOLDED.with("a");
        expire_for_good("kept_folded");
        kept.observe(1.0);
        FOLDED.with("b").observe(1.0);
        kept.observe(1.0);
    });
    thread.join().unwrap();
    let mut expected = overflow(2.0);
    expected.insert("key=\"b\"".to_owned(), 1.0);
    assert_eq!(scrape_of("kept_folded"), expected);
}

#[test]
fn a_recording_with_cells_resumes_a_series_that_has_just_expired() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static JUST_EXPIRED: Counter<(key: &str)> = "kept_just_expired_total";
    }
    let _alone = alone();
    JUST_EXPIRED.with("a").inc();
    let kept = JUST_EXPIRED.with("a");
    scrape_of("kept_just_expired_total");
    advance(HOUR);
    scrape_of("kept_just_expired_total");
    assert_eq!(scrape_of("kept_just_expired_total"), BTreeMap::new());
    kept.inc();
    let resumed = BTreeMap::from([("key=\"a\"".to_owned(), 2.0)]);
    assert_eq!(scrape_of("kept_just_expired_total"), resumed);
}

#[test]
fn a_series_does_not_expire_while_a_result_of_with_of_a_gauge_exists() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static PINNED: Gauge<(key: &str)> = "kept_pinned";
    }
    let _alone = alone();
    let kept = PINNED.with("a");
    kept.set(3);
    expire_for_good("kept_pinned");
    kept.set(4);
    let exposed = BTreeMap::from([("key=\"a\"".to_owned(), 4.0)]);
    assert_eq!(scrape_of("kept_pinned"), exposed);
}

#[test]
fn a_late_observation_counts_for_the_quantiles_of_the_overflow_series() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        #[quantiles(0.5)]
        static MEDIAN: Summary<(key: &str)> = "kept_median";
    }
    let _alone = alone();
    let kept = MEDIAN.with("a");
    kept.observe(1.0);
    expire_for_good("kept_median");
    kept.observe(7.0);
    let text = encode("kept_median", Format::Text);
    let median = text
        .lines()
        .find_map(|line| line.strip_prefix("kept_median{key=\"overflow\",quantile=\"0.5\"} "));
    let median: f64 = median.expect(&text).parse().unwrap();
    assert!((median - 7.0).abs() < 0.1, "{text}");
}

#[test]
fn a_late_observation_of_an_ended_thread_counts_as_one_overflow() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        #[quantiles(0.5)]
        static ENDED_MEDIAN: Summary<(key: &str)> = "kept_ended_median";
    }
    let _alone = alone();
    at_the_end_of_a_thread(|| {
        ENDED_MEDIAN.with("a").observe(1.0);
        let kept = ENDED_MEDIAN.with("a");
        expire_for_good("kept_ended_median");
        move || kept.observe(7.0)
    });
    let samples = scrape_of("kept_ended_median");
    assert_eq!(samples.get("key=\"overflow\""), Some(&1.0), "{samples:?}");
    let text = encode("metrics_overflowed_total", Format::Text);
    let count = "metrics_overflowed_total{family=\"kept_ended_median\"} 1\n";
    assert!(text.contains(count), "{text}");
}

#[test]
fn the_exemplar_of_a_late_recording_belongs_to_the_overflow_series() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static TRACED: Counter<(key: &str)> = "kept_traced_total";
    }
    let _alone = alone();
    let kept = TRACED.with("a");
    kept.inc();
    expire_for_good("kept_traced_total");
    kept.inc_with_exemplar(&[("trace_id", "1")]);
    let text = encode("kept_traced_total", Format::OpenMetrics);
    let exemplar = "kept_traced_total{key=\"overflow\"} 1 # {trace_id=\"1\"} 1";
    assert!(text.contains(exemplar), "{text}");
}

#[test]
fn a_recording_into_a_series_that_the_program_removed_is_not_exposed() {
    metrics! {
        /// Recordings.
        #[expire("1h")]
        static REMOVED: Counter<(key: &str)> = "kept_removed_total";
        /// Recordings.
        static NEVER_EXPIRES: Counter<(key: &str)> = "kept_never_expires_total";
    }
    let _alone = alone();
    let created = REMOVED.with("a");
    created.inc();
    let with_cells = REMOVED.with("a");
    REMOVED.remove("a");
    created.inc();
    with_cells.inc();
    assert_eq!(scrape_of("kept_removed_total"), BTreeMap::new());
    // Removes a series that is suspended, that is, expired but kept for a grace period.
    let created = REMOVED.with("a");
    created.inc();
    scrape_of("kept_removed_total");
    advance(HOUR);
    scrape_of("kept_removed_total");
    REMOVED.clear();
    created.inc();
    assert_eq!(scrape_of("kept_removed_total"), BTreeMap::new());
    // Lets another series take the storage of a removed one, in a metric without expiry.
    NEVER_EXPIRES.with("a").inc();
    let with_cells = NEVER_EXPIRES.with("a");
    NEVER_EXPIRES.clear();
    NEVER_EXPIRES.with("b").inc();
    with_cells.inc();
    let expected = BTreeMap::from([("key=\"b\"".to_owned(), 1.0)]);
    assert_eq!(scrape_of("kept_never_expires_total"), expected);
}

/// Starts a thread that calls `run`, and lets it call the result after its storage has been dropped.
fn at_the_end_of_a_thread<F: Fn() + 'static>(run: impl FnOnce() -> F + Send + 'static) {
    struct AtTheEnd(Option<Box<dyn Fn()>>);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            self.0.iter().for_each(|record| record());
        }
    }
    thread_local! {
        // The thread uses `LAST` before the library's thread-local value, so `LAST` is dropped
        // after that value.
        static LAST: RefCell<AtTheEnd> = const { RefCell::new(AtTheEnd(None)) };
    }
    let thread = thread::spawn(|| {
        LAST.with(|last| last.borrow_mut().0 = None);
        let record = run();
        LAST.with(|last| last.borrow_mut().0 = Some(Box::new(record)));
    });
    thread.join().unwrap();
}

/// The exposed values if the overflow series is the only series.
fn overflow(value: f64) -> BTreeMap<String, f64> {
    BTreeMap::from([("key=\"overflow\"".to_owned(), value)])
}

/// Scrapes one family of the global registry: values of counters and gauges, counts of histograms
/// and summaries.
fn scrape_of(name: &str) -> BTreeMap<String, f64> {
    let text = encode(name, Format::Text);
    let sample = |line: &str| {
        let rest = line.strip_prefix(name)?;
        let rest = rest.strip_prefix("_count").unwrap_or(rest);
        let (labels, value) = rest.strip_prefix('{')?.rsplit_once("} ")?;
        Some((labels.to_owned(), value.parse().ok()?))
    };
    text.lines().filter_map(sample).collect()
}

fn encode(name: &str, format: Format) -> String {
    let mut out = Vec::new();
    Registry::global()
        .encode_filtered(format, &mut out, |family| family == name)
        .expect("writing to memory does not fail");
    String::from_utf8(out).expect("it is text")
}

/// Expires the series of a family, and waits until a recording can no longer resume them.
fn expire_for_good(name: &str) {
    scrape_of(name);
    advance(2 * HOUR);
    scrape_of(name);
    end_grace();
    scrape_of(name);
    scrape_of(name);
}
