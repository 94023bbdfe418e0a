//! Native histograms: the buckets of the specification, exact under threads, limits and scrapes.

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::{
        Barrier,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use metrics_core::{
    DynamicFamily, Format, Histogram, HistogramSnapshot, MetricValue, NativeHistogramSnapshot,
    Options, Registry, encode_to_string, metrics,
};
use proptest::prelude::*;

/// 2^-128.
const DEFAULT_ZERO_THRESHOLD: f64 = 2.938_735_877_055_719e-39;

metrics! {
    /// Observations.
    #[buckets(native)]
    static MODELLED: Histogram<(case: &str)> = "native_modelled";
    /// Observations.
    #[buckets(native(growth = 1.005, max_buckets = 20, negative))]
    static MODELLED_FEW: Histogram<(case: &str)> = "native_modelled_few";
    /// Observations.
    #[buckets(native(growth = 1.5, zero_threshold = 0, negative), -10, -1, 1, 10)]
    static MODELLED_BOTH: Histogram<(case: &str)> = "native_modelled_both";
    /// Observations.
    #[buckets(native(growth = 1.02, max_buckets = 12, max_zero_threshold = 1e-3, negative))]
    static MODELLED_WIDENED: Histogram<(case: &str)> = "native_modelled_widened";
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Some threads end before others begin, and some live on.
    #[test]
    fn buckets_are_those_of_a_naive_model(
        lives in prop::collection::vec(prop::collection::vec(value(), 0..120), 1..5),
        deaths in prop::collection::vec(prop::collection::vec(value(), 0..120), 0..4),
    ) {
        MODELLED.clear();
        MODELLED_FEW.clear();
        MODELLED_BOTH.clear();
        MODELLED_WIDENED.clear();
        let histograms = [
            MODELLED.bind("a"),
            MODELLED_FEW.bind("a"),
            MODELLED_BOTH.bind("a"),
            MODELLED_WIDENED.bind("a"),
        ];
        record_in_threads(&lives, &deaths, |value| {
            for histogram in &histograms {
                histogram.observe(value);
            }
        });
        let all: Vec<f64> = lives.iter().chain(&deaths).flatten().copied().collect();
        let positive: Vec<f64> = all.iter().copied().filter(|value| *value >= 0.0).collect();
        assert_model(&histograms[0].get(), &positive, 3, 160, DEFAULT_ZERO_THRESHOLD);
        assert_model(&histograms[1].get(), &all, 8, 20, DEFAULT_ZERO_THRESHOLD);
        assert_model(&histograms[2].get(), &all, 1, 160, 0.0);
        assert_fits(&histograms[3].get(), &all, 12);
        let both = histograms[2].get();
        let below = |bound: f64| all.iter().filter(|value| **value <= bound).count() as u64;
        let mut total = 0;
        for (bound, count) in &both.buckets {
            total += count;
            prop_assert_eq!(total, below(*bound));
        }
    }
}

/// Zero, powers of two, and values of all sizes, many of them close together.
fn value() -> impl Strategy<Value = f64> {
    let sized = |exponents: std::ops::Range<i32>| {
        (1.0..2.0_f64, exponents).prop_map(|(mantissa, exponent)| mantissa * 2_f64.powi(exponent))
    };
    let magnitude = prop_oneof![
        1 => Just(0.0),
        1 => (-140..100_i32).prop_map(|exponent| 2_f64.powi(exponent)),
        6 => sized(-12..3),
        1 => sized(-300..300),
    ];
    (magnitude, prop::bool::weighted(0.2)).prop_map(|(m, negative)| if negative { -m } else { m })
}

/// Records in threads that live on while others end, and looks after each.
fn record_in_threads(lives: &[Vec<f64>], deaths: &[Vec<f64>], record: impl Fn(f64) + Sync) {
    let (recorded, end) = (Barrier::new(lives.len() + 1), Barrier::new(lives.len() + 1));
    thread::scope(|scope| {
        for values in lives {
            let (record, recorded, end) = (&record, &recorded, &end);
            scope.spawn(move || {
                let (first, second) = values.split_at(values.len() / 2);
                first.iter().copied().for_each(record);
                recorded.wait();
                second.iter().copied().for_each(record);
                end.wait();
            });
        }
        recorded.wait();
        for values in deaths {
            let record = &record;
            scope
                .spawn(move || values.iter().copied().for_each(record))
                .join()
                .expect("it records");
            let _ = MODELLED_FEW.with("a").get();
        }
        end.wait();
    });
}

/// The index of a value above zero, by logarithms: right for values that are no bounds, and for
/// powers of two.
fn index(value: f64, schema: i32) -> i32 {
    let exponent = (-1074..1024)
        .find(|exponent| value <= power(*exponent))
        .unwrap_or(1024);
    if schema <= 0 {
        return -(-exponent).div_euclid(1 << -schema);
    }
    let buckets = 1 << schema;
    let fraction = value / power(exponent - 1);
    let within = (1..=buckets)
        .find(|k| fraction <= (f64::from(*k) / f64::from(buckets)).exp2())
        .unwrap_or(buckets);
    (exponent - 1) * buckets + within
}

/// Two to the power of it, which is exact.
fn power(exponent: i32) -> f64 {
    if exponent < -1022 {
        f64::from_bits(1 << (exponent + 1074))
    } else {
        2_f64.powi(exponent)
    }
}

type Buckets = BTreeMap<i32, u64>;

/// Zero count, buckets above zero and below.
fn sorted(values: &[f64], schema: i32, zero_threshold: f64) -> (u64, Buckets, Buckets) {
    let (mut zero, mut positive, mut negative) = (0, Buckets::new(), Buckets::new());
    for value in values {
        if value.abs() <= zero_threshold {
            zero += 1;
        } else {
            let side = if *value < 0.0 {
                &mut negative
            } else {
                &mut positive
            };
            *side.entry(index(value.abs(), schema)).or_default() += 1;
        }
    }
    (zero, positive, negative)
}

#[track_caller]
fn assert_model(state: &HistogramSnapshot, values: &[f64], schema: i32, max: usize, zero: f64) {
    let populated = |schema| {
        let (_, positive, negative) = sorted(values, schema, zero);
        positive.len() + negative.len()
    };
    let schema = (-4..=schema).rev().find(|schema| populated(*schema) <= max);
    let native = native(state);
    assert_eq!(native.schema, schema.unwrap_or(-4));
    assert_eq!(native.zero_threshold, zero);
    assert_eq!(state.count, values.len() as u64);
    assert_buckets(native, values);
}

#[track_caller]
fn assert_buckets(native: &NativeHistogramSnapshot, values: &[f64]) {
    let (zero, positive, negative) = sorted(values, native.schema, native.zero_threshold);
    assert_eq!(native.zero_count, zero);
    assert_eq!(native.positive, Vec::from_iter(positive));
    assert_eq!(native.negative, Vec::from_iter(negative));
}

/// How wide the zero bucket is depends on who met the limit first; the rest follows from it.
#[track_caller]
fn assert_fits(state: &HistogramSnapshot, values: &[f64], max: usize) {
    let native = native(state);
    let used = native.positive.len() + native.negative.len();
    assert!(used <= max || native.schema == -4, "{native:?}");
    assert!(native.zero_threshold <= 1e-3, "{native:?}");
    assert_buckets(native, values);
}

#[track_caller]
fn native(state: &HistogramSnapshot) -> &NativeHistogramSnapshot {
    let native = state.native.as_ref().expect("it is native");
    let sides = native.positive.iter().chain(&native.negative);
    let total = native.zero_count + sides.map(|(_, count)| count).sum::<u64>();
    assert_eq!(total, state.count, "{state:?}");
    assert_eq!(
        total,
        state.buckets.iter().map(|(_, count)| count).sum::<u64>()
    );
    native
}

#[test]
fn where_there_would_be_too_many_buckets_neighbours_are_merged_and_nothing_is_lost() {
    metrics! {
        /// Observations.
        #[buckets(native(max_buckets = 10))]
        static LIMITED: Histogram = "native_limited";
    }
    for exponent in 0..10 {
        LIMITED.observe(2_f64.powi(exponent));
    }
    let state = LIMITED.get();
    assert_eq!(
        (native(&state).schema, native(&state).positive.len()),
        (3, 10)
    );
    LIMITED.observe(2_f64.powi(10));
    let state = LIMITED.get();
    assert_eq!(native(&state).schema, -1);
    assert_eq!(
        native(&state).positive,
        [(0, 1), (1, 2), (2, 2), (3, 2), (4, 2), (5, 2)]
    );
    assert_eq!(state.sum, 2047.0);
}

/// The coarsest schema has as many buckets as it has; the limit gives way.
#[test]
fn in_the_coarsest_schema_everything_still_finds_its_bucket() {
    metrics! {
        /// Observations.
        #[buckets(native(growth = 1.005, max_buckets = 1, zero_threshold = 0.0, negative))]
        static COARSEST: Histogram = "native_coarsest";
    }
    let values: Vec<f64> = (-1074..1024)
        .map(|exponent| power(exponent) * if exponent % 2 == 0 { 1.0 } else { -1.0 })
        .chain([f64::MAX, f64::MIN, f64::from_bits(1), 0.0, -0.0])
        .collect();
    for value in &values {
        COARSEST.observe(*value);
    }
    let state = COARSEST.get();
    assert_eq!(native(&state).schema, -4);
    assert_buckets(native(&state), &values);
}

#[test]
fn a_resolution_that_was_given_up_never_comes_back() {
    metrics! {
        /// Observations.
        #[buckets(native(max_buckets = 4))]
        static GIVEN_UP: Histogram = "native_given_up";
    }
    // Each thread keeps to the limit on its own, and only all of them together do not.
    for base in [1.0, 100.0] {
        thread::spawn(move || {
            for value in [1.0, 1.2, 1.4] {
                GIVEN_UP.observe(base * value);
            }
        })
        .join()
        .expect("it observes");
    }
    let state = GIVEN_UP.get();
    let schema = native(&state).schema;
    assert!(schema < 3, "{schema}");
    GIVEN_UP.observe(1.0);
    assert_eq!(native(&GIVEN_UP.get()).schema, schema);
    assert_eq!(GIVEN_UP.get().count, 7);
}

#[test]
fn the_zero_bucket_holds_what_is_no_farther_from_zero_than_its_threshold() {
    metrics! {
        /// Observations.
        #[buckets(native(zero_threshold = 0.25, negative))]
        static ZEROS: Histogram = "native_zeros";
    }
    for value in [0.0, -0.0, 0.25, -0.25, 1e-300, 0.25_f64.next_up(), -0.5] {
        ZEROS.observe(value);
    }
    let state = ZEROS.get();
    let native = native(&state);
    assert_eq!((native.zero_threshold, native.zero_count), (0.25, 5));
    assert_eq!(native.positive, [(-15, 1)]);
    assert_eq!(native.negative, [(-8, 1)]);
}

#[test]
fn the_zero_bucket_is_widened_up_to_its_limit_before_buckets_are_merged() {
    metrics! {
        /// Observations.
        #[buckets(native(growth = 2.0, max_buckets = 4, max_zero_threshold = 0.01))]
        static WIDENED: Histogram = "native_widened";
    }
    for exponent in -10..-6 {
        WIDENED.observe(2_f64.powi(exponent));
    }
    assert_eq!(native(&WIDENED.get()).zero_count, 0);
    WIDENED.observe(0.5);
    let state = WIDENED.get();
    assert_eq!(native(&state).zero_threshold, 2_f64.powi(-10));
    assert_eq!((native(&state).schema, native(&state).zero_count), (0, 1));
    WIDENED.observe(2_f64.powi(-20));
    assert_eq!(native(&WIDENED.get()).zero_count, 2);
    // 2^-9, 2^-8, 2^-7 go, and then no more: what follows is merged.
    for exponent in 0..4 {
        WIDENED.observe(2_f64.powi(exponent));
    }
    let state = WIDENED.get();
    assert_eq!(native(&state).zero_threshold, 2_f64.powi(-7));
    assert_eq!((native(&state).schema, native(&state).zero_count), (-1, 5));
    assert_eq!(native(&state).positive, [(0, 2), (1, 2), (2, 1)]);
}

const THREADS: usize = 6;
const RECORDINGS: usize = 20_000;

/// All values are powers of two, so that the buckets tell their sum.
#[test]
fn native_histograms_are_whole_in_every_look_while_threads_come_and_go() {
    metrics! {
        /// Observations.
        #[buckets(native(growth = 2.0))]
        static WHOLE: Histogram = "native_whole";
        /// Observations.
        #[buckets(native(growth = 2.0), 1, 8, 64)]
        static WHOLE_BOTH: Histogram<(host: &str)> = "native_whole_both";
    }
    let look = |state: &HistogramSnapshot| {
        let buckets = native(state).positive.iter();
        let sum: f64 = buckets.map(|(at, n)| 2_f64.powi(*at) * *n as f64).sum();
        assert_eq!(state.sum, sum, "{state:?}");
    };
    looked_at(
        || {
            look(&WHOLE.get());
            look(&WHOLE_BOTH.with("a").get());
        },
        |thread, at| {
            let value = 2_f64.powi((at * (thread + 1) % 23) as i32);
            WHOLE.observe(value);
            WHOLE_BOTH.with("a").observe(value);
        },
    );
    assert_eq!(WHOLE.get().count, (THREADS * RECORDINGS) as u64);
    let both = WHOLE_BOTH.with("a").get();
    assert_eq!(both.count, (THREADS * RECORDINGS) as u64);
    let up_to = |exponent| {
        let buckets = native(&both).positive.iter();
        let below = buckets.filter(|(at, _)| *at <= exponent);
        below.map(|(_, count)| count).sum::<u64>()
    };
    assert_eq!(both.buckets[0].1, up_to(0));
    assert_eq!(both.buckets[0].1 + both.buckets[1].1, up_to(3));
}

/// Every thread halves its resolution again and again while others read.
#[test]
fn counts_are_whole_while_buckets_are_merged() {
    metrics! {
        /// Observations.
        #[buckets(native(growth = 1.005, max_buckets = 8))]
        static MERGED: Histogram<(host: &str)> = "native_merged";
    }
    let mut schemas = BTreeSet::new();
    let mut last = (0, i32::MAX);
    looked_at(
        || {
            let state = MERGED.with("a").get();
            let now = (state.count, native(&state).schema);
            assert!(last.0 <= now.0 && now.1 <= last.1, "{now:?} after {last:?}");
            assert!(native(&state).positive.len() <= 8);
            last = now;
            schemas.insert(now.1);
        },
        |thread, at| {
            MERGED
                .with("a")
                .observe(1.001_f64.powi((at / 4 + thread) as i32));
        },
    );
    let state = MERGED.with("a").get();
    assert_eq!(state.count, (THREADS * RECORDINGS) as u64);
}

/// Runs threads that record, while another one looks on.
fn looked_at(mut look: impl FnMut() + Send, record: impl Fn(usize, usize) + Sync) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let looks = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                look();
            }
            look();
        });
        for _ in 0..2 {
            thread::scope(|scope| {
                for thread in 0..THREADS {
                    let record = &record;
                    scope.spawn(move || (0..RECORDINGS / 2).for_each(|at| record(thread, at)));
                }
            });
        }
        done.store(true, Ordering::Relaxed);
        looks.join().expect("every look is whole");
    });
}

