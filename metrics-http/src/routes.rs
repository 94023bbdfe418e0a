//! What the server of this crate answers on which path.

use std::{collections::HashMap, convert::Infallible, sync::Arc};

use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderValue},
    service::Service,
};
use tokio::task;

#[cfg(feature = "auth")]
use crate::auth::Credentials;
#[cfg(feature = "page")]
use crate::page::Page;
use crate::{
    body::Body,
    endpoint::{self, Endpoint, ResponseFuture},
    health::Checks,
};

/// What the program answers on a path of its own.
pub(crate) type Handler = Arc<dyn Fn(&Request<()>) -> Response<Body> + Send + Sync>;

/// The paths of the server: the exposition, what tells of the program's health, what the program
/// adds, and a page that leads there.
#[derive(Clone)]
pub(crate) struct Routes(Arc<Table>);

pub(crate) struct Table {
    pub(crate) metrics: Endpoint,
    pub(crate) path: String,
    pub(crate) healthy: Checks,
    pub(crate) ready: Checks,
    pub(crate) own: HashMap<String, Handler>,
    #[cfg(feature = "page")]
    pub(crate) page: Option<Page>,
    #[cfg(feature = "auth")]
    pub(crate) credentials: Option<Credentials>,
}

impl Routes {
    pub(crate) fn new(table: Table) -> Routes {
        Routes(Arc::new(table))
    }

    async fn answer(self, request: Request<()>) -> Response<Body> {
        let table = &*self.0;
        let path = request.uri().path();
        let checks = match path {
            HEALTHY => Some((&table.healthy, "healthy\n")),
            READY => Some((&table.ready, "ready\n")),
            _ => None,
        };
        #[cfg(feature = "auth")]
        if let Some(credentials) = &table.credentials
            && !credentials.are_shown(request.headers()).await
        {
            // Probes have no credentials: they are told whether, not why.
            return match checks {
                Some((checks, well)) => checks.clone().answer(well).await.map(|_| Body::new("")),
                None => credentials.challenge(),
            };
        }
        if let Some((checks, well)) = checks {
            return checks.clone().answer(well).await;
        }
        if let Some(handler) = table.own.get(path) {
            return own(Arc::clone(handler), request).await;
        }
        #[cfg(feature = "catalog")]
        if crate::catalog::has(path) {
            let registry = table.metrics.registry().clone();
            let answer = move |request: &_| crate::catalog::answer(&registry, request);
            return own(Arc::new(answer), request).await;
        }
        let readable = matches!(*request.method(), Method::GET | Method::HEAD);
        #[cfg(feature = "page")]
        if let Some(page) = &table.page
            && let Some(asked) = Page::asked(path)
        {
            if readable {
                return page.answer(asked, &request).await;
            }
            return endpoint::method_not_allowed();
        }
        match path {
            "/" if readable => index(table),
            "/" => endpoint::method_not_allowed(),
            _ => endpoint::text(
                StatusCode::NOT_FOUND,
                format!("nothing is here; metrics are at {}\n", table.path),
            ),
        }
    }
}

/// An answer that is not the exposition, on a thread that it may block.
async fn own(handler: Handler, request: Request<()>) -> Response<Body> {
    let answered = task::spawn_blocking(move || handler(&request)).await;
    answered.unwrap_or_else(|_| {
        endpoint::text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "what answers here panicked\n",
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
        let is_metrics = request.uri().path() == table.path;
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
                && credentials.are_shown(request.headers()).await
            {
                return routes.0.metrics.respond(&request).await;
            }
            Ok(routes.answer(request).await)
        })
    }
}

fn index(table: &Table) -> Response<Body> {
    let path = escaped(&table.path);
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

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

pub(crate) const HEALTHY: &str = "/-/healthy";
pub(crate) const READY: &str = "/-/ready";
