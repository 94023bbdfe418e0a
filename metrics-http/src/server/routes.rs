//! The routes of the metrics server, and the order in which they are tried.

use std::{convert::Infallible, sync::Arc};

use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderValue},
    service::Service,
};

#[cfg(feature = "catalog")]
use super::documents::{DocumentKind, Documents};
#[cfg(feature = "web-config")]
use super::reload::Reload;
use super::{
    access::CurrentAccess,
    custom::{CustomRoutes, RouteHandler},
    health::HealthChecks,
};
#[cfg(feature = "page")]
use crate::page::{Page, Resource};
use crate::scrape::{Body, Endpoint, Exchange, ResponseFuture, method_not_allowed, text};

/// All routes of the server, as a service.
#[derive(Clone)]
pub(super) struct Routes(Arc<RouteTable>);

pub(super) struct RouteTable {
    pub(super) metrics: Endpoint,
    pub(super) metrics_path: String,
    pub(super) liveness: HealthChecks,
    pub(super) readiness: HealthChecks,
    /// Routes that the program added.
    pub(super) custom: CustomRoutes,
    #[cfg(feature = "catalog")]
    pub(super) documents: Documents,
    #[cfg(feature = "page")]
    pub(super) page: Option<Page>,
    pub(super) access: CurrentAccess,
    /// Replaces `access` when a configuration file changes.
    #[cfg(feature = "web-config")]
    pub(super) reload: Option<Reload>,
}

impl Routes {
    pub(super) fn new(table: RouteTable) -> Routes {
        Routes(Arc::new(table))
    }

    /// Answers a request if it may pass, and adds the headers of every response.
    async fn respond(&self, route: Route<'_>, request: Request<()>) -> Response<Body> {
        let table = &*self.0;
        #[cfg(feature = "web-config")]
        if let Some(reload) = &table.reload {
            reload.check().await;
        }
        let access = table.access.current();
        let exchange = request.extensions().get::<Arc<Exchange>>();
        let peer = exchange.and_then(|exchange| exchange.address());
        let health = route.health();
        let mut response = match access.admit(&request, peer, health.is_some()).await {
            Ok(()) => self.respond_admitted(route, request).await,
            Err(refusal) => match health {
                None => refusal.response(),
                // Probes often have no credentials, so they get the status of a health check, but
                // no reasons.
                Some(health) => health.respond(table).await.map(|_| Body::new("")),
            },
        };
        access.add_headers(&mut response);
        response
    }

    async fn respond_admitted(&self, route: Route<'_>, request: Request<()>) -> Response<Body> {
        let table = &*self.0;
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        match route {
            Route::Metrics => {
                let Ok(response) = table.metrics.respond(&request).await;
                response
            }
            Route::Health(health) => health.respond(table).await,
            Route::Custom(handler) => {
                let monitor = table.metrics.monitor();
                table.custom.respond(handler, request, monitor).await
            }
            #[cfg(feature = "catalog")]
            Route::Document(kind) => {
                let monitor = table.metrics.monitor();
                table.documents.respond(kind, &request, monitor).await
            }
            #[cfg(feature = "page")]
            Route::Page(page, resource) if is_read => {
                let monitor = table.metrics.monitor();
                page.respond(resource, &request, monitor).await
            }
            Route::Index if is_read => index(table),
            #[cfg(feature = "page")]
            Route::Page(..) => method_not_allowed(),
            Route::Index => method_not_allowed(),
            Route::NotFound => text(
                StatusCode::NOT_FOUND,
                format!("not found; metrics are at {}\n", table.metrics_path),
            ),
        }
    }
}

impl RouteTable {
    /// The route of a path. The program's own routes take precedence over those of the
    /// documents and the page.
    fn route(&self, path: &str) -> Route<'_> {
        if path == self.metrics_path {
            return Route::Metrics;
        }
        match path {
            HEALTHY => return Route::Health(Health::Live),
            READY => return Route::Health(Health::Ready),
            _ => {}
        }
        if let Some(handler) = self.custom.find(path) {
            return Route::Custom(handler);
        }
        #[cfg(feature = "catalog")]
        if let Some(kind) = self.documents.find(path) {
            return Route::Document(kind);
        }
        #[cfg(feature = "page")]
        if let Some(page) = &self.page
            && let Some(resource) = Page::resource(path)
        {
            return Route::Page(page, resource);
        }
        match path {
            "/" => Route::Index,
            _ => Route::NotFound,
        }
    }
}

/// What answers a request.
#[derive(Clone, Copy)]
enum Route<'a> {
    Metrics,
    Health(Health),
    Custom(&'a RouteHandler),
    #[cfg(feature = "catalog")]
    Document(DocumentKind),
    #[cfg(feature = "page")]
    Page(&'a Page, Resource),
    /// The link to the metrics at `/`, if there is no live page.
    Index,
    NotFound,
}

impl Route<'_> {
    fn health(self) -> Option<Health> {
        match self {
            Route::Health(health) => Some(health),
            _ => None,
        }
    }

    /// The value of the label `route`.
    fn name(self) -> &'static str {
        match self {
            Route::Metrics => "metrics",
            Route::Health(Health::Live) => "healthy",
            Route::Health(Health::Ready) => "ready",
            Route::Custom(_) => "custom",
            #[cfg(feature = "catalog")]
            Route::Document(kind) => kind.name(),
            #[cfg(feature = "page")]
            Route::Page(..) => "page",
            Route::Index => "index",
            Route::NotFound => "none",
        }
    }
}

/// A path of health checks.
#[derive(Clone, Copy)]
enum Health {
    Live,
    Ready,
}

impl Health {
    async fn respond(self, table: &RouteTable) -> Response<Body> {
        let monitor = table.metrics.monitor();
        match self {
            Health::Live => table.liveness.respond("healthy\n", monitor).await,
            Health::Ready => table.readiness.respond("ready\n", monitor).await,
        }
    }
}

impl<B> Service<Request<B>> for Routes {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<B>) -> ResponseFuture {
        let (parts, _) = request.into_parts();
        let request = Request::from_parts(parts, ());
        let routes = self.clone();
        ResponseFuture::new(async move {
            let table = Arc::clone(&routes.0);
            let route = table.route(request.uri().path());
            let name = route.name();
            let response = routes.respond(route, request).await;
            table
                .metrics
                .monitor()
                .count_request(name, response.status());
            Ok(response)
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
