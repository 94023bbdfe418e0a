//! Tests that after a removal, a handle to the removed series, or a result of `with`, does not
//! affect the series that takes over its storage.

use std::{
    sync::{Barrier, mpsc},
    thread,
};

use metrics_core::{Counter, Gauge, metrics};

use crate::support::{one, values, with_limit};

#[test]
fn retain_keeps_the_selected_series() {
    let (registry, counter) = with_limit::<Counter>("a_total", 100);
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
fn a_removed_series_of_every_type_restarts_at_zero() {
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
fn quantiles_are_those_of_the_series_that_has_the_place_now() {
    metrics! {
        /// Recordings.
        #[max_series(2)]
        #[quantiles(0.0, 1.0)]
        static SUCCESSIVE: Summary<(key: &str)> = "series_successive_summary";
    }
    let quantiles = |key: &str| SUCCESSIVE.with(key).get().quantiles;
    let (next, done) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        // This thread keeps storage of the place from one series to the next.
        scope.spawn(|| {
            for round in 0..20 {
                next.wait();
                if round % 3 != 0 {
                    SUCCESSIVE.with(&round.to_string()).observe(round.into());
                }
                done.wait();
            }
        });
        for round in 0..20 {
            let key = round.to_string();
            SUCCESSIVE.with(&key).observe(100.0);
            thread::scope(|scope| {
                scope
                    .spawn(|| SUCCESSIVE.with(&key).observe(50.0))
                    .join()
                    .unwrap();
            });
            next.wait();
            done.wait();
            let least = if round % 3 == 0 { 50.0 } else { round.into() };
            assert_eq!(
                quantiles(&key),
                [(0.0, least), (1.0, 100.0)],
                "round {round}"
            );
            assert!(SUCCESSIVE.remove(&key));
        }
    });
}

#[test]
fn a_removed_series_does_not_read_its_successors_value() {
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
fn a_recording_into_a_removed_series_does_not_reach_its_successor() {
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
fn an_ending_thread_adds_nothing_of_a_removed_series_to_its_successor() {
    metrics! {
        /// Recordings.
        static HEIRLESS: Counter<(key: &str)> = "series_heirless_total";
    }
    let (recorded, is_recorded) = mpsc::channel();
    let (end, ends) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        HEIRLESS.with("a").inc_by(7);
        recorded.send(()).unwrap();
        // Returns when the sender is dropped.
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
fn a_handle_to_a_removed_series_records_into_a_detached_cell() {
    let (registry, counter) = with_limit::<Counter>("a_total", 10);
    let held = counter.bind(&["a"]);
    held.inc();
    assert!(counter.remove(&["a"]));
    held.inc();
    assert_eq!(registry.gather()[0].metrics, []);
    counter.with(&["a"]).inc_by(5);
    held.inc();
    assert_eq!(values(&registry.gather()[0]), one("key=a", 5.0));
}

#[test]
fn a_slot_with_a_handle_is_not_reused() {
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
fn handles_to_removed_series_never_write_into_others_when_all_slots_are_held() {
    let (registry, gauge) = with_limit::<Gauge>("a", 2);
    gauge.with(&["kept"]).set(42);
    let held: Vec<Gauge> = (0..2_000)
        .map(|at| {
            let key = at.to_string();
            let held = gauge.bind(&[&key]);
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
