//! Routes that the program adds: runs their handlers on threads of their own.

use std::{collections::HashMap, sync::Arc, time::Duration};

use hyper::{Request, Response};

use crate::{
    monitor::{EventCause, Monitor},
    scrape::{Body, Exchange, refused},
    workers::{Limits, Workers},
};

/// Answers the requests for one path.
pub(super) type RouteHandler = Arc<dyn Fn(&Request<()>) -> Response<Body> + Send + Sync>;

/// The program's own routes, whose handlers may block and panic.
pub(super) struct CustomRoutes {
    handlers: HashMap<String, RouteHandler>,
    workers: Workers,
}

impl CustomRoutes {
    pub(super) fn new(
        handlers: HashMap<String, RouteHandler>,
        time_limit: Duration,
    ) -> CustomRoutes {
        let limits = Limits {
            threads: MAX_THREADS,
            queued: MAX_QUEUED,
            time: time_limit,
        };
        CustomRoutes {
            handlers,
            workers: Workers::new("metrics-http-route", limits),
        }
    }

    pub(super) fn find(&self, path: &str) -> Option<&RouteHandler> {
        self.handlers.get(path)
    }

    /// Runs a handler, up to the time limit.
    ///
    /// A handler that does not return in time keeps its thread until it returns.
    pub(super) async fn respond(
        &self,
        handler: &RouteHandler,
        request: Request<()>,
        monitor: &Monitor,
    ) -> Response<Body> {
        let handler = Arc::clone(handler);
        let exchange = request.extensions().get::<Arc<Exchange>>();
        let peer = exchange.and_then(|exchange| exchange.address());
        let path = request.uri().path().to_owned();
        let response = self.workers.run(move || handler(&request)).await;
        response.unwrap_or_else(|refusal| {
            let message = format_args!("the route `{path}` has no answer: {refusal}");
            monitor.report(EventCause::Route, peer, message);
            refused(&refusal)
        })
    }
}

/// How many handlers run at the same time.
const MAX_THREADS: usize = 8;
/// How many requests wait for a thread; further ones get status 503.
const MAX_QUEUED: usize = 64;
