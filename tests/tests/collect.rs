//! Tests of the collectors of tokio's runtime and task metrics.

#![allow(clippy::float_cmp, reason = "what is counted is whole")]

use std::{future, sync::Arc, thread, time::Duration};

use metrics_http::{Format, Registry, collect, collect::TaskMonitors};
use tests::{
    strict::{self, Dialect, Family},
    wait_until,
};
use tokio::runtime::{Builder, Runtime};
use tokio_metrics::TaskMonitor;

/// Encodes a registry in OpenMetrics and parses the text with the strict parser.
#[track_caller]
fn families(registry: &Registry) -> Vec<Family> {
    let text = registry.encode_to_string(Format::OpenMetrics);
    strict::parse(&text, Dialect::OpenMetrics, false).unwrap()
}

/// Returns the value of the sample `name` with the labels `labels`.
#[track_caller]
fn value(registry: &Registry, name: &str, labels: &[(&str, &str)]) -> f64 {
    let families = families(registry);
    let labels = labels.iter().copied();
    let labels = labels.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let labels = labels.collect();
    let mut samples = families.iter().flat_map(|family| &family.samples);
    let sample = samples.find(|sample| sample.name == name && sample.labels == labels);
    sample
        .unwrap_or_else(|| panic!("no `{name}` {labels:?}: {families:#?}"))
        .value
}

fn registry_of(runtime: &Runtime) -> Registry {
    let registry = Registry::new();
    let collector = collect::tokio(runtime.handle());
    registry.register(collector).unwrap();
    registry
}

fn workers(count: usize) -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(count).enable_time().build().unwrap()
}

#[test]
fn a_task_counts_as_alive_until_it_ends() {
    let runtime = workers(2);
    let registry = registry_of(&runtime);
    let tasks: Vec<_> = (0..3)
        .map(|_| runtime.spawn(future::pending::<()>()))
        .collect();
    assert_eq!(value(&registry, "tokio_workers", &[]), 2.0);
    assert_eq!(value(&registry, "tokio_alive_tasks", &[]), 3.0);
    for task in tasks {
        task.abort();
    }
    wait_until(TIMEOUT, "the tasks have ended", || {
        (value(&registry, "tokio_alive_tasks", &[]) == 0.0).then_some(())
    });
}

#[test]
fn tasks_that_no_worker_has_taken_are_in_the_global_queue() {
    // This runtime has no threads, so its tasks stay in the queue until `block_on` runs them.
    let runtime = Builder::new_current_thread().build().unwrap();
    let registry = registry_of(&runtime);
    for _ in 0..4 {
        runtime.spawn(async {});
    }
    assert_eq!(value(&registry, "tokio_global_queue_depth", &[]), 4.0);
    runtime.block_on(tokio::task::yield_now());
    assert_eq!(value(&registry, "tokio_global_queue_depth", &[]), 0.0);
}

#[test]
fn busy_time_and_parks_are_counted_per_worker() {
    let runtime = workers(2);
    let registry = registry_of(&runtime);
    let work = runtime.spawn(async { (0..1000).for_each(|_| thread::yield_now()) });
    runtime.block_on(work).unwrap();
    wait_until(TIMEOUT, "a worker has counted the time", || {
        let busy = |worker| value(&registry, "tokio_worker_busy_seconds_total", &[worker]);
        (busy(("worker", "0")) + busy(("worker", "1")) > 0.0).then_some(())
    });
    wait_until(TIMEOUT, "both have parked", || {
        let parks = |worker| value(&registry, "tokio_worker_parks_total", &[worker]);
        (parks(("worker", "0")) > 0.0 && parks(("worker", "1")) > 0.0).then_some(())
    });
}

#[test]
fn runtimes_are_distinguished_by_a_label() {
    let (web, jobs) = (workers(2), workers(3));
    let registry = Registry::new();
    let both = [("web", web.handle()), ("jobs", jobs.handle())];
    registry.register(collect::tokio_runtimes(both)).unwrap();
    let workers = |runtime| value(&registry, "tokio_workers", &[("runtime", runtime)]);
    assert_eq!((workers("web"), workers("jobs")), (2.0, 3.0));
    // Only one of them has a third worker, which parks because it has no task.
    let labels = [("runtime", "jobs"), ("worker", "2")];
    wait_until(TIMEOUT, "it has parked", || {
        (value(&registry, "tokio_worker_parks_total", &labels) > 0.0).then_some(())
    });
}

#[test]
fn a_second_collector_of_runtimes_is_refused() {
    let runtime = workers(1);
    let registry = registry_of(&runtime);
    let again = collect::tokio(runtime.handle());
    registry.register(again).unwrap_err();
    assert_eq!(value(&registry, "tokio_workers", &[]), 1.0);
}

#[test]
fn a_runtime_that_has_ended_is_still_exposed() {
    let runtime = workers(2);
    let registry = registry_of(&runtime);
    runtime.spawn(future::pending::<()>());
    drop(runtime);
    assert_eq!(value(&registry, "tokio_alive_tasks", &[]), 0.0);
}

fn registry_with(tasks: &Arc<TaskMonitors>) -> Registry {
    let registry = Registry::new();
    registry.register(tasks.clone()).unwrap();
    registry
}

#[test]
fn tasks_are_counted_under_their_monitors_name() {
    let tasks = Arc::new(TaskMonitors::new());
    let registry = registry_with(&tasks);
    let runtime = workers(2);
    let spawned: Vec<_> = ["mailer", "mailer", "cleaner"]
        .map(|name| runtime.spawn(tasks.monitor(name).instrument(tokio::task::yield_now())))
        .into();
    for task in spawned {
        runtime.block_on(task).unwrap();
    }
    let of = |task, name: &str| value(&registry, name, &[("task", task)]);
    for (task, count) in [("mailer", 2.0), ("cleaner", 1.0)] {
        assert_eq!(of(task, "tokio_task_instrumented_total"), count);
        assert_eq!(of(task, "tokio_task_first_polls_total"), count);
        assert_eq!(of(task, "tokio_task_polls_total"), 2.0 * count);
        assert_eq!(of(task, "tokio_task_schedules_total"), count);
        assert!(of(task, "tokio_task_poll_seconds_total") > 0.0);
        wait_until(TIMEOUT, "the tasks are gone", || {
            (of(task, "tokio_task_dropped_total") == count).then_some(())
        });
    }
}

#[test]
fn slow_polls_are_counted_by_the_monitors_threshold() {
    let tasks = Arc::new(TaskMonitors::new());
    let registry = registry_with(&tasks);
    // Every poll exceeds the threshold of zero, and none exceeds `Duration::MAX`.
    for (name, slow) in [("strict", Duration::ZERO), ("lenient", Duration::MAX)] {
        tasks.add(name, TaskMonitor::with_slow_poll_threshold(slow));
        let monitor = tasks.monitor(name);
        let runtime = workers(1);
        let task = runtime.spawn(monitor.instrument(async { thread::yield_now() }));
        runtime.block_on(task).unwrap();
    }
    let slow = |task| value(&registry, "tokio_task_slow_polls_total", &[("task", task)]);
    assert_eq!((slow("strict"), slow("lenient")), (1.0, 0.0));
}

#[test]
fn task_metrics_appear_with_the_first_monitor() {
    let tasks = Arc::new(TaskMonitors::new());
    assert!(families(&registry_with(&tasks)).is_empty());
}

const TIMEOUT: Duration = Duration::from_secs(20);
