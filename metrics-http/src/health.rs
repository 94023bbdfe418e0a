//! `/-/healthy` and `/-/ready`: whether the program should be restarted, and whether it should be
//! sent requests, by checks of its own.

use std::{fmt::Write, sync::Arc, time::Duration};

use hyper::{Response, StatusCode};
use tokio::{task, time};

use crate::{body::Body, endpoint::text};

/// A check: what it is called, and what it asks.
type Check = (Arc<str>, Arc<dyn Fn() -> Result<(), String> + Send + Sync>);

/// Checks that must all pass.
#[derive(Clone, Default)]
pub(crate) struct Checks(Vec<Check>);

impl Checks {
    pub(crate) fn add(
        &mut self,
        name: impl Into<String>,
        check: impl Fn() -> Result<(), String> + Send + Sync + 'static,
    ) {
        self.0.push((name.into().into(), Arc::new(check)));
    }

    /// 200 when all pass, else 503 with a line for each that does not.
    ///
    /// Each runs on a thread for what blocks, all at once, and one that panics or does not answer
    /// in time has not passed.
    pub(crate) async fn answer(self, well: &'static str) -> Response<Body> {
        let asked: Vec<_> = self
            .0
            .into_iter()
            .map(|(name, check)| (name, task::spawn_blocking(move || check())))
            .collect();
        let deadline = time::Instant::now() + PATIENCE;
        let mut failed = String::new();
        for (name, asked) in asked {
            let reason = match time::timeout_at(deadline, asked).await {
                Ok(Ok(Ok(()))) => continue,
                Ok(Ok(Err(reason))) => reason,
                Ok(Err(_)) => "the check panicked".to_owned(),
                Err(_) => format!("no answer within {} s", PATIENCE.as_secs()),
            };
            // To a string it cannot fail.
            let _ = writeln!(failed, "{name}: {reason}");
        }
        if failed.is_empty() {
            text(StatusCode::OK, well)
        } else {
            text(StatusCode::SERVICE_UNAVAILABLE, failed)
        }
    }
}

/// Kubernetes gives a probe one second unless told otherwise; others are more patient.
const PATIENCE: Duration = Duration::from_secs(5);
