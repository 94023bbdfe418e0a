//! The routes of the metrics server, and the order in which they are tried.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use hyper::{
    Method, Request, Response, StatusCode, Uri,
    header::{self, HeaderValue},
    http::request::Parts,
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

/// Serves all paths of a server, as a service for programs that already have a server.
///
/// It implements [`hyper::service::Service`] and [`tower_service::Service`] for any request body,
/// and so fits hyper, axum, tonic and tower. All links are relative, so it works below any path.
/// Clones share their limits and caches. It needs a tokio runtime whose timer is enabled.
///
/// Created by [`ServerBuilder::routes`](crate::ServerBuilder::routes), which says what the program's
/// server has to do for access control. [`Endpoint`] serves the exposition alone.
///
/// # Examples
///
/// In axum, below a path. With the feature `axum`, `/internal` is redirected to `/internal/`:
///
/// ```
/// # fn main() -> Result<(), metrics_http::Error> {
/// let metrics = metrics_http::Server::builder().routes()?;
/// let app: axum::Router = axum::Router::new()
///     .route("/", axum::routing::get(async || "hello"))
///     .nest_service("/internal", metrics);
/// # Ok(())
/// # }
/// ```
///
/// In hyper, below a path:
///
/// ```
/// use std::convert::Infallible;
///
/// use hyper::{Request, Response, body::Incoming, service::service_fn};
/// use metrics_http::Body;
///
/// # fn main() -> Result<(), metrics_http::Error> {
/// let metrics = metrics_http::Server::builder().routes()?;
/// let service = service_fn(move |request: Request<Incoming>| {
///     let metrics = metrics.clone();
///     async move {
///         match request.uri().path().strip_prefix("/internal") {
///             Some(rest) => metrics.respond(rest, &request).await,
///             None => Ok::<_, Infallible>(Response::new(Body::new("hello\n"))),
///         }
///     }
/// });
/// # let _ = service;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Routes(Arc<RouteTable>);

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

    /// Answers a request; for services that route by path themselves.
    ///
    /// `path` is the rest of the request's path below the one at which the program mounts the
    /// routes: `/metrics` of `/internal/metrics`. If it is empty, the response redirects to the path
    /// with a slash, relative to which the page's links are right.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    /// # runtime.block_on(async {
    /// let routes = metrics_http::Server::builder().routes()?;
    /// let request = hyper::Request::get("/internal/-/ready").body(())?;
    /// let response = routes.respond("/-/ready", &request).await?;
    /// assert_eq!(response.status(), 200);
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn respond<B>(&self, path: &str, request: &Request<B>) -> ResponseFuture {
        let mount = path.is_empty().then(|| request.uri().path().to_owned());
        let uri = match request.uri().query() {
            Some(query) => format!("{path}?{query}").parse(),
            None => path.parse(),
        };
        let mut routed = Request::new(());
        *routed.method_mut() = request.method().clone();
        // No route has the path `*`, so a text that is not a path is answered with 404.
        *routed.uri_mut() = uri.unwrap_or_else(|_| Uri::from_static("*"));
        *routed.version_mut() = request.version();
        routed.headers_mut().clone_from(request.headers());
        routed.extensions_mut().clone_from(request.extensions());
        self.answer(routed, mount)
    }

    fn answer_any<B>(&self, request: Request<B>) -> ResponseFuture {
        let (parts, _) = request.into_parts();
        let mount = mounted_without_slash(&parts);
        self.answer(Request::from_parts(parts, ()), mount)
    }

    /// Answers a request, and counts it; redirects to `mount` with a slash, if it is given.
    fn answer(&self, request: Request<()>, mount: Option<String>) -> ResponseFuture {
        let table = Arc::clone(&self.0);
        ResponseFuture::new(async move {
            let route = match &mount {
                Some(path) => Route::WithoutSlash(path),
                None => table.route(request.uri().path()),
            };
            let name = route.name();
            let response = table.respond(route, request).await;
            let monitor = table.metrics.monitor();
            monitor.count_request(name, response.status());
            Ok(response)
        })
    }
}

