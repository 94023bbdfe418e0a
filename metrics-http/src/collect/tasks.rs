//! [`TaskMonitors`]: collects metrics of tokio tasks from the monitors of the crate
//! `tokio-metrics`.

use std::{
    collections::BTreeMap,
    fmt::{self, Debug, Formatter},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use metrics_core::{Collection, Collector, Desc, Kind};
use tokio_metrics::{TaskMetrics, TaskMonitor};

/// Collects the metrics of named task monitors.
///
/// The families are counters with the label `task`, the name of the monitor:
///
/// - `tokio_task_instrumented_total`, `tokio_task_dropped_total`: tasks that were started and
///   dropped;
/// - `tokio_task_first_polls_total`, `tokio_task_first_poll_delay_seconds_total`: the wait for the
///   first poll;
/// - `tokio_task_polls_total`, `tokio_task_poll_seconds_total`: all polls;
/// - `tokio_task_slow_polls_total`, `tokio_task_slow_poll_seconds_total`: polls that blocked their
///   worker for too long;
/// - `tokio_task_schedules_total`, `tokio_task_scheduled_seconds_total`: the wait for a worker after
///   a wake-up;
/// - `tokio_task_long_delays_total`, `tokio_task_long_delay_seconds_total`: those waits that took too
///   long;
/// - `tokio_task_idles_total`, `tokio_task_idle_seconds_total`: the wait for a wake-up.
///
/// The monitor defines the thresholds. Series of a name are never removed, so use few names.
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
    /// Creates a collector without monitors; register it with
    /// [`Registry::register`](crate::Registry::register).
    pub fn new() -> TaskMonitors {
        TaskMonitors::default()
    }

    /// Returns the monitor of this name, which is created by the first call.
    pub fn monitor(&self, name: &str) -> TaskMonitor {
        let mut monitors = self.monitors();
        if let Some(monitor) = monitors.get(name) {
            return monitor.clone();
        }
        let monitor = TaskMonitor::new();
        monitors.insert(name.to_owned(), monitor.clone());
        monitor
    }

    /// Adds a monitor under this name, and replaces an existing one.
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
        // Converts the name before the lock is taken, because the conversion is code of the
        // program.
        let name = name.into();
        self.monitors().insert(name, monitor);
    }

    fn monitors(&self) -> MutexGuard<'_, BTreeMap<String, TaskMonitor>> {
        // Ignores poisoning, because a panic under the lock leaves the map valid.
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

/// The values in the order of [`DESCS`].
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
        "Tasks started with the monitor.",
    ),
    count(
        "tokio_task_dropped_total",
        "Tasks dropped, completed or not.",
    ),
    count(
        "tokio_task_first_polls_total",
        "Tasks polled at least once.",
    ),
    seconds(
        "tokio_task_first_poll_delay_seconds_total",
        "Time from the creation of tasks to their first poll.",
    ),
    count("tokio_task_polls_total", "Polls of tasks."),
    seconds("tokio_task_poll_seconds_total", "Duration of polls."),
    count(
        "tokio_task_slow_polls_total",
        "Polls above the monitor's threshold.",
    ),
    seconds(
        "tokio_task_slow_poll_seconds_total",
        "Duration of slow polls.",
    ),
    count(
        "tokio_task_schedules_total",
        "Times tasks were woken and scheduled.",
    ),
    seconds(
        "tokio_task_scheduled_seconds_total",
        "Time tasks waited for a worker after a wake-up.",
    ),
    count(
        "tokio_task_long_delays_total",
        "Waits for a worker above the monitor's threshold.",
    ),
    seconds(
        "tokio_task_long_delay_seconds_total",
        "Duration of long waits for a worker.",
    ),
    count(
        "tokio_task_idles_total",
        "Times tasks waited for a wake-up.",
    ),
    seconds(
        "tokio_task_idle_seconds_total",
        "Time tasks waited for a wake-up.",
    ),
];
