//! Answers `/-/healthy` (liveness) and `/-/ready` (readiness) by checks that the program defines.

use std::{fmt::Write, sync::Arc, time::Duration};

use hyper::{Response, StatusCode};
use tokio::{task, time};

use crate::scrape::{Body, text};

/// A check and its name.
type Check = (Arc<str>, Arc<dyn Fn() -> Result<(), String> + Send + Sync>);

/// Checks that must all pass.
#[derive(Clone, Default)]
pub(super) struct HealthChecks(Vec<Check>);

impl HealthChecks {
    pub(super) fn add(
        &mut self,
        name: impl Into<String>,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) {
        self.0.push((name.into().into(), Arc::new(check)));
    }

    /// Answers 200 with `success` if all checks pass, else 503 with one line per failed check.
    ///
    /// The checks run concurrently, as far as the server has blocking threads. A check that panics
    /// or exceeds [`CHECK_TIMEOUT`] has failed.
    pub(super) async fn respond(self, success: &'static str) -> Response<Body> {
        let running: Vec<_> = self
            .0
            .into_iter()
            .map(|(name, check)| (name, task::spawn_blocking(move || check())))
            .collect();
        let deadline = time::Instant::now() + CHECK_TIMEOUT;
        let mut failures = String::new();
        for (name, check) in running {
            let reason = match time::timeout_at(deadline, check).await {
                Ok(Ok(Ok(()))) => continue,
                Ok(Ok(Err(reason))) => reason,
                Ok(Err(_)) => "the check panicked".to_owned(),
                Err(_) => format!("no answer within {} s", CHECK_TIMEOUT.as_secs()),
            };
            // Writing to a string does not fail.
            let _ = writeln!(failures, "{name}: {reason}");
        }
        if failures.is_empty() {
            text(StatusCode::OK, success)
        } else {
            text(StatusCode::SERVICE_UNAVAILABLE, failures)
        }
    }
}

/// Longer than the default timeout of a Kubernetes probe (1 second), because other clients may wait
/// longer.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
