//! Answers `/-/healthy` (liveness) and `/-/ready` (readiness) by checks that the program defines.

use std::{
    fmt::Write,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use hyper::{Response, StatusCode};
use tokio::{
    sync::watch,
    time::{self, Instant},
};

use crate::{
    error::catch_panic,
    monitor::{EventCause, Monitor},
    scrape::{Body, text},
};

/// Checks that must all pass.
#[derive(Clone, Default)]
pub(super) struct HealthChecks(Vec<Arc<Check>>);

/// A function of the program, of which at most one call is in progress.
struct Check {
    name: String,
    function: Box<dyn Fn() -> CheckResult + Send + Sync>,
    /// The latest call.
    run: Mutex<Option<Run>>,
}

type CheckResult = Result<(), String>;

/// A call of a check on a thread of its own.
#[derive(Clone)]
struct Run {
    start: Instant,
    /// `None` until the call returns.
    result: watch::Receiver<Option<CheckResult>>,
    /// Whether a probe has reported that the call has exceeded the timeout.
    is_reported: Arc<AtomicBool>,
}

impl HealthChecks {
    pub(super) fn add(
        &mut self,
        name: impl Into<String>,
        function: impl Fn() -> CheckResult + Send + Sync + 'static,
    ) {
        self.0.push(Arc::new(Check {
            name: name.into(),
            function: Box::new(function),
            run: Mutex::default(),
        }));
    }

    /// Answers 200 with `success` if all checks pass, else 503 with one line per failed check.
    ///
    /// All checks run concurrently. A check that panics or exceeds [`CHECK_TIMEOUT`] has failed.
    pub(super) async fn respond(&self, success: &'static str, monitor: &Monitor) -> Response<Body> {
        let runs: Vec<_> = self.0.iter().map(|check| check.run(monitor)).collect();
        let mut failures = String::new();
        for (check, run) in self.0.iter().zip(runs) {
            let result = match run {
                Ok(run) => run.result(check, monitor).await,
                Err(error) => {
                    let reason = format!("cannot start a thread for the check: {error}");
                    let message = format_args!("health check `{}`: {reason}", check.name);
                    monitor.report(EventCause::Check, None, message);
                    Err(reason)
                }
            };
            if let Err(reason) = result {
                // Writing to a string does not fail.
                let _ = writeln!(failures, "{}: {reason}", check.name);
            }
        }
        if failures.is_empty() {
            text(StatusCode::OK, success)
        } else {
            text(StatusCode::SERVICE_UNAVAILABLE, failures)
        }
    }
}

impl Check {
    /// The call that is in progress, or a new one.
    ///
    /// A check that hangs keeps one thread, however many probes arrive.
    fn run(self: &Arc<Self>, monitor: &Monitor) -> io::Result<Run> {
        // Ignores poisoning, because no code that can panic runs under the lock.
        let mut latest = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = &*latest
            && run.result.borrow().is_none()
        {
            return Ok(run.clone());
        }
        let (sender, result) = watch::channel(None);
        let (check, monitor) = (Arc::clone(self), monitor.clone());
        thread::Builder::new()
            .name("metrics-http-check".to_owned())
            .spawn(move || sender.send_replace(Some(check.call(&monitor))))?;
        let run = Run {
            start: Instant::now(),
            result,
            is_reported: Arc::default(),
        };
        Ok(latest.insert(run).clone())
    }

    fn call(&self, monitor: &Monitor) -> CheckResult {
        let result = catch_panic(|| (self.function)());
        result.unwrap_or_else(|panic| {
            let message = format_args!("the health check `{}` panicked: {panic}", self.name);
            monitor.report(EventCause::Check, None, message);
            Err("the check panicked".to_owned())
        })
    }
}

impl Run {
    /// Waits for the result until the call has taken [`CHECK_TIMEOUT`].
    ///
    /// A probe that arrives later than that fails at once.
    async fn result(mut self, check: &Check, monitor: &Monitor) -> CheckResult {
        let deadline = self.start + CHECK_TIMEOUT;
        let returned = self.result.wait_for(Option::is_some);
        if let Ok(Ok(result)) = time::timeout_at(deadline, returned).await
            && let Some(result) = &*result
        {
            return result.clone();
        }
        let seconds = self.start.elapsed().as_secs();
        if !self.is_reported.swap(true, Ordering::Relaxed) {
            let message = format_args!(
                "the health check `{}` has not returned for {seconds} s; give it a time limit \
                 below {} s",
                check.name,
                CHECK_TIMEOUT.as_secs()
            );
            monitor.report(EventCause::Check, None, message);
        }
        Err(format!("no answer for {seconds} s"))
    }
}

/// Longer than the default timeout of a Kubernetes probe (1 second), because other clients may wait
/// longer.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
