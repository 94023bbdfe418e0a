//! Tests of the series that `with` of a dynamic metric returns: recordings count for the series that
//! was looked up, or for none.

use std::thread;

use metrics_core::{Counter, Histogram, Options, Registry, Summary};

use crate::support::{labelled, with_limit};

#[test]
fn a_recording_into_a_removed_series_does_not_count_for_the_next_one() {
    let (_registry, counter) = with_limit::<Counter>("a_total", 1);
    for round in 0..100 {
        let key = format!("first {round}");
        counter.with(&[&key]).inc();
        let borrowed = counter.with(&[&key]);
        assert!(counter.remove(&[&key]));
        let next = format!("next {round}");
        counter.with(&[&next]).inc_by(0);
        borrowed.inc();
        assert_eq!(counter.with(&[&next]).get(), 0);
        // This thread has zeroed its cells for the next series now.
        counter.with(&[&next]).inc();
        borrowed.inc();
        assert_eq!(counter.with(&[&next]).get(), 1);
        assert!(counter.remove(&[&next]));
    }
}

#[test]
fn a_series_that_is_created_again_starts_at_zero() {
    let (_registry, counter) = with_limit::<Counter>("a_total", 10);
    let borrowed = counter.with(&["a"]);
    borrowed.inc();
    assert!(counter.remove(&["a"]));
    borrowed.inc();
    assert_eq!(counter.with(&["a"]).get(), 0);
    borrowed.inc();
    assert_eq!(counter.with(&["a"]).get(), 0);
}

#[test]
fn a_borrowed_series_records_in_another_thread() {
    let (_registry, counter) = with_limit::<Counter>("a_total", 10);
    counter.with(&["a"]).inc();
    let borrowed = counter.with(&["a"]);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..10).for_each(|_| borrowed.inc()));
        }
    });
    borrowed.inc();
    assert_eq!(counter.with(&["a"]).get(), 22);
}

/// A registry that is created after another was dropped may have the addresses and the regions of
/// the dropped one.
#[test]
fn a_thread_tells_the_series_of_dropped_registries_from_those_of_new_ones() {
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                for round in 1..300 {
                    let (_registry, counter) = with_limit::<Counter>("a_total", 100);
                    let keys = ["a", "b", "a label with more than fifteen bytes"];
                    for (at, key) in keys.into_iter().enumerate() {
                        (0..at + round % 3).for_each(|_| counter.with(&[key]).inc());
                    }
                    for (at, key) in keys.into_iter().enumerate() {
                        assert_eq!(counter.with(&[key]).get(), (at + round % 3) as u64);
                    }
                }
            });
        }
    });
}

#[test]
fn a_timer_of_a_borrowed_series_observes() {
    let (_registry, histogram) = labelled::<Histogram>(Options::new("a", "A.").labels(["key"]));
    let borrowed = histogram.with(&["a"]);
    borrowed.start_timer().stop();
    borrowed.time(|| ());
    histogram.with(&["a"]).start_timer().discard();
    assert_eq!(histogram.with(&["a"]).get().count, 2);
    let (_registry, summary) =
        labelled::<Summary>(Options::new("b", "B.").labels(["key"]).quantiles([0.5]));
    let borrowed = summary.with(&["a"]);
    borrowed.time(|| ());
    borrowed.observe(1.0);
    assert_eq!(summary.with(&["a"]).get().count, 2);
}

#[test]
fn any_number_of_labels_leads_to_the_same_series_as_bind() {
    let registry = Registry::new();
    for labels in 1..8 {
        let names = (0..labels).map(|at| format!("label_{at}"));
        let options = Options::new(format!("a{labels}_total"), "A.").labels(names);
        let counter = registry.create_family::<Counter>(options).unwrap();
        for len in [0, 1, 8, 15, 16, 17, 100] {
            let value = "x".repeat(len);
            let values = vec![&*value; labels];
            counter.with(&values).inc();
            counter.bind(&values).inc();
            counter.try_with(&values).unwrap().inc();
            assert_eq!(
                counter.with(&values).get(),
                3,
                "{labels} labels of {len} bytes"
            );
        }
    }
}

#[test]
fn a_metric_without_labels_has_one_series() {
    let options = Options::new("a_total", "A.");
    let counter = Registry::new().create_family::<Counter>(options).unwrap();
    counter.with(&[]).inc();
    counter.bind(&[]).inc();
    assert_eq!(counter.with(&[]).get(), 2);
}
