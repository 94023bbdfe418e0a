//! Tests metrics that the program creates while it runs: their lifetime, and `get_or_create`.

use std::{sync::Barrier, thread};

use metrics_core::{Counter, Format, Gauge, Histogram, Registry, UpDownCounter};
use tests::assert_panics;

use crate::support::{labelled, options};

#[test]
fn threads_that_get_or_create_a_family_at_once_share_it() {
    let registry = Registry::new();
    let barrier = Barrier::new(4);
    for name in (0..50).map(|at| format!("a{at}")) {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    barrier.wait();
                    let options = options(&name).labels(["x"]);
                    let family = registry.get_or_create_family::<Gauge>(options).unwrap();
                    family.with(&["y"]).add(1);
                    barrier.wait();
                    assert_eq!(family.with(&["y"]).get(), 4);
                });
            }
        });
    }
}

#[test]
fn a_metric_outlives_its_registry() {
    let registry = Registry::new();
    let counter = registry.create::<Counter>(options("a_total")).unwrap();
    drop(registry);
    counter.inc();
    thread::spawn({
        let counter = counter.clone();
        move || counter.inc()
    })
    .join()
    .unwrap();
    assert_eq!(counter.get(), 2);
}

#[test]
fn a_metric_without_handles_is_still_exposed() {
    let registry = Registry::new();
    registry
        .create::<Counter>(options("a_total"))
        .unwrap()
        .inc_by(5);
    assert!(
        registry
            .encode_to_string(Format::Text)
            .ends_with("a_total 5\n")
    );
}

#[test]
fn get_or_create_returns_the_same_metric() {
    let registry = Registry::new();
    let share = || registry.get_or_create_family::<Counter>(options("a_total").labels(["x"]));
    share().unwrap().with(&["a"]).inc();
    let again = share().unwrap();
    again.with(&["a"]).inc();
    assert_eq!(again.with(&["a"]).get(), 2);
}

/// The test's time is proportional to the number of metrics; if a registry compared each metric
/// with all others, the test would take minutes.
#[test]
fn twenty_thousand_metrics_are_created_and_exposed() {
    let registry = Registry::new();
    for at in 0..20_000 {
        let options = options(&format!("created_{at}_total"));
        registry.create::<Counter>(options).unwrap().inc();
    }
    let text = registry.encode_to_string(Format::Text);
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    assert_eq!(samples.count(), 20_000);
}

#[test]
fn threads_that_get_or_create_at_once_get_the_same_metric() {
    for _ in 0..500 {
        let registry = Registry::new();
        let start = Barrier::new(2);
        let level = || {
            start.wait();
            let options = options("level").labels(["x"]);
            registry.get_or_create_family::<Gauge>(options).unwrap()
        };
        let levels = thread::scope(|scope| {
            let other = scope.spawn(level);
            [level(), other.join().unwrap()]
        });
        for level in levels {
            level.with(&["a"]).set(5);
        }
        let text = registry.encode_to_string(Format::Text);
        assert!(text.contains("level{x=\"a\"} 5\n"), "{text}");
    }
}

#[test]
fn get_or_create_finds_a_metric_whether_or_not_it_was_exposed_since() {
    let registry = Registry::new();
    let share = |name| {
        let options = options(name).labels(["x"]);
        registry.get_or_create_family::<Counter>(options).unwrap()
    };
    for name in ["b_total", "c_total", "a_total"] {
        share(name).with(&["a"]).inc();
    }
    registry.encode_to_string(Format::Text);
    for name in ["c_total", "a_total", "b_total"] {
        share(name).with(&["a"]).inc();
        assert_eq!(share(name).with(&["a"]).get(), 2);
    }
}

