//! Open labels: keys, the cap, removal, and places that are used again.

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

use std::{
    collections::BTreeMap,
    io,
    ops::Range,
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc,
    },
    thread,
};

use metrics_core::{
    Counter, DynamicFamily, DynamicMetric, Format, Gauge, MetricFamily, MetricValue, Options,
    Registry, metrics,
};
use proptest::prelude::*;
use tests::{growth, in_a_process_of_its_own};

#[test]
fn keys_whose_parts_run_together_are_different_series() {
    metrics! {
        /// Recordings.
        static PARTS: Counter<(a: &str, b: &str)> = "series_parts_total";
    }
    let keys = [
        ("ab", "c"),
        ("a", "bc"),
        ("abc", ""),
        ("", "abc"),
        ("a\0", "bc"),
        ("a", "\0bc"),
        ("a\u{1}", "b"),
    ];
    for (at, (a, b)) in (1..).zip(keys) {
        PARTS.with(a, b).inc_by(at);
    }
    for (at, (a, b)) in (1..).zip(keys) {
        assert_eq!(PARTS.with(a, b).get(), at, "{a:?} {b:?}");
    }
}

#[test]
fn long_values_that_differ_in_one_byte_are_different_series() {
    metrics! {
        /// Recordings.
        static LONG: Counter<(text: &str)> = "series_long_total";
    }
    let long = "x".repeat(10_000);
    let variants: Vec<String> = [0, 1, 5_000, 9_998, 9_999]
        .into_iter()
        .map(|at| format!("{}y{}", &long[..at], &long[at + 1..]))
        .chain([long.clone(), long[1..].to_owned()])
        .collect();
    for (at, text) in (1..).zip(&variants) {
        LONG.with(text).inc_by(at);
    }
    for (at, text) in (1..).zip(&variants) {
        assert_eq!(LONG.with(text).get(), at, "variant {at}");
    }
}

#[test]
fn values_of_every_length_are_different_series() {
    metrics! {
        /// Recordings.
        static LENGTHS: Counter<(text: &str, more: &str)> = "series_lengths_total";
    }
    let text = "x".repeat(600);
    for len in 0..600 {
        LENGTHS.with(&text[..len], &text[len..]).inc_by(len as u64);
    }
    for len in 0..600 {
        let series = LENGTHS.with(&text[..len], &text[len..]);
        assert_eq!(series.get(), len as u64, "{len}");
    }
}

#[test]
fn a_long_value_may_stand_where_another_was_removed() {
    metrics! {
        /// Recordings.
        #[max_series(1)]
        static REPLACED: Counter<(text: &str)> = "series_replaced_total";
    }
    for len in (0..2_000).rev().chain(0..2_000) {
        let text = "é".repeat(len);
        REPLACED.with(&text).inc_by(3);
        assert_eq!(REPLACED.with(&text).get(), 3, "{len}");
        assert!(REPLACED.remove(&text), "{len}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn any_texts_are_keys_and_come_back_as_they_were(
        texts in prop::collection::vec((any::<String>(), any::<String>()), 1..40),
    ) {
        let (registry, counter) = labelled::<Counter>(Options::new("a_total", "A.").labels(["a", "b"]));
        let mut model = BTreeMap::new();
        for (a, b) in &texts {
            counter.with(&[a, b]).inc();
            *model.entry((a.clone(), b.clone())).or_insert(0) += 1;
        }
        let mut seen = BTreeMap::new();
        for metric in &registry.gather()[0].metrics {
            let label = |name| {
                let mut labels = metric.labels.iter();
                labels.find(|(own, _)| own == name).map_or(String::new(), |(_, value)| value.clone())
            };
            let MetricValue::Counter(count) = metric.value else { panic!("{metric:?}") };
            let before = seen.insert((label("a"), label("b")), count.as_f64() as u64);
            prop_assert_eq!(before, None);
        }
        prop_assert_eq!(seen, model);
    }
}

#[test]
fn an_empty_value_is_a_series_without_the_label() {
    let (registry, counter) = labelled::<Counter>(Options::new("a_total", "A.").labels(["a", "b"]));
    counter.with(&["", ""]).inc_by(1);
    counter.with(&["", "x"]).inc_by(2);
    counter.with(&["x", ""]).inc_by(3);
    let text = registry.encode_to_string(Format::Text);
    let samples: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("a_total"))
        .collect();
    assert_eq!(
        samples,
        ["a_total 1", "a_total{b=\"x\"} 2", "a_total{a=\"x\"} 3"]
    );
}

