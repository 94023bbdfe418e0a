//! What tokio counts if the whole program is built with `--cfg tokio_unstable`.

use metrics_core::Kind;

#[cfg(target_has_atomic = "64")]
use super::worker;
use super::{Metric, whole};

pub(super) fn metrics() -> Vec<Metric> {
    vec![
        whole(
            Kind::Gauge,
            "tokio_blocking_threads",
            "Threads for blocking calls.",
            |runtime| runtime.num_blocking_threads() as f64,
        ),
        whole(
            Kind::Gauge,
            "tokio_idle_blocking_threads",
            "Threads for blocking calls that have nothing to do.",
            |runtime| runtime.num_idle_blocking_threads() as f64,
        ),
        whole(
            Kind::Gauge,
            "tokio_blocking_queue_depth",
            "Blocking calls that wait for a thread.",
            |runtime| runtime.blocking_queue_depth() as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        whole(
            Kind::Counter,
            "tokio_spawned_tasks_total",
            "Tasks that were spawned.",
            |runtime| runtime.spawned_tasks_count() as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        whole(
            Kind::Counter,
            "tokio_remote_schedules_total",
            "Times that a task was scheduled from outside the runtime.",
            |runtime| runtime.remote_schedule_count() as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        whole(
            Kind::Counter,
            "tokio_budget_forced_yields_total",
            "Times that a task had to yield because it had used up its budget.",
            |runtime| runtime.budget_forced_yield_count() as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        worker(
            Kind::Gauge,
            "tokio_worker_local_queue_depth",
            "Tasks that wait in a worker's own queue.",
            |runtime, worker| runtime.worker_local_queue_depth(worker) as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        worker(
            Kind::Counter,
            "tokio_worker_polls_total",
            "Times that a worker polled a task.",
            |runtime, worker| runtime.worker_poll_count(worker) as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        worker(
            Kind::Counter,
            "tokio_worker_steals_total",
            "Tasks that a worker took from others.",
            |runtime, worker| runtime.worker_steal_count(worker) as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        worker(
            Kind::Counter,
            "tokio_worker_steal_operations_total",
            "Times that a worker took tasks from others.",
            |runtime, worker| runtime.worker_steal_operations(worker) as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        worker(
            Kind::Counter,
            "tokio_worker_local_schedules_total",
            "Times that a task was scheduled from within a worker.",
            |runtime, worker| runtime.worker_local_schedule_count(worker) as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        worker(
            Kind::Counter,
            "tokio_worker_overflows_total",
            "Times that a worker's own queue was full.",
            |runtime, worker| runtime.worker_overflow_count(worker) as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        worker(
            Kind::Counter,
            "tokio_worker_noops_total",
            "Times that a worker was woken and found nothing to do.",
            |runtime, worker| runtime.worker_noop_count(worker) as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        whole(
            Kind::Counter,
            "tokio_io_driver_registered_fds_total",
            "File descriptors that were registered with the driver of input and output.",
            |runtime| runtime.io_driver_fd_registered_count() as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        whole(
            Kind::Counter,
            "tokio_io_driver_deregistered_fds_total",
            "File descriptors that were taken back from the driver of input and output.",
            |runtime| runtime.io_driver_fd_deregistered_count() as f64,
        ),
        #[cfg(target_has_atomic = "64")]
        whole(
            Kind::Counter,
            "tokio_io_driver_ready_events_total",
            "Events that the driver of input and output has passed on.",
            |runtime| runtime.io_driver_ready_count() as f64,
        ),
    ]
}
