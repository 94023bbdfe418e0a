//! The routes of the metrics server, and the order in which they are tried.

use std::{collections::HashMap, convert::Infallible, sync::Arc};

use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderValue},
    service::Service,
};
use tokio::task;

#[cfg(feature = "auth")]
use super::auth::Credentials;
#[cfg(feature = "catalog")]
use super::catalog;
use super::health::HealthChecks;
#[cfg(feature = "page")]
use crate::page::Page;
use crate::scrape::{Body, Endpoint, ResponseFuture, method_not_allowed, text};

/// Answers the requests for one path.
pub(super) type RouteHandler = Arc<dyn Fn(&Request<()>) -> Response<Body> + Send + Sync>;

/// All routes of the server, as a service.
#[derive(Clone)]
pub(super) struct Routes(Arc<RouteTable>);

pub(super) struct RouteTable {
    pub(super) metrics: Endpoint,
    pub(super) metrics_path: String,
    pub(super) liveness: HealthChecks,
    pub(super) readiness: HealthChecks,
    /// Routes that the program added.
    pub(super) custom: HashMap<String, RouteHandler>,
    #[cfg(feature = "page")]
    pub(super) page: Option<Page>,
    #[cfg(feature = "auth")]
    pub(super) credentials: Option<Credentials>,
}

impl Routes {
    pub(super) fn new(table: RouteTable) -> Routes {
        Routes(Arc::new(table))
    }

    /// Answers a request for a path other than the metrics, or without the required credentials.
    async fn respond(self, request: Request<()>) -> Response<Body> {
        let table = &*self.0;
        let path = request.uri().path();
        let checks = match path {
            HEALTHY => Some((&table.liveness, "healthy\n")),
            READY => Some((&table.readiness, "ready\n")),
            _ => None,
        };
        #[cfg(feature = "auth")]
        if let Some(credentials) = &table.credentials
            && !credentials.authenticate(request.headers()).await
        {
            // Probes often have no credentials, so they get the status of a health check, but no
            // reasons.
            return match checks {
                Some((checks, success)) => {
                    let response = checks.clone().respond(success).await;
                    response.map(|_| Body::new(""))
                }
                None => credentials.challenge(),
            };
        }
        if let Some((checks, success)) = checks {
            return checks.clone().respond(success).await;
        }
        if let Some(handler) = table.custom.get(path) {
            return run_handler(Arc::clone(handler), request).await;
        }
        #[cfg(feature = "catalog")]
        if catalog::has_route(path) {
            let registry = table.metrics.registry().clone();
            let handler = move |request: &_| catalog::respond(&registry, request);
            return run_handler(Arc::new(handler), request).await;
        }
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        #[cfg(feature = "page")]
        if let Some(page) = &table.page
            && let Some(resource) = Page::resource(path)
        {
            if is_read {
                return page.respond(resource, &request).await;
            }
            return method_not_allowed();
        }
        match path {
            "/" if is_read => index(table),
            "/" => method_not_allowed(),
            _ => text(
                StatusCode::NOT_FOUND,
                format!("not found; metrics are at {}\n", table.metrics_path),
            ),
        }
    }
}

/// Runs a handler on a blocking thread.
async fn run_handler(handler: RouteHandler, request: Request<()>) -> Response<Body> {
    let response = task::spawn_blocking(move || handler(&request)).await;
    response.unwrap_or_else(|_| {
        text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the handler of this path panicked\n",
        )
    })
}

impl<B> Service<Request<B>> for Routes {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<B>) -> ResponseFuture {
        let table = &self.0;
        #[cfg(feature = "auth")]
        let is_open = table.credentials.is_none();
        #[cfg(not(feature = "auth"))]
        let is_open = true;
        let is_metrics = request.uri().path() == table.metrics_path;
        if is_metrics && is_open {
            return table.metrics.respond(&request);
        }
        let (parts, _) = request.into_parts();
        let request = Request::from_parts(parts, ());
        let routes = self.clone();
        ResponseFuture::new(async move {
            #[cfg(feature = "auth")]
            if is_metrics
                && let Some(credentials) = &routes.0.credentials
                && credentials.authenticate(request.headers()).await
            {
                return routes.0.metrics.respond(&request).await;
            }
            Ok(routes.respond(request).await)
        })
    }
}

/// The page at `/` if the live page is not enabled: a link to the exposition.
fn index(table: &RouteTable) -> Response<Body> {
    let path = escape_html(&table.metrics_path);
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Metrics</title>\n\
         <p>The metrics of this program are at <a href=\"{path}\">{path}</a>.\n</html>\n"
    );
    let mut response = Response::new(Body::new(page));
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    response
}

fn escape_html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

pub(super) const HEALTHY: &str = "/-/healthy";
pub(super) const READY: &str = "/-/ready";