#[test]
fn missing_values_are_empty_and_further_ones_ignored() {
    let (_registry, counter) =
        labelled::<Counter>(Options::new("a_total", "A.").labels(["a", "b"]));
    counter.with(&["x"]).inc();
    counter.with(&["x", "", "y"]).inc();
    assert_eq!(counter.with(&["x", ""]).get(), 2);
}

#[test]
fn removal_takes_the_values_that_recording_takes() {
    let (_registry, counter) =
        labelled::<Counter>(Options::new("a_total", "A.").labels(["a", "b"]));
    counter.with(&["x"]).inc();
    assert!(counter.remove(&["x"]), "a missing value is an empty one");
    assert_eq!(counter.with(&["x", ""]).get(), 0);
}

#[test]
fn what_goes_beyond_the_cap_is_recorded_as_overflow() {
    let (registry, counter) = capped::<Counter>("a_total", 3);
    for key in ["a", "b", "c", "d", "e"] {
        counter.with(&[key]).inc_by(2);
    }
    counter.with(&["a"]).inc();
    let text = registry.encode_to_string(Format::Text);
    for line in [
        "a_total{key=\"a\"} 3\n",
        "a_total{key=\"b\"} 2\n",
        "a_total{key=\"c\"} 2\n",
        "a_total{key=\"overflow\"} 4\n",
        "metrics_overflowed_total{family=\"a_total\"} 2\n",
    ] {
        assert!(text.contains(line), "{line}{text}");
    }
    assert!(!text.contains("key=\"d\""), "{text}");
}

#[test]
fn a_family_of_every_type_overflows_into_a_series_of_its_own() {
    metrics! {
        /// Recordings.
        #[max_series(1)]
        static OVER_GAUGE: Gauge<(key: &str)> = "series_over_gauge";
        /// Recordings.
        #[max_series(1)]
        static OVER_HISTOGRAM: Histogram<(key: &str, closed: bool)> = "series_over_histogram";
        /// Recordings.
        #[max_series(1)]
        static OVER_SUMMARY: Summary<(key: &str)> = "series_over_summary";
    }
    for key in ["a", "b", "c"] {
        OVER_GAUGE.with(key).add(1);
        OVER_HISTOGRAM.with(key, true).observe(1.0);
        OVER_SUMMARY.with(key).observe(1.0);
    }
    for name in [
        "series_over_gauge",
        "series_over_histogram",
        "series_over_summary",
    ] {
        let values = values(&global(name));
        let overflow = values
            .iter()
            .find(|(labels, _)| labels.starts_with("key=overflow"));
        assert_eq!(values.len(), 2, "{name}: {values:?}");
        assert_eq!(
            overflow.map(|(_, value)| *value),
            Some(2.0),
            "{name}: {values:?}"
        );
    }
}

