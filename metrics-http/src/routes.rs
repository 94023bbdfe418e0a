//! What the server of this crate answers on which path.

use std::sync::Arc;

use hyper::{
    Method, Request, Response, StatusCode,
    header::{self, HeaderValue},
    service::Service,
};

use crate::{
    body::Body,
    endpoint::{self, Endpoint, ResponseFuture},
};

/// The paths of the server: the exposition, and pages that lead to it.
#[derive(Clone)]
pub(crate) struct Routes {
    metrics: Endpoint,
    path: Arc<str>,
}

impl Routes {
    pub(crate) fn new(metrics: Endpoint, path: &str) -> Routes {
        Routes {
            metrics,
            path: path.into(),
        }
    }
}

impl<B> Service<Request<B>> for Routes {
    type Response = Response<Body>;
    type Error = std::convert::Infallible;
    type Future = ResponseFuture;

    fn call(&self, request: Request<B>) -> ResponseFuture {
        let path = request.uri().path();
        if path == &*self.path {
            return self.metrics.respond(&request);
        }
        let readable = matches!(*request.method(), Method::GET | Method::HEAD);
        ResponseFuture::ready(match path {
            "/" if readable => index(&self.path),
            "/" => endpoint::method_not_allowed(),
            _ => endpoint::text(
                StatusCode::NOT_FOUND,
                format!("nothing is here; metrics are at {}\n", self.path),
            ),
        })
    }
}

fn index(path: &str) -> Response<Body> {
    let path = escaped(path);
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