metrics! {
    /// Observations.
    #[buckets(native(max_buckets = 3))]
    static LATE: Histogram = "native_late";
}

/// Observes as a thread ends, and needs room.
struct ObservesLate;

impl Drop for ObservesLate {
    fn drop(&mut self) {
        for exponent in 0..8 {
            LATE.observe(2_f64.powi(exponent));
        }
    }
}

thread_local! {
    static BEFORE: RefCell<Option<ObservesLate>> = const { RefCell::new(None) };
    static AFTER: RefCell<Option<ObservesLate>> = const { RefCell::new(None) };
}

#[test]
fn destructors_that_observe_when_their_thread_has_ended_are_heard() {
    thread::spawn(|| {
        BEFORE.set(Some(ObservesLate));
        LATE.observe(1.0);
        AFTER.set(Some(ObservesLate));
    })
    .join()
    .expect("it ends");
    let state = LATE.get();
    assert_eq!((state.count, state.sum), (17, 511.0));
    assert!(native(&state).positive.len() <= 3);
}

#[test]
fn values_that_would_spoil_the_sum_are_rejected_and_counted() {
    metrics! {
        /// Observations.
        #[buckets(native)]
        static REJECTS: Histogram = "native_rejects";
        /// Observations.
        #[buckets(native(negative), 1.0, 2.0)]
        static ACCEPTS: Histogram = "native_accepts";
    }
    for value in [-1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0] {
        REJECTS.observe(value);
        ACCEPTS.observe(value);
    }
    assert_eq!((REJECTS.get().count, REJECTS.get().sum), (1, 1.0));
    let state = ACCEPTS.get();
    assert_eq!((state.count, state.sum), (2, 0.0));
    assert_eq!(state.buckets[0], (1.0, 2));
    assert_eq!(native(&state).negative, [(0, 1)]);
    let text = encode_to_string(Format::Text);
    for (family, rejected) in [("native_rejects", 4), ("native_accepts", 3)] {
        let line =
            format!("metrics_rejected_total{{family=\"{family}\",reason=\"value\"}} {rejected}\n");
        assert!(text.contains(&line), "{line}");
    }
}