#[test]
fn series_that_are_born_during_a_scrape_are_shown_with_their_own_values() {
    /// Makes a series for each piece that it is given.
    struct Scraper<'a> {
        counter: &'a DynamicFamily<Counter>,
        born: u64,
        text: Vec<u8>,
    }

    impl Scraper<'_> {
        fn make_one(&mut self) {
            self.born += 1;
            // So long that each few series are a piece.
            let label = format!("{:05000}", self.born);
            self.counter.with(&[&label]).inc_by(self.born);
        }
    }

    impl io::Write for Scraper<'_> {
        fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
            if self.born < 1_000 {
                self.make_one();
            }
            self.text.extend_from_slice(piece);
            Ok(piece.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let (registry, counter) = labelled::<Counter>(Options::new("a_total", "A.").labels(["a"]));
    let mut scraper = Scraper {
        counter: &counter,
        born: 0,
        text: Vec::new(),
    };
    for _ in 0..300 {
        scraper.make_one();
    }
    registry.encode(Format::Text, &mut scraper).unwrap();
    assert!(scraper.born > 300);
    let text = String::from_utf8(scraper.text).unwrap();
    for line in text.lines().filter(|line| line.starts_with("a_total")) {
        let (labels, value) = line.rsplit_once(' ').unwrap();
        let own = labels
            .trim_start_matches("a_total{a=\"")
            .trim_end_matches("\"}");
        let own: u64 = own.parse().unwrap();
        assert_eq!(value, own.to_string());
    }
}

#[test]
fn removal_makes_room_under_the_cap() {
    let (registry, counter) = capped::<Counter>("a_total", 2);
    counter.with(&["a"]).inc();
    counter.with(&["b"]).inc();
    assert!(counter.remove(&["a"]));
    assert!(!counter.remove(&["a"]), "it is gone already");
    counter.with(&["c"]).inc();
    let values = values(&registry.gather()[0]);
    assert_eq!(values.keys().collect::<Vec<_>>(), ["key=b", "key=c"]);
}

#[test]
fn retain_keeps_what_it_is_told_to_keep() {
    let (registry, counter) = capped::<Counter>("a_total", 100);
    (0..100).for_each(|at| counter.with(&[&at.to_string()]).inc_by(at));
    counter.retain(|labels| labels.get("key").is_some_and(|key| key.ends_with('7')));
    let kept = values(&registry.gather()[0]);
    assert_eq!(kept.len(), 10);
    assert!(
        kept.iter()
            .all(|(key, value)| *key == format!("key={value}")),
        "{kept:?}"
    );
    counter.clear();
    assert_eq!(registry.gather()[0].metrics, []);
}

#[test]
fn what_was_removed_starts_again_at_zero() {
    metrics! {
        /// Recordings.
        static AGAIN_COUNTER: Counter<(key: &str)> = "series_again_total";
        /// Recordings.
        static AGAIN_FLOAT: FloatCounter<(key: &str)> = "series_again_float_total";
        /// Recordings.
        static AGAIN_GAUGE: Gauge<(key: &str)> = "series_again_gauge";
        /// Recordings.
        static AGAIN_FLOAT_GAUGE: FloatGauge<(key: &str)> = "series_again_float_gauge";
        /// Recordings.
        static AGAIN_UP_DOWN: UpDownCounter<(key: &str)> = "series_again_up_down";
        /// Recordings.
        static AGAIN_HISTOGRAM: Histogram<(key: &str)> = "series_again_histogram";
        /// Recordings.
        #[quantiles(0.5)]
        static AGAIN_SUMMARY: Summary<(key: &str)> = "series_again_summary";
    }
    let record = || {
        AGAIN_COUNTER.with("a").inc_by(5);
        AGAIN_FLOAT.with("a").inc_by(5.0);
        AGAIN_GAUGE.with("a").set(5);
        AGAIN_FLOAT_GAUGE.with("a").set(5.0);
        AGAIN_UP_DOWN.with("a").add(5);
        AGAIN_HISTOGRAM.with("a").observe(5.0);
        AGAIN_SUMMARY.with("a").observe(5.0);
    };
    record();
    thread::spawn(record).join().unwrap();
    AGAIN_COUNTER.remove("a");
    AGAIN_FLOAT.remove("a");
    AGAIN_GAUGE.remove("a");
    AGAIN_FLOAT_GAUGE.remove("a");
    AGAIN_UP_DOWN.remove("a");
    AGAIN_HISTOGRAM.remove("a");
    AGAIN_SUMMARY.remove("a");
    assert_eq!(AGAIN_COUNTER.with("a").get(), 0);
    assert_eq!(AGAIN_FLOAT.with("a").get(), 0.0);
    assert_eq!(AGAIN_GAUGE.with("a").get(), 0);
    assert_eq!(AGAIN_FLOAT_GAUGE.with("a").get(), 0.0);
    assert_eq!(AGAIN_UP_DOWN.with("a").get(), 0);
    assert_eq!(AGAIN_HISTOGRAM.with("a").get().count, 0);
    let summary = AGAIN_SUMMARY.with("a").get();
    assert_eq!(summary.count, 0);
    assert!(summary.quantiles[0].1.is_nan(), "{summary:?}");
}

