//! Tests of the cache in which a thread finds the series of all dynamic metrics.

use std::{sync::mpsc::channel, thread};

use crate::{
    metric::{
        counter::Counter,
        dynamic::{DynamicFamily, DynamicMetric, Options},
        histogram::Histogram,
    },
    registry::Registry,
    storage::release_thread_storage,
};

fn family<M: DynamicMetric>(name: &str) -> DynamicFamily<M> {
    let options = Options::new(name, "Recordings.").labels(["key"]);
    Registry::new().create_family(options).expect("valid")
}

/// Increments the series of each key so often that its last increment finds it in the cache.
fn count(counters: &DynamicFamily<Counter>, keys: &[&str]) {
    for _ in 0..3 {
        for key in keys {
            counters.with(&[key]).inc();
        }
    }
}

#[test]
fn a_series_that_is_created_again_after_its_removal_counts_from_zero() {
    let counters: DynamicFamily<Counter> = family("a_total");
    for _ in 0..3 {
        count(&counters, &["a", "b"]);
        assert_eq!(counters.with(&["a"]).get(), 3);
        assert!(counters.remove(&["a"]));
        assert!(counters.remove(&["b"]));
    }
}

#[test]
fn a_series_in_the_place_of_another_counts_its_own_recordings() {
    let counters: DynamicFamily<Counter> = family("a_total");
    for key in ["a", "b", "c"] {
        count(&counters, &[key]);
        assert_eq!(counters.with(&[key]).get(), 3);
        assert!(counters.remove(&[key]));
    }
}

#[test]
fn a_family_counts_its_own_recordings_after_another_one_was_dropped() {
    for _ in 0..100 {
        let counters: DynamicFamily<Counter> = family("a_total");
        count(&counters, &["a", "b"]);
        assert_eq!(counters.with(&["a"]).get(), 3);
    }
}

#[test]
fn a_thread_records_after_a_family_was_dropped_whose_series_it_has_cached() {
    let (send, families) = channel::<DynamicFamily<Counter>>();
    let (dropped, is_dropped) = channel();
    let recorder = thread::spawn(move || {
        for counters in families {
            count(&counters, &["a", "b"]);
            drop(counters);
            dropped.send(()).expect("the test waits");
        }
    });
    for _ in 0..20 {
        let counters: DynamicFamily<Counter> = family("a_total");
        send.send(counters.clone()).expect("the thread waits");
        is_dropped.recv().expect("the thread records");
        assert_eq!(counters.with(&["a"]).get(), 3);
        // The last reference is this thread's, so the recording thread's cells are freed here.
        drop(counters);
    }
    drop(send);
    recorder.join().expect("the thread does not panic");
}

#[test]
fn recordings_of_a_thread_stay_when_it_ends() {
    let counters: DynamicFamily<Counter> = family("a_total");
    for _ in 0..3 {
        thread::scope(|scope| {
            scope.spawn(|| count(&counters, &["a", "b"]));
        });
    }
    assert_eq!(counters.with(&["a"]).get(), 9);
}

#[test]
fn a_destructor_at_the_end_of_a_thread_records_into_a_series_that_the_thread_had_cached() {
    struct AtEnd(DynamicFamily<Counter>);

    impl Drop for AtEnd {
        fn drop(&mut self) {
            count(&self.0, &["a"]);
        }
    }

    thread_local! {
        static AT_END: std::cell::OnceCell<AtEnd> = const { std::cell::OnceCell::new() };
    }

    let counters: DynamicFamily<Counter> = family("a_total");
    let thread = thread::spawn({
        let counters = counters.clone();
        move || {
            // Destructors run in the reverse order of the first accesses.
            AT_END.with(|at_end| _ = at_end.set(AtEnd(counters.clone())));
            count(&counters, &["a"]);
        }
    });
    thread.join().expect("the thread does not panic");
    assert_eq!(counters.with(&["a"]).get(), 6);
}

#[test]
fn a_thread_that_has_given_its_storage_back_records_into_new_storage() {
    let counters: DynamicFamily<Counter> = family("a_total");
    for round in 1..4 {
        count(&counters, &["a", "b"]);
        release_thread_storage();
        assert_eq!(counters.with(&["a"]).get(), 3 * round);
    }
}

#[test]
fn more_series_than_the_cache_holds_are_counted() {
    let counters: DynamicFamily<Counter> = family("a_total");
    let keys: Vec<String> = (0..2_000).map(|key| key.to_string()).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    count(&counters, &keys);
    for key in keys {
        assert_eq!(counters.with(&[key]).get(), 3, "{key}");
    }
}

#[test]
fn families_with_equal_labels_share_the_cache_but_no_series() {
    let counters: [DynamicFamily<Counter>; 8] = std::array::from_fn(|_| family("a_total"));
    let histogram: DynamicFamily<Histogram> = family("a_seconds");
    for round in 0..3 {
        for (at, counters) in counters.iter().enumerate() {
            counters.with(&["a"]).inc_by(at as u64);
            histogram.with(&["a"]).observe(f64::from(round));
        }
    }
    for (at, counters) in counters.iter().enumerate() {
        assert_eq!(counters.with(&["a"]).get(), 3 * at as u64);
    }
    assert_eq!(histogram.with(&["a"]).get().count, 24);
}

#[test]
fn a_stored_result_of_with_records_after_the_cache_was_emptied() {
    let counters: DynamicFamily<Counter> = family("a_total");
    count(&counters, &["a"]);
    let stored = counters.with(&["a"]);
    release_thread_storage();
    stored.inc();
    assert_eq!(counters.with(&["a"]).get(), 4);
}

#[test]
fn a_handle_records_after_all_other_references_to_the_family_were_dropped() {
    let counters: DynamicFamily<Counter> = family("a_total");
    let bound = counters.bind(&["a"]);
    let copy = bound.clone();
    bound.inc();
    drop((counters, bound));
    copy.inc();
    thread::scope(|scope| {
        scope.spawn(|| copy.inc());
    });
    assert_eq!(copy.get(), 3);
}