#[test]
fn a_removed_series_begins_again_with_the_declared_resolution() {
    metrics! {
        /// Observations.
        #[buckets(native(growth = 1.005, max_buckets = 4))]
        static REMOVED: Histogram<(host: &str)> = "native_removed";
    }
    let held = REMOVED.bind("a");
    for round in 0..3 {
        for exponent in 0..20 {
            REMOVED.with("a").observe(2_f64.powi(exponent));
        }
        let state = REMOVED.with("a").get();
        assert_eq!(state.count, 20);
        assert!(native(&state).schema < 0);
        assert!(REMOVED.remove("a"), "{round}");
        REMOVED.with("a").observe(1.0);
        let state = REMOVED.with("a").get();
        assert_eq!((native(&state).schema, state.count), (8, 1));
        assert_eq!(native(&state).positive, [(0, 1)]);
        assert!(REMOVED.remove("a"));
    }
    held.observe(1.0);
    assert_eq!(REMOVED.with("a").get().count, 0);
}

#[test]
fn a_place_that_is_used_again_by_another_series_has_none_of_the_old_buckets() {
    metrics! {
        /// Observations.
        #[buckets(native)]
        #[max_series(1)]
        static REUSED: Histogram<(host: &str)> = "native_reused";
    }
    for (at, host) in ["a", "b", "c"].into_iter().enumerate() {
        REUSED.with(host).observe(2_f64.powi(at as i32));
        let state = REUSED.with(host).get();
        assert_eq!(native(&state).positive, [(8 * at as i32, 1)]);
        REUSED.clear();
    }
}