#[test]
fn get_or_create_does_not_share_metrics_with_different_options() {
    let registry = Registry::new();
    let share = |max| {
        let options = options("a_total").labels(["x"]).max_series(max);
        registry.get_or_create_family::<Counter>(options).unwrap()
    };
    share(1).with(&["a"]).inc();
    assert_eq!(share(2).with(&["a"]).get(), 0);
    let gauge = registry.get_or_create_family::<Gauge>(options("b").labels(["x"]));
    gauge.unwrap().with(&["a"]).set(3);
    let error = registry.get_or_create_family::<UpDownCounter>(options("b").labels(["x"]));
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("different metric types: `Gauge` at"),
        "{error}"
    );
    let options = options("b").labels(["x"]).absent_until_set();
    let error = registry.get_or_create_family::<Gauge>(options).unwrap_err();
    let absent = "`Gauge that is absent until set` at";
    assert!(error.to_string().contains(absent), "{error}");
}

#[test]
fn reused_storage_starts_at_zero() {
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for round in 0..300 {
                    let registry = Registry::new();
                    let counter = labelled::<Counter>(&registry, options("a_total").labels(["x"]));
                    let histogram = registry.create::<Histogram>(options("b")).unwrap();
                    counter.with(&["a"]).inc();
                    histogram.observe(1.0);
                    let elsewhere = (counter.clone(), histogram.clone());
                    let elsewhere = thread::spawn(move || {
                        elsewhere.0.with(&["a"]).inc();
                        elsewhere.1.observe(1.0);
                    });
                    elsewhere.join().unwrap();
                    assert_eq!(counter.with(&["a"]).get(), 2, "{round}");
                    assert_eq!(histogram.get().sum, 2.0, "{round}");
                }
            });
        }
    });
}

#[test]
fn a_wrong_number_of_label_values_is_an_error_that_names_the_labels() {
    let registry = Registry::new();
    let counter = labelled::<Counter>(&registry, options("a_total").labels(["x", "y"]));
    counter.with(&["1", "2"]).inc();
    for values in [&[][..], &["1"], &["1", "2", "3"]] {
        let error = counter.try_with(values).unwrap_err().to_string();
        let expected = "`a_total` has the labels `x`, `y`, but the label values are ";
        assert!(error.starts_with(expected), "{error}");
        assert_panics(|| counter.with(values));
        assert_panics(|| counter.remove(values));
    }
    assert_eq!(registry.gather()[0].metrics.len(), 1);
}

#[test]
fn a_removed_metric_is_not_exposed_and_its_name_is_free() {
    let registry = Registry::new();
    let counter = registry.create::<Counter>(options("a_total")).unwrap();
    counter.inc();
    assert!(registry.remove(&counter));
    assert!(!registry.remove(&counter));
    assert_eq!(registry.encode_to_string(Format::Text), "");
    counter.inc();
    assert_eq!(counter.get(), 2);
    let gauge = registry.create::<Gauge>(options("a")).unwrap();
    gauge.set(7);
    assert!(registry.encode_to_string(Format::Text).ends_with("\na 7\n"));
}

#[test]
fn a_removed_family_leaves_with_all_its_series_and_no_other_metric() {
    let registry = Registry::new();
    let removed = labelled::<Counter>(&registry, options("a_total").labels(["x"]));
    let stays = labelled::<Counter>(&registry, options("b_total").labels(["x"]));
    for family in [&removed, &stays] {
        family.with(&["1"]).inc();
        family.with(&["2"]).inc();
    }
    assert!(!Registry::new().remove_family(&removed));
    assert!(registry.remove_family(&removed));
    let text = registry.encode_to_string(Format::Text);
    assert!(!text.contains("a_total"), "{text}");
    assert_eq!(text.matches("b_total{").count(), 2, "{text}");
}

#[test]
fn one_of_two_metrics_that_are_added_up_can_be_removed() {
    let registry = Registry::new();
    let [first, second] = [1, 2].map(|n| {
        let counter = registry.create::<Counter>(options("a_total")).unwrap();
        counter.inc_by(n);
        counter
    });
    assert!(registry.remove(&first));
    assert!(
        registry
            .encode_to_string(Format::Text)
            .ends_with("\na_total 2\n")
    );
    assert!(registry.remove(&second));
}