#[test]
fn a_series_that_was_removed_is_not_read_as_the_next_in_its_place() {
    metrics! {
        /// Recordings.
        static STALE: Counter<(key: &str)> = "series_stale_total";
    }
    let removed = STALE.with("a");
    removed.inc();
    STALE.remove("a");
    STALE.with("b").inc_by(5);
    assert_eq!(removed.get(), 0);
}

#[test]
fn a_recording_into_a_removed_series_does_not_reach_the_next_in_its_place() {
    metrics! {
        /// Recordings.
        static MISSED: Counter<(key: &str)> = "series_missed_total";
    }
    let removed = MISSED.with("a");
    MISSED.remove("a");
    let next = MISSED.with("b");
    removed.inc_by(7);
    assert_eq!(next.get(), 0);
    next.inc();
    removed.inc_by(7);
    assert_eq!(MISSED.with("b").get(), 1);
}

#[test]
fn a_thread_that_ends_leaves_nothing_of_a_removed_series_to_the_next_in_its_place() {
    metrics! {
        /// Recordings.
        static HEIRLESS: Counter<(key: &str)> = "series_heirless_total";
    }
    let (recorded, is_recorded) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        HEIRLESS.with("a").inc_by(7);
        recorded.send(()).unwrap();
        // Until the other end goes away.
        _ = ends.recv();
    });
    is_recorded.recv().unwrap();
    HEIRLESS.remove("a");
    HEIRLESS.with("b").inc();
    drop(end);
    thread.join().unwrap();
    assert_eq!(HEIRLESS.with("b").get(), 1);
}

#[test]
fn a_handle_to_a_removed_series_records_where_no_scrape_looks() {
    let (registry, counter) = capped::<Counter>("a_total", 10);
    let held = counter.with(&["a"]);
    held.inc();
    assert!(counter.remove(&["a"]));
    held.inc();
    assert_eq!(registry.gather()[0].metrics, []);
    counter.with(&["a"]).inc_by(5);
    held.inc();
    assert_eq!(values(&registry.gather()[0]), one("key=a", 5.0));
}

#[test]
fn a_held_place_is_not_used_again() {
    metrics! {
        /// Recordings.
        #[max_series(4)]
        static HELD: Gauge<(key: &str)> = "series_held";
    }
    let held = HELD.bind("a");
    let also_held = held.clone();
    held.set(1);
    HELD.remove("a");
    drop(held);
    for at in 0..100 {
        let key = at.to_string();
        HELD.with(&key).set(at);
        also_held.set(-1);
        assert_eq!(HELD.with(&key).get(), at);
        HELD.remove(&key);
    }
    assert_eq!(also_held.get(), -1);
}

#[test]
fn handles_to_removed_series_do_not_write_into_others_when_all_places_are_held() {
    let (registry, gauge) = capped::<Gauge>("a", 2);
    gauge.with(&["kept"]).set(42);
    let held: Vec<Gauge> = (0..2_000)
        .map(|at| {
            let key = at.to_string();
            let held = gauge.with(&[&key]);
            held.set(7);
            gauge.remove(&[&key]);
            held
        })
        .collect();
    assert_eq!(values(&registry.gather()[0])["key=kept"], 42.0);
    drop(held);
    gauge.with(&["next"]).set(1);
    assert_eq!(values(&registry.gather()[0])["key=next"], 1.0);
}