#[test]
fn handles_and_closed_labels_reach_the_same_buckets() {
    metrics! {
        /// Observations.
        #[buckets(native)]
        static CLOSED: Histogram<(odd: bool)> = "native_closed";
    }
    let handle = CLOSED.bind(true);
    handle.observe(1.0);
    CLOSED.with(true).observe(1.0);
    thread::spawn(move || handle.observe(2.0))
        .join()
        .expect("it observes");
    assert_eq!(native(&CLOSED.with(true).get()).positive, [(0, 2), (8, 1)]);
    assert_eq!(CLOSED.with(false).get().count, 0);
    assert_eq!(native(&CLOSED.with(false).get()).schema, 3);
}

#[test]
fn text_formats_show_count_and_sum_and_classic_buckets_where_there_are_any() {
    let registry = Registry::new();
    let options = |name: &str| Options::new(name, "Observations.").labels(["host"]);
    let only: DynamicFamily<Histogram> = registry
        .create_family(options("only").native(1.1))
        .expect("it is declared well");
    let both: DynamicFamily<Histogram> = registry
        .create_family(options("both").native(1.1).buckets([1.0, 2.0]))
        .expect("it is declared well");
    for value in [0.5, 1.5, 4.0] {
        only.with(&["a"]).observe(value);
        both.with(&["a"]).observe(value);
    }
    let text = registry.encode_to_string(Format::Text);
    let expected = concat!(
        "# HELP both Observations.\n",
        "# TYPE both histogram\n",
        "both_bucket{host=\"a\",le=\"1\"} 1\n",
        "both_bucket{host=\"a\",le=\"2\"} 2\n",
        "both_bucket{host=\"a\",le=\"+Inf\"} 3\n",
        "both_sum{host=\"a\"} 6\n",
        "both_count{host=\"a\"} 3\n",
        "# HELP only Observations.\n",
        "# TYPE only histogram\n",
        "only_bucket{host=\"a\",le=\"+Inf\"} 3\n",
        "only_sum{host=\"a\"} 6\n",
        "only_count{host=\"a\"} 3\n",
    );
    assert!(text.contains(expected), "{text}");
    let open_metrics = registry.encode_to_string(Format::OpenMetrics);
    let lines = "only_bucket{host=\"a\",le=\"+Inf\"} 3\nonly_sum{host=\"a\"} 6.0\n";
    assert!(open_metrics.contains(lines), "{open_metrics}");
    let families = registry.gather();
    let only = families.iter().find(|family| family.name == "only");
    let MetricValue::Histogram { native, .. } = &only.expect("it is there").metrics[0].value else {
        panic!("it is a histogram");
    };
    let native = native.as_ref().expect("it is native");
    assert_eq!(native.positive, [(-8, 1), (5, 1), (16, 1)]);
}

