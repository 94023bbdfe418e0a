//! Tests that dropped registries leave no memory behind.

use std::{
    sync::{Barrier, atomic::Ordering},
    thread,
};

use metrics_core::{DynamicFamily, Histogram, Options, Registry, Summary};
use tests::in_own_process;

use crate::LIVE;

/// Creates a registry with a labelled histogram, which has several series.
fn registry_with_a_histogram() -> (Registry, DynamicFamily<Histogram>) {
    let registry = Registry::new();
    let options = Options::new("answer_seconds", "Time to answer.").labels(["route"]);
    let answers: DynamicFamily<Histogram> = registry.create_family(options).expect("valid");
    for route in ["/", "/users", "/orders"] {
        answers.with(&[route]).observe(0.1);
    }
    (registry, answers)
}

/// Returns the bytes that a new thread holds after an observation: what two threads in a row hold,
/// because the harness of the tests still allocates when a test begins.
fn bytes_of_a_thread() -> isize {
    let mut last = bytes_of_one_thread();
    loop {
        let bytes = bytes_of_one_thread();
        if bytes == last {
            return bytes;
        }
        last = bytes;
    }
}

fn bytes_of_one_thread() -> isize {
    let (_registry, answers) = registry_with_a_histogram();
    let before = LIVE.load(Ordering::Relaxed);
    let (observed, go) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            answers.with(&["/"]).observe(0.1);
            observed.wait();
            go.wait();
        });
        observed.wait();
        let live = LIVE.load(Ordering::Relaxed) - before;
        go.wait();
        // Joined, because the scope does not wait until the thread has freed what it holds.
        thread.join().expect("it does not panic");
        live
    })
}

#[test]
fn a_hundred_thousand_dropped_registries_do_not_enlarge_the_directory_of_a_thread() {
    let test =
        "dropped::a_hundred_thousand_dropped_registries_do_not_enlarge_the_directory_of_a_thread";
    in_own_process(test, || {
        let before = bytes_of_a_thread();
        (0..100_000).for_each(|_| drop(registry_with_a_histogram()));
        assert_eq!(bytes_of_a_thread(), before);
    });
}

#[test]
fn registries_that_were_dropped_together_do_not_enlarge_the_directory_of_a_thread() {
    let test =
        "dropped::registries_that_were_dropped_together_do_not_enlarge_the_directory_of_a_thread";
    in_own_process(test, || {
        let before = bytes_of_a_thread();
        drop(
            (0..5_000)
                .map(|_| registry_with_a_histogram())
                .collect::<Vec<_>>(),
        );
        assert_eq!(bytes_of_a_thread(), before);
    });
}

#[test]
fn dropped_registries_leave_no_windows_of_summaries_behind() {
    let round = || {
        let registry = Registry::new();
        let options = Options::new("answer_bytes", "Sizes.").quantiles([0.5]);
        let sizes: DynamicFamily<Summary> = registry
            .create_family(options.labels(["route"]))
            .expect("valid");
        let observe = || {
            for route in ["/", "/users", "/orders"] {
                (0..100).for_each(|size| sizes.with(&[route]).observe(size.into()));
            }
        };
        observe();
        thread::scope(|scope| scope.spawn(observe).join().expect("it does not panic"));
    };
    in_own_process(
        "dropped::dropped_registries_leave_no_windows_of_summaries_behind",
        || {
            // Until the thread's cache of series of dynamic metrics has its largest size.
            (0..1_000).for_each(|_| round());
            let before = LIVE.load(Ordering::Relaxed);
            (0..100).for_each(|_| round());
            assert_eq!(LIVE.load(Ordering::Relaxed) - before, 0, "bytes");
        },
    );
}
