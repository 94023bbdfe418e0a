//! What `tokio-metrics` counts of tasks.

use std::{
    collections::BTreeMap,
    fmt::{self, Debug, Formatter},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics_core::{Collection, Collector, Desc, Kind};
use tokio_metrics::{TaskMetrics, TaskMonitor};

/// Polls, waits and delays of tasks, by the name that their monitor is given.
///
/// The families have the label `task` and count from the start of the monitor on:
///
/// - `tokio_task_instrumented_total`, `tokio_task_dropped_total`: tasks begun and gone;
/// - `tokio_task_first_polls_total` and `tokio_task_first_poll_delay_seconds_total`: how long they
///   waited to be polled at all;
/// - `tokio_task_polls_total` and `tokio_task_poll_seconds_total`, and of these
///   `tokio_task_slow_polls_total` and `tokio_task_slow_poll_seconds_total`: tasks that hold up
///   their worker;
/// - `tokio_task_schedules_total` and `tokio_task_scheduled_seconds_total`, and of these
///   `tokio_task_long_delays_total` and `tokio_task_long_delay_seconds_total`: how long they
///   waited for a worker once they could go on;
/// - `tokio_task_idles_total` and `tokio_task_idle_seconds_total`: how long they waited for
///   something to happen.
///
/// What is slow or long is up to the monitor. A name makes series for good: give few of them.
///
/// ```
/// use std::sync::Arc;
///
/// use metrics_http::{Format, Registry, collect::TaskMonitors};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tasks = Arc::new(TaskMonitors::new());
/// let registry = Registry::new(); // or Registry::global()
/// registry.register(tasks.clone())?;
///
/// let mailer = tasks.monitor("mailer");
/// tokio::spawn(mailer.instrument(async { "sent" })).await?;
/// let text = registry.encode_to_string(Format::Text);
/// assert!(text.contains("tokio_task_polls_total{task=\"mailer\"} 1\n"));
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct TaskMonitors(Mutex<BTreeMap<String, TaskMonitor>>);

impl TaskMonitors {
    /// Without monitors; to be registered with [`Registry::register`](crate::Registry::register).
    pub fn new() -> TaskMonitors {
        TaskMonitors::default()
    }

    /// The monitor of this name, made when it is first asked for.
    pub fn monitor(&self, name: &str) -> TaskMonitor {
        let mut monitors = self.monitors();
        if let Some(monitor) = monitors.get(name) {
            return monitor.clone();
        }
        let monitor = TaskMonitor::new();
        monitors.insert(name.to_owned(), monitor.clone());
        monitor
    }

    /// Counts a monitor of the program's own under this name, in place of the one that had it.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use metrics_http::collect::TaskMonitors;
    /// use tokio_metrics::TaskMonitor;
    ///
    /// let tasks = TaskMonitors::new();
    /// let slow = Duration::from_millis(10);
    /// tasks.add("mailer", TaskMonitor::with_slow_poll_threshold(slow));
    /// assert_eq!(tasks.monitor("mailer").slow_poll_threshold(), slow);
    /// ```
    pub fn add(&self, name: impl Into<String>, monitor: TaskMonitor) {
        self.monitors().insert(name.into(), monitor);
    }

    fn monitors(&self) -> MutexGuard<'_, BTreeMap<String, TaskMonitor>> {
        // A map is whole between any two calls.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Collector for TaskMonitors {
    fn descs(&self) -> &[Desc] {
        &DESCS
    }

    fn collect(&self, out: &mut Collection<'_>) {
        for (name, monitor) in &*self.monitors() {
            let now = monitor.cumulative();
            for (desc, value) in DESCS.iter().zip(values(&now)) {
                out.counter(desc, &[("task", name)], value);
            }
        }
    }
}

impl Debug for TaskMonitors {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.monitors().keys()).finish()
    }
}

/// In the order of the descriptions.
fn values(now: &TaskMetrics) -> [f64; 14] {
    let seconds = |duration: Duration| duration.as_secs_f64();
    [
        now.instrumented_count as f64,
        now.dropped_count as f64,
        now.first_poll_count as f64,
        seconds(now.total_first_poll_delay),
        now.total_poll_count as f64,
        seconds(now.total_poll_duration),
        now.total_slow_poll_count as f64,
        seconds(now.total_slow_poll_duration),
        now.total_scheduled_count as f64,
        seconds(now.total_scheduled_duration),
        now.total_long_delay_count as f64,
        seconds(now.total_long_delay_duration),
        now.total_idled_count as f64,
        seconds(now.total_idle_duration),
    ]
}

const fn count(name: &'static str, help: &'static str) -> Desc {
    Desc::new(Kind::Counter, name, help)
}

const fn seconds(name: &'static str, help: &'static str) -> Desc {
    count(name, help).unit("seconds")
}

static DESCS: [Desc; 14] = [
    count(
        "tokio_task_instrumented_total",
        "Tasks that were given to the monitor.",
    ),
    count(
        "tokio_task_dropped_total",
        "Tasks that are gone, ended or not.",
    ),
    count(
        "tokio_task_first_polls_total",
        "Tasks that were polled at all.",
    ),
    seconds(
        "tokio_task_first_poll_delay_seconds_total",
        "Time from the making of tasks to their first polls.",
    ),
    count("tokio_task_polls_total", "Polls of tasks."),
    seconds("tokio_task_poll_seconds_total", "Time that polls took."),
    count(
        "tokio_task_slow_polls_total",
        "Polls that took longer than the monitor has it.",
    ),
    seconds(
        "tokio_task_slow_poll_seconds_total",
        "Time that slow polls took.",
    ),
    count(
        "tokio_task_schedules_total",
        "Times that tasks were woken to be polled again.",
    ),
    seconds(
        "tokio_task_scheduled_seconds_total",
        "Time that tasks waited for a worker after they were woken.",
    ),
    count(
        "tokio_task_long_delays_total",
        "Times that tasks waited longer for a worker than the monitor has it.",
    ),
    seconds(
        "tokio_task_long_delay_seconds_total",
        "Time of long waits for a worker.",
    ),
    count(
        "tokio_task_idles_total",
        "Times that tasks waited to be woken.",
    ),
    seconds(
        "tokio_task_idle_seconds_total",
        "Time that tasks waited to be woken.",
    ),
];