impl RouteTable {
    /// Answers a request if it may pass, and adds the headers of every response.
    async fn respond(&self, route: Route<'_>, request: Request<()>) -> Response<Body> {
        #[cfg(feature = "web-config")]
        if let Some(reload) = &self.reload {
            reload.check().await;
        }
        let access = self.access.current();
        let exchange = request.extensions().get::<Arc<Exchange>>().cloned();
        // A connection adds the exchange to each request.
        let exchange = exchange.unwrap_or_else(|| Arc::new(Exchange::new(None)));
        let health = route.health();
        let mut response = match access.admit(&request, &exchange, health.is_some()).await {
            Ok(()) => self.respond_admitted(route, request).await,
            Err(refusal) => match health {
                None => refusal.response(),
                // Probes often have no credentials, so they get the status of a health check, but
                // no reasons.
                Some(health) => health.respond(self).await.map(|_| Body::new("")),
            },
        };
        access.add_headers(&mut response);
        response
    }

    async fn respond_admitted(&self, route: Route<'_>, request: Request<()>) -> Response<Body> {
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        match route {
            Route::Metrics => {
                let Ok(response) = self.metrics.respond(&request).await;
                response
            }
            Route::Health(health) => health.respond(self).await,
            Route::Custom(handler) => {
                let monitor = self.metrics.monitor();
                self.custom.respond(handler, request, monitor).await
            }
            #[cfg(feature = "catalog")]
            Route::Document(kind) => {
                let monitor = self.metrics.monitor();
                self.documents.respond(kind, &request, monitor).await
            }
            #[cfg(feature = "page")]
            Route::Page(page, resource) if is_read => {
                let monitor = self.metrics.monitor();
                page.respond(resource, &request, monitor).await
            }
            Route::Index if is_read => index(self),
            Route::WithoutSlash(path) => redirect_to_slash(path),
            #[cfg(feature = "page")]
            Route::Page(..) => method_not_allowed(),
            Route::Index => method_not_allowed(),
            Route::NotFound => text(
                StatusCode::NOT_FOUND,
                format!("not found; metrics are at {}\n", self.metrics_path),
            ),
        }
    }

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
    /// The path at which the routes are mounted, without its final slash.
    WithoutSlash(&'a str),
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
            Route::WithoutSlash(_) | Route::Index => "index",
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

impl<B> hyper::service::Service<Request<B>> for Routes {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<B>) -> ResponseFuture {
        self.answer_any(request)
    }
}

impl<B> tower_service::Service<Request<B>> for Routes {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = ResponseFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> ResponseFuture {
        self.answer_any(request)
    }
}

/// The path of a request for the path at which axum mounts the routes, if it has no final slash.
///
/// axum removes the path of the mount, so that this request and the one with a slash are alike
/// except for the original path.
#[cfg(feature = "axum")]
fn mounted_without_slash(parts: &Parts) -> Option<String> {
    let original = parts.extensions.get::<axum::extract::OriginalUri>()?;
    let path = original.0.path();
    (parts.uri.path() == "/" && !path.ends_with('/')).then(|| path.to_owned())
}

#[cfg(not(feature = "axum"))]
fn mounted_without_slash(_: &Parts) -> Option<String> {
    None
}

/// Redirects to a path with a slash added.
fn redirect_to_slash(path: &str) -> Response<Body> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let location = format!("./{name}/");
    let mut response = text(
        StatusCode::TEMPORARY_REDIRECT,
        format!("the metrics are at {location}\n"),
    );
    // Does not fail, because the path of a request has no control characters.
    if let Ok(location) = HeaderValue::from_bytes(location.as_bytes()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// The page at `/` if the live page is not enabled: a link to the exposition.
fn index(table: &RouteTable) -> Response<Body> {
    let path = escape_html(&table.metrics_path);
    // The link is relative, because the routes may be mounted below another path.
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>Metrics</title>\n\
         <p>The metrics of this program are at <a href=\".{path}\">{path}</a>.\n</html>\n"
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
