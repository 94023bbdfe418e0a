//! Tests of bounds on the number of series: limits, allow-lists and normalisers, and of memory use
//! under a flood of label values.

#![allow(clippy::float_cmp, reason = "the amounts add up without rounding")]

use std::{
    borrow::Cow,
    collections::BTreeMap,
    env,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Instant,
};

use metrics_core::{
    Counter, DynamicFamily, Label, MetricFamily, MetricValue, Options, Registry, metrics,
};
use tests::{growth, in_own_process};

#[test]
fn the_registrys_limit_applies_to_metrics_without_one() {
    let registry = Registry::new();
    registry.max_series(3);
    let counter = labelled(&registry, "a_total");
    (0..10).for_each(|at| counter.with(&[&at.to_string()]).inc());
    let values = values(&family(&registry, "a_total"));
    assert_eq!(values.len(), 4);
    assert_eq!(values["key=overflow"], 7.0);
}

#[test]
fn a_metrics_own_limit_overrides_the_registrys() {
    let registry = Registry::new();
    registry.max_series(3);
    let options = Options::new("a_total", "A.").labels(["key"]).max_series(5);
    let counter = registry.create_family::<Counter>(options).unwrap();
    (0..10).for_each(|at| counter.with(&[&at.to_string()]).inc());
    assert_eq!(values(&family(&registry, "a_total")).len(), 6);
}

#[test]
fn a_new_registry_limit_applies_to_existing_metrics() {
    let registry = Registry::new();
    let counter = labelled(&registry, "a_total");
    registry.max_series(2);
    (0..10).for_each(|at| counter.with(&[&at.to_string()]).inc());
    registry.max_series(30_000);
    (0..20_000).for_each(|at| counter.with(&[&at.to_string()]).inc());
    let values = values(&family(&registry, "a_total"));
    assert_eq!(values["key=overflow"], 8.0);
    assert_eq!(values.len(), 20_001);
    assert_eq!(values["key=0"], 2.0);
    assert_eq!(values["key=9"], 1.0);
    assert_eq!(values["key=19999"], 1.0);
}

#[test]
fn lowering_the_limit_keeps_existing_series() {
    let registry = Registry::new();
    let counter = labelled(&registry, "a_total");
    (0..100).for_each(|at| counter.with(&[&at.to_string()]).inc());
    registry.max_series(10);
    (0..200).for_each(|at| counter.with(&[&at.to_string()]).inc());
    let values = values(&family(&registry, "a_total"));
    assert_eq!(values.len(), 101);
    assert_eq!(values["key=99"], 2.0);
    assert_eq!(values["key=overflow"], 100.0);
}

#[test]
fn raising_the_limit_while_threads_record_loses_nothing() {
    let registry = Registry::new();
    registry.max_series(1);
    let counter = labelled(&registry, "a_total");
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let recorders = [0, 1, 2].map(|thread| {
            let counter = &counter;
            scope.spawn(move || {
                for at in 0..20_000 {
                    counter.with(&[&(at % 5_000 + thread).to_string()]).inc();
                }
            })
        });
        scope.spawn(|| {
            for cap in (1..).step_by(7) {
                if done.load(Ordering::Relaxed) {
                    return;
                }
                registry.max_series(cap % 6_000);
            }
        });
        for recorder in recorders {
            recorder.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
    });
    let sum: f64 = values(&family(&registry, "a_total")).values().sum();
    assert_eq!(sum, 60_000.0);
}

#[test]
fn label_sets_beyond_the_limit_are_counted_per_family() {
    let registry = Registry::new();
    registry.write_self_metrics(true);
    registry.max_series(1);
    let (a, b) = (
        labelled(&registry, "a_total"),
        labelled(&registry, "b_total"),
    );
    for key in ["x", "y", "z"] {
        a.with(&[key]).inc();
    }
    for key in ["x", "y"] {
        b.with(&[key]).inc();
    }
    let overflowed = values(&family(&registry, "metrics_overflowed_total"));
    assert_eq!(overflowed["family=a_total"], 2.0);
    assert_eq!(overflowed["family=b_total"], 1.0);
}