/// OpenMetrics has no sum where it may go down, and no count without a sum.
#[test]
fn open_metrics_has_no_sum_where_observations_may_be_negative() {
    metrics! {
        /// Observations.
        #[buckets(native(negative))]
        static FALLS: Histogram = "native_falls";
    }
    FALLS.observe(-1.0);
    let text = encode_to_string(Format::OpenMetrics);
    assert!(text.contains("native_falls_bucket{le=\"+Inf\"} 1\n"));
    assert!(!text.contains("native_falls_sum"));
    assert!(!text.contains("native_falls_count"));
    let text = encode_to_string(Format::Text);
    assert!(text.contains("native_falls_sum -1\n"));
}

#[test]
fn wrong_options_at_run_time_are_errors() {
    let registry = Registry::new();
    let histogram = |growth| {
        let options = Options::new("a", "Observations.").native(growth);
        registry.create::<Histogram>(options)
    };
    for growth in [1.0, 0.5, f64::NAN, f64::INFINITY] {
        let error = histogram(growth).unwrap_err().to_string();
        assert!(
            error.contains("a growth factor is a number above 1"),
            "{error}"
        );
    }
    let options = Options::new("a", "Observations.").native(1.1);
    let error = registry.create::<metrics_core::Gauge>(options).unwrap_err();
    assert!(error.to_string().contains("only histograms are native"));
}

