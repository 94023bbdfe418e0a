//! Lists the metrics of tokio runtimes that tokio provides only with `--cfg tokio_unstable`.

use metrics_core::Kind;

#[cfg(target_has_atomic = "64")]
use super::metric::per_worker;
use super::metric::{Metric, per_runtime};

pub(super) fn metrics() -> Vec<Metric> {
    vec![
        per_runtime(
            Kind::Gauge,
            "tokio_blocking_threads",
            "Threads for blocking calls.",
            |runtime| runtime.num_blocking_threads() as f64,
        ),
        per_runtime(
            Kind::Gauge,
            "tokio_idle_blocking_threads",
            "Idle threads for blocking calls.",
            |runtime| runtime.num_idle_blocking_threads() as f64,
        ),
        per_runtime(
            Kind::Gauge,
            "tokio_blocking_queue_depth",
            "Blocking calls waiting for a thread.",
            |runtime| runtime.blocking_queue_depth() as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        per_runtime(
            Kind::Counter,
            "tokio_spawned_tasks_total",
            "Spawned tasks.",
            |runtime| runtime.spawned_tasks_count() as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        per_runtime(
            Kind::Counter,
            "tokio_remote_schedules_total",
            "Times a task was scheduled from outside the runtime.",
            |runtime| runtime.remote_schedule_count() as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        per_runtime(
            Kind::Counter,
            "tokio_budget_forced_yields_total",
            "Times a task was forced to yield because its budget was exhausted.",
            |runtime| runtime.budget_forced_yield_count() as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        per_worker(
            Kind::Gauge,
            "tokio_worker_local_queue_depth",
            "Tasks waiting in the local queue of a worker.",
            |runtime, worker| runtime.worker_local_queue_depth(worker) as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        per_worker(
            Kind::Counter,
            "tokio_worker_polls_total",
            "Task polls by a worker.",
            |runtime, worker| runtime.worker_poll_count(worker) as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        per_worker(
            Kind::Counter,
            "tokio_worker_steals_total",
            "Tasks that a worker stole from others.",
            |runtime, worker| runtime.worker_steal_count(worker) as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        per_worker(
            Kind::Counter,
            "tokio_worker_steal_operations_total",
            "Times a worker stole tasks from others.",
            |runtime, worker| runtime.worker_steal_operations(worker) as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        per_worker(
            Kind::Counter,
            "tokio_worker_local_schedules_total",
            "Times a task was scheduled from within a worker.",
            |runtime, worker| runtime.worker_local_schedule_count(worker) as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        per_worker(
            Kind::Counter,
            "tokio_worker_overflows_total",
            "Times the local queue of a worker was full.",
            |runtime, worker| runtime.worker_overflow_count(worker) as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        per_worker(
            Kind::Counter,
            "tokio_worker_noops_total",
            "Times a worker was woken without work.",
            |runtime, worker| runtime.worker_noop_count(worker) as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        per_runtime(
            Kind::Counter,
            "tokio_io_driver_registered_fds_total",
            "File descriptors registered with the I/O driver.",
            |runtime| runtime.io_driver_fd_registered_count() as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        per_runtime(
            Kind::Counter,
            "tokio_io_driver_deregistered_fds_total",
            "File descriptors deregistered from the I/O driver.",
            |runtime| runtime.io_driver_fd_deregistered_count() as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        per_runtime(
            Kind::Counter,
            "tokio_io_driver_ready_events_total",
            "Ready events processed by the I/O driver.",
            |runtime| runtime.io_driver_ready_count() as f64,
        ),
    ]
}