#[test]
fn a_label_value_that_is_not_allowed_becomes_other() {
    metrics! {
        /// Requests.
        static ALLOWED: Counter<(
            #[allow_only("GET", "POST")] method: &str,
            tenant: &str,
        )> = "bounds_allowed_total";
    }
    for method in ["GET", "POST", "PUT", "get", "", "other"] {
        ALLOWED.with(method, "a").inc();
    }
    let values = values(&global("bounds_allowed_total"));
    let expected = [
        ("method=GET,tenant=a", 1.0),
        ("method=POST,tenant=a", 1.0),
        ("method=other,tenant=a", 4.0),
    ];
    assert_eq!(
        values,
        expected.map(|(key, value)| (key.to_owned(), value)).into()
    );
}

#[test]
fn the_replacement_for_other_values_can_be_named() {
    metrics! {
        /// Requests.
        static CALLED: Counter<(
            #[allow_only("GET", "POST", else = "unknown")] method: &str,
        )> = "bounds_called_total";
        /// Requests.
        static CALLED_AS_ONE: Counter<(
            #[allow_only("GET", "POST", else = "GET")] method: &str,
        )> = "bounds_called_as_one_total";
    }
    CALLED.with("PUT").inc();
    CALLED_AS_ONE.with("PUT").inc();
    assert_eq!(
        values(&global("bounds_called_total"))["method=unknown"],
        1.0
    );
    let values = values(&global("bounds_called_as_one_total"));
    assert_eq!((values.len(), values["method=GET"]), (2, 1.0));
}

#[test]
fn a_label_with_an_allow_list_is_closed_and_starts_at_zero() {
    metrics! {
        /// Requests.
        static FROM_THE_START: Counter<(
            #[allow_only("GET", "POST")] method: String,
            ok: bool,
        )> = "bounds_from_the_start_total";
    }
    assert_eq!(values(&global("bounds_from_the_start_total")).len(), 6);
    FROM_THE_START.bind("POST", true).inc();
    assert_eq!(FROM_THE_START.with("POST", true).get(), 1);
}