#[test]
fn members_of_a_family_have_the_same_native_buckets() {
    let registry = Registry::new();
    let options = || Options::new("a", "Observations.");
    let _first = registry
        .create::<Histogram>(options().native(1.1))
        .expect("it is declared well");
    for other in [options().native(2.0), options().buckets([])] {
        let error = registry.create::<Histogram>(other).unwrap_err().to_string();
        assert!(error.contains("different native buckets"), "{error}");
    }
}

/// Two declarations of one name and the same labels are one series.
#[test]
fn members_with_the_same_labels_add_up() {
    let registry = Registry::new();
    let made = || {
        let options = Options::new("a", "Observations.").native(1.1);
        registry.create::<Histogram>(options).expect("it may be")
    };
    let (first, second) = (made(), made());
    first.observe(1.0);
    second.observe(1.0);
    second.observe(3.0);
    let MetricValue::Histogram { native, sum, .. } = &registry.gather()[0].metrics[0].value else {
        panic!("it is a histogram");
    };
    let native = native.as_ref().expect("it is native");
    assert_eq!(
        (native.positive.as_slice(), *sum),
        ([(0, 2), (13, 1)].as_slice(), 5.0)
    );
}

mod functions {
    //! `#[timed(buckets(native))]`.

    use std::{
        hint::black_box,
        pin::pin,
        task::{Context, Waker},
        thread,
    };

    use metrics_core::{Metric, MetricValue, gather, timed};

    use super::{Format, NativeHistogramSnapshot, assert_buckets, encode_to_string};

    fn metrics(name: &str) -> Vec<Metric> {
        let families = gather();
        let family = families.iter().find(|family| family.name == name);
        family.expect("it is declared").metrics.clone()
    }

    /// Count, sum and native buckets of a series.
    fn state(metric: &Metric) -> (u64, f64, NativeHistogramSnapshot) {
        let MetricValue::Histogram {
            buckets,
            sum,
            native,
            ..
        } = &metric.value
        else {
            panic!("{metric:?}");
        };
        let count = buckets.iter().map(|(_, count)| count).sum();
        (count, *sum, native.clone().expect("it is native"))
    }

    #[track_caller]
    fn assert_counted(native: &NativeHistogramSnapshot, count: u64) {
        let buckets = native.positive.iter().map(|(_, count)| count);
        assert_eq!(native.zero_count + buckets.sum::<u64>(), count);
    }