#[test]
fn a_cap_may_be_as_large_as_a_number_can_be() {
    let (_registry, counter) = capped::<Counter>("a_total", usize::MAX);
    counter.with(&["a"]).inc();
    assert_eq!(counter.with(&["a"]).get(), 1);
}

/// Each owner's series live through it all; the churner's come and go beside them.
#[test]
fn owners_lose_nothing_while_others_come_and_go() {
    metrics! {
        /// Recordings.
        #[max_series(64)]
        static OWNED: Counter<(owner: &str, key: &str)> = "series_owned_total";
        /// Recordings.
        #[max_series(64)]
        static OWNED_HISTOGRAM: Histogram<(owner: &str, key: &str)> = "series_owned_histogram";
    }
    let done = AtomicBool::new(false);
    let keys = [
        "a",
        "b",
        "c",
        "a longer key, which continues in another entry of the index",
    ];
    thread::scope(|scope| {
        let owners: Vec<_> = ["1", "2", "3", "4"]
            .map(|owner| {
                scope.spawn(move || {
                    for at in 0..20_000 {
                        OWNED.with(owner, keys[at % 4]).inc();
                        OWNED_HISTOGRAM.with(owner, keys[at % 4]).observe(1.0);
                    }
                })
            })
            .into();
        scope.spawn(|| {
            for at in 0.. {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                let key = format!("{at}, sometimes long: {}", "x".repeat(at % 100));
                OWNED.with("churner", &key).inc_by(1_000_000);
                OWNED_HISTOGRAM.with("churner", &key).observe(1e6);
                if at % 3 == 0 {
                    OWNED.retain(|labels| labels.get("owner").as_deref() != Some("churner"));
                    let of = |owner| OWNED_HISTOGRAM.remove(owner, &key);
                    of("churner");
                } else {
                    OWNED.remove("churner", &key);
                    OWNED_HISTOGRAM.remove("churner", &key);
                }
            }
        });
        for owner in owners {
            owner.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    for owner in ["1", "2", "3", "4"] {
        for key in keys {
            assert_eq!(OWNED.with(owner, key).get(), 5_000, "{owner} {key}");
            let state = OWNED_HISTOGRAM.with(owner, key).get();
            assert_eq!((state.count, state.sum), (5_000, 5_000.0), "{owner} {key}");
        }
    }
}

#[test]
fn a_removed_series_never_comes_back_with_what_it_had() {
    metrics! {
        /// Recordings.
        static BACK: Counter<(key: &str)> = "series_back_total";
    }
    let (begun, ended) = (AtomicU64::new(0), AtomicU64::new(0));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    begun.fetch_add(1, Ordering::SeqCst);
                    BACK.with("a").inc();
                    ended.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let _done = Done(&done);
        for _ in 0..20_000 {
            let ended = ended.load(Ordering::SeqCst);
            BACK.remove("a");
            let value = BACK.with("a").get();
            let since = begun.load(Ordering::SeqCst) - ended;
            assert!(value <= since, "{value} of {since} since it was removed");
        }
    });
}

/// A thread finds some series in a table of its own, up to a limit; here are fewer, as many and
/// more, and some that come back again and again.
#[test]
fn a_thread_finds_each_series_however_many_it_touches_and_whichever_are_removed() {
    metrics! {
        /// Recordings.
        static TOUCHED: Counter<(text: &str)> = "series_touched_total";
    }
    for width in [3, 100, 140, 1_000] {
        // A thread that was given up on its table does not try again: one for each width.
        let recording = move || {
            let mut random = Xorshift(0x2545_f491_4f6c_dd1d ^ width);
            let mut expected = BTreeMap::new();
            for _ in 0..40_000 {
                let text = format!("{width}-{}", random.below(width));
                if random.below(50) == 0 {
                    assert_eq!(TOUCHED.remove(&text), expected.remove(&text).is_some());
                } else {
                    TOUCHED.with(&text).inc();
                    *expected.entry(text).or_insert(0) += 1;
                }
            }
            for (text, times) in expected {
                assert_eq!(TOUCHED.with(&text).get(), times, "{text}");
            }
        };
        thread::spawn(recording).join().expect("all are found");
    }
}

struct Xorshift(u64);

impl Xorshift {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

#[test]
fn two_threads_that_set_an_info_at_once_leave_one() {
    metrics! {
        /// Recordings.
        static BOTH: Info<(by: &str)> = "series_both_info";
    }
    for _ in 0..5_000 {
        thread::scope(|scope| {
            scope.spawn(|| BOTH.set("a"));
            BOTH.set("b");
        });
        let mut text = Vec::new();
        let wanted = |name: &str| name == "series_both_info";
        let registry = Registry::global();
        registry
            .encode_filtered(Format::Text, &mut text, wanted)
            .unwrap();
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.matches("\nseries_both_info{").count(), 1, "{text}");
    }
}

#[test]
fn a_million_values_under_a_cap_take_no_more_memory_than_the_cap() {
    metrics! {
        /// Recordings.
        #[max_series(1000)]
        static CHURN: Counter<(key: &str)> = "series_churn_total";
    }
    let churn = |range: Range<u32>| {
        for at in range {
            let key = |at| format!("a value of more than forty bytes, number {at}");
            CHURN.with(&key(at)).inc();
            if at >= 999 {
                assert!(CHURN.remove(&key(at - 999)), "{at}");
            }
        }
    };
    in_a_process_of_its_own(
        "a_million_values_under_a_cap_take_no_more_memory_than_the_cap",
        || {
            churn(0..10_000);
            let grown = growth(|| churn(10_000..1_000_000));
            assert!(grown < 4 << 20, "grew by {grown} bytes");
            assert_eq!(values(&global("series_churn_total")).len(), 999);
        },
    );
}

#[test]
fn windows_of_removed_summaries_take_no_memory() {
    metrics! {
        /// Recordings.
        #[max_series(10)]
        #[quantiles(0.5)]
        static WINDOWS: Summary<(key: &str)> = "series_windows";
    }
    let churn = |range: Range<u32>| {
        for at in range {
            let key = at.to_string();
            WINDOWS.with(&key).observe(1.0);
            WINDOWS.remove(&key);
        }
    };
    in_a_process_of_its_own("windows_of_removed_summaries_take_no_memory", || {
        churn(0..100);
        let grown = growth(|| churn(100..5_000));
        assert!(grown < 4 << 20, "grew by {grown} bytes");
    });
}

/// Labels, as `name=value,`, and the value: a number, or the sum of observations.
type Values = BTreeMap<String, f64>;

fn values(family: &MetricFamily) -> Values {
    let value = |value: &MetricValue| match value {
        MetricValue::Counter(number) | MetricValue::Gauge(number) => number.as_f64(),
        MetricValue::Histogram { sum, .. } | MetricValue::Summary { sum, .. } => *sum,
        _ => 1.0,
    };
    let metrics = family.metrics.iter().map(|metric| {
        let pair = |(name, value): &(String, String)| format!("{name}={value}");
        let labels: Vec<_> = metric.labels.iter().map(pair).collect();
        (labels.join(","), value(&metric.value))
    });
    metrics.collect()
}

fn one(labels: &str, value: f64) -> Values {
    Values::from([(labels.to_owned(), value)])
}

#[track_caller]
fn global(name: &str) -> MetricFamily {
    let families = Registry::global().gather();
    let found = families.into_iter().find(|family| family.name == name);
    found.unwrap_or_else(|| panic!("no family `{name}`"))
}

fn labelled<M: DynamicMetric>(options: Options) -> (Registry, DynamicFamily<M>) {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    let labelled = registry.create_family(options).unwrap();
    (registry, labelled)
}

fn capped<M: DynamicMetric>(name: &str, cap: usize) -> (Registry, DynamicFamily<M>) {
    labelled(
        Options::new(name, "Recordings.")
            .labels(["key"])
            .max_series(cap),
    )
}

/// Ends loops, also when the test has failed.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