fn route_of(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

fn lower(text: &str) -> Cow<'_, str> {
    if text.chars().any(char::is_uppercase) {
        Cow::Owned(text.to_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

#[derive(Clone, Copy, Label)]
enum Class {
    Success,
    Failure,
}

fn class(status: u16) -> Class {
    if status < 400 {
        Class::Success
    } else {
        Class::Failure
    }
}

metrics! {
    /// Requests.
    static NORMALIZED: Counter<(#[normalize(route_of)] path: &str)> = "bounds_normalized_total";
}

#[test]
fn values_that_normalise_alike_share_a_series() {
    NORMALIZED.with("/a?1").inc();
    NORMALIZED.with("/a?2").inc();
    NORMALIZED.bind("/a").inc();
    assert_eq!(NORMALIZED.with("/a?3").get(), 3);
    assert!(NORMALIZED.remove("/a?4"));
    assert_eq!(values(&global("bounds_normalized_total")).len(), 0);
}

#[test]
fn a_normaliser_may_return_owned_text_or_a_closed_label() {
    metrics! {
        /// Requests.
        static OWNED: Counter<(
            #[normalize(lower)] host: &str,
            #[normalize(class)] class: u16,
        )> = "bounds_owned_total";
        /// Requests.
        static CLASSES: Gauge<(#[normalize(class)] class: u16)> = "bounds_classes";
        /// Requests.
        static BOTH: Histogram<(
            #[allow_only("get", "post")]
            #[normalize(lower)]
            method: &str,
        )> = "bounds_both";
    }
    OWNED.with("A", 200).inc();
    OWNED.with("a", 500).inc();
    assert_eq!(OWNED.with("A", 404).get(), 1);
    assert_eq!(values(&global("bounds_classes")).len(), 2, "it is closed");
    CLASSES.with(500).set(4);
    assert_eq!(CLASSES.with(404).get(), 4);
    BOTH.with("GET").observe(1.0);
    BOTH.with("PUT").observe(2.0);
    let values = values(&global("bounds_both"));
    assert_eq!(values["method=get"], 1.0);
    assert_eq!(values["method=other"], 2.0);
}

#[test]
fn a_million_values_beyond_the_limit_use_no_more_memory_than_the_limit() {
    metrics! {
        /// Recordings.
        static FLOOD: Counter<(key: &str)> = "bounds_flood_total";
    }
    in_own_process(
        "a_million_values_beyond_the_limit_use_no_more_memory_than_the_limit",
        || {
            let flood = |from: u64, to: u64| {
                for at in from..to {
                    FLOOD
                        .with(&format!("a value of some forty bytes, number {at:8}"))
                        .inc();
                }
            };
            flood(0, 20_000);
            let (count, start) = (1_000_000 * times(), Instant::now());
            let grown = growth(|| flood(20_000, count));
            eprintln!("{count} values: {:?}, {grown} bytes more", start.elapsed());
            assert!(grown < 1 << 20, "grew by {grown} bytes");
            let values = values(&global("bounds_flood_total"));
            assert_eq!(values.len(), 10_001);
            assert_eq!(values["key=overflow"] as u64, count - 10_000);
        },
    );
}

#[test]
fn a_million_values_that_come_and_go_under_the_limit_use_no_more_memory_than_the_limit() {
    metrics! {
        /// Recordings.
        static COME_AND_GO: Counter<(key: &str)> = "bounds_come_and_go_total";
    }
    in_own_process(
        "a_million_values_that_come_and_go_under_the_limit_use_no_more_memory_than_the_limit",
        || {
            let key = |at: u64| format!("a value of some forty bytes, number {at:8}");
            let churn = |from: u64, to: u64| {
                for at in from..to {
                    COME_AND_GO.with(&key(at)).inc();
                    if at >= 9_999 {
                        assert!(COME_AND_GO.remove(&key(at - 9_999)), "{at}");
                    }
                }
            };
            churn(0, 40_000);
            let (count, start) = (1_000_000 * times(), Instant::now());
            let grown = growth(|| churn(40_000, count));
            eprintln!("{count} values: {:?}, {grown} bytes more", start.elapsed());
            assert!(grown < 4 << 20, "grew by {grown} bytes");
            assert_eq!(values(&global("bounds_come_and_go_total")).len(), 9_999);
        },
    );
}

/// Returns the multiplier for the length of the long tests: 10 if `LONG` is set.
fn times() -> u64 {
    if env::var_os("LONG").is_some() { 10 } else { 1 }
}

/// Maps labels, as `name=value,…`, to the value of the series; of a histogram, to its sum.
type Values = BTreeMap<String, f64>;

fn values(family: &MetricFamily) -> Values {
    let value = |value: &MetricValue| match value {
        MetricValue::Counter(number) | MetricValue::Gauge(number) => number.as_f64(),
        MetricValue::Histogram { sum, .. } => *sum,
        other => panic!("{other:?}"),
    };
    let metrics = family.metrics.iter().map(|metric| {
        let pair = |(name, value): &(String, String)| format!("{name}={value}");
        let labels: Vec<_> = metric.labels.iter().map(pair).collect();
        (labels.join(","), value(&metric.value))
    });
    metrics.collect()
}

#[track_caller]
fn global(name: &str) -> MetricFamily {
    family(Registry::global(), name)
}

#[track_caller]
fn family(registry: &Registry, name: &str) -> MetricFamily {
    let families = registry.gather();
    let found = families.into_iter().find(|family| family.name == name);
    found.unwrap_or_else(|| panic!("no family `{name}`"))
}

fn labelled(registry: &Registry, name: &str) -> DynamicFamily<Counter> {
    let options = Options::new(name, "Recordings.").labels(["key"]);
    registry.create_family(options).unwrap()
}
