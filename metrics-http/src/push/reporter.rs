//! [`ErrorReporter`]: passes errors to the program's `on_error`, and survives its panics.

use std::sync::{Arc, Mutex, PoisonError};

use metrics_core::{Counter, DynamicFamily, Options, Registry, Subject};

use super::panics::catch_panic;
use crate::error::{Destination, Error};

/// Passes the errors of one pusher to the program's handler.
pub(super) struct ErrorReporter {
    handler: Mutex<Box<dyn FnMut(Error) + Send>>,
    registry: Registry,
    to: Arc<Destination>,
}

impl ErrorReporter {
    pub(super) fn new(
        registry: &Registry,
        to: &Arc<Destination>,
        handler: impl FnMut(Error) + Send + 'static,
    ) -> ErrorReporter {
        ErrorReporter {
            handler: Mutex::new(Box::new(handler)),
            registry: registry.clone(),
            to: Arc::clone(to),
        }
    }

    /// Calls the handler; counts its panic.
    pub(super) fn report(&self, error: Error) {
        let mut handler = self.handler.lock().unwrap_or_else(PoisonError::into_inner);
        call_handler(&self.registry, &self.to, || handler(error));
    }
}

/// Calls a handler of errors; counts its panic in the registry, once there was one.
///
/// The panic hook has reported the panic itself.
pub(super) fn call_handler(registry: &Registry, to: &Destination, call: impl FnOnce()) {
    if catch_panic(call).is_ok() {
        return;
    }
    let options = Options::new(
        "metrics_push_handler_panics_total",
        "Panics of a program's handler of push errors.",
    );
    let options = options
        .labels(["url", "pushed_job"])
        .about(Subject::Library);
    let family: Result<DynamicFamily<Counter>, _> = registry.get_or_create_family(options);
    // Fails if the program has another metric of this name.
    if let Ok(family) = family {
        family.with(&[&to.origin, &to.job]).inc();
    }
}