    /// The sum of a single call is its time.
    #[test]
    fn a_call_is_counted_in_the_bucket_of_its_seconds() {
        #[timed(
            name = "native_spun_seconds",
            buckets(native(growth = 1.005)),
            labels(n)
        )]
        fn spun(n: u64) {
            for at in 0..n * n {
                black_box(at);
            }
        }

        for n in 0..200 {
            spun(n);
        }
        let metrics = metrics("native_spun_seconds");
        assert_eq!(metrics.len(), 200);
        for metric in &metrics {
            let (count, seconds, native) = state(metric);
            assert_eq!((count, native.schema), (1, 8));
            assert_buckets(&native, &[seconds]);
        }
    }

    #[test]
    fn each_outcome_has_buckets_of_its_own() {
        #[timed(name = "native_halved_seconds", buckets(native))]
        fn halved(n: u32) -> Result<u32, String> {
            if n.is_multiple_of(2) {
                Ok(n / 2)
            } else {
                Err(n.to_string())
            }
        }

        for n in 0..9 {
            let _ = halved(n);
        }
        let metrics = metrics("native_halved_seconds");
        let counts: Vec<u64> = metrics.iter().map(|metric| state(metric).0).collect();
        assert_eq!(counts, [5, 4]);
        for metric in &metrics {
            assert_counted(&state(metric).2, state(metric).0);
        }
    }

    #[test]
    fn nothing_is_lost_when_threads_end() {
        #[timed(
            name = "native_ended_seconds",
            buckets(native(max_buckets = 4)),
            outcome = false
        )]
        fn ended(n: u64) {
            for at in 0..n * n {
                black_box(at);
            }
        }

        ended(1);
        for _ in 0..4 {
            let calls = || (0..200).for_each(ended);
            thread::spawn(calls).join().expect("it calls");
        }
        let (count, _, native) = state(&metrics("native_ended_seconds")[0]);
        assert_eq!(count, 801);
        assert_counted(&native, count);
        assert!(native.positive.len() <= 4, "{native:?}");
    }

    #[test]
    fn native_and_classic_buckets_count_the_same_calls() {
        #[timed(
            name = "native_both_seconds",
            buckets(native(zero_threshold = 3600), 0.25, 3600.0),
            slo(latency = "250ms", objective = 99.0)
        )]
        fn both() {}

        both();
        both();
        let (count, _, native) = state(&metrics("native_both_seconds")[0]);
        assert_eq!(
            (count, native.zero_threshold, native.zero_count),
            (2, 3600.0, 2)
        );
        let text = encode_to_string(Format::Text);
        let line = |le| {
            let labels = r#"function="both",module="native::functions",outcome="ok""#;
            format!("native_both_seconds_bucket{{{labels},le=\"{le}\"}} 2\n")
        };
        assert!(
            text.contains(&line("0.25")) && text.contains(&line("+Inf")),
            "{text}"
        );
    }

    #[test]
    fn async_calls_are_counted_in_native_buckets_and_so_is_the_time_they_are_polled() {
        #[timed(name = "native_polled_seconds", buckets(native), busy)]
        async fn polled() {}

        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..3 {
            assert!(pin!(polled()).poll(&mut context).is_ready());
        }
        for family in ["native_polled_seconds", "native_polled_busy_seconds"] {
            let (count, _, native) = state(&metrics(family)[0]);
            assert_eq!(count, 3, "{family}");
            assert_counted(&native, 3);
        }
    }

    #[test]
    fn sampled_calls_are_counted_in_native_buckets() {
        #[timed(name = "native_sampled_seconds", buckets(native), sample = 1/1)]
        fn picked() {}

        picked();
        let (count, _, native) = state(&metrics("native_sampled_seconds")[0]);
        assert_eq!(count, 1);
        assert_counted(&native, 1);
    }

    #[test]
    fn a_native_call_has_an_exemplar_where_it_asks_for_them() {
        use opentelemetry::trace::TracerProvider;
        use tracing_subscriber::layer::SubscriberExt;

        #[timed(name = "native_shown_seconds", buckets(native), exemplars)]
        fn shown() {}

        let provider = opentelemetry_sdk::trace::SdkTracerProvider::default();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("tests"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            tracing::info_span!("work").in_scope(shown);
        });
        let metric = &metrics("native_shown_seconds")[0];
        let exemplars: Vec<f64> = metric.exemplars.iter().map(|one| one.value).collect();
        assert_eq!(exemplars, [state(metric).1]);
    }
}
