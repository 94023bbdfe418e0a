//! The live page at `/`: what the program measures, for a person with a browser.
//!
//! The page is files that are compiled in ([`assets`]), and a feed of JSON ([`feed`]) that they ask
//! for once a second. Nothing is gathered unless somebody asks.

mod about;
mod assets;
mod feed;
mod history;
mod point;
mod rows;
mod watch;

use std::borrow::Cow;

use hyper::{
    HeaderMap, Request, Response, StatusCode,
    header::{self, HeaderName, HeaderValue},
};
use metrics_core::Registry;

use crate::scrape::{Body, ContentCoding, joined, text};

use self::watch::Watch;

/// The page and what feeds it.
#[derive(Clone)]
pub(crate) struct Page {
    watch: Watch,
}

/// What a request asks of the page.
#[derive(Clone, Copy)]
pub(crate) enum Resource {
    Asset(&'static assets::Asset),
    Feed,
    Rows,
}

impl Page {
    /// The page of a registry whose exposition is at this path.
    pub(crate) fn new(registry: Registry, metrics: &str) -> Page {
        Page {
            watch: Watch::new(registry, metrics, feed::PATIENCE),
        }
    }

    /// What is asked for at this path, where it is of the page.
    pub(crate) fn resource(path: &str) -> Option<Resource> {
        match path {
            "/" => Some(Resource::Asset(&assets::INDEX)),
            "/-/page/feed" => Some(Resource::Feed),
            "/-/page/series" => Some(Resource::Rows),
            _ => {
                let name = path.strip_prefix("/-/page/")?;
                assets::find(name).map(Resource::Asset)
            }
        }
    }

    /// Answers `GET` or `HEAD`.
    pub(crate) async fn respond(
        &self,
        resource: Resource,
        request: &Request<()>,
    ) -> Response<Body> {
        let query = request.uri().query().unwrap_or_default();
        let headers = request.headers();
        let json = match resource {
            Resource::Asset(asset) => return asset.answer(headers),
            Resource::Feed => self.watch.feed(feed::Since::parse(query)).await,
            Resource::Rows => self.watch.rows(rows::Wanted::parse(query)).await,
        };
        match json {
            Some(json) => whole(headers, JSON, Cow::Owned(json.into_bytes())),
            None => safe(text(
                StatusCode::SERVICE_UNAVAILABLE,
                "no thread could be started to gather the metrics, or a collector panicked\n",
            )),
        }
    }
}

/// A body in the coding that the client prefers.
fn whole(headers: &HeaderMap, content_type: &'static str, body: Cow<'_, [u8]>) -> Response<Body> {
    let coding = match body.len() {
        // What fits into a packet gains nothing.
        ..=SMALL => ContentCoding::Identity,
        _ => ContentCoding::negotiate(joined(headers, &header::ACCEPT_ENCODING).as_deref()),
    };
    let Ok(body) = coding.compress(body.into_owned()) else {
        return safe(text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "it cannot be compressed\n",
        ));
    };
    let mut response = Response::new(Body::new(body));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Some(name) = coding.name() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
    }
    safe(response)
}

/// Adds what keeps a page from being more than it is.
fn safe(mut response: Response<Body>) -> Response<Body> {
    for (name, value) in SAFE {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name.clone(), value);
    }
    response
}

const SAFE: [(HeaderName, &str); 3] = [
    // Nothing from elsewhere, nothing inline, in nobody's frame.
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
         img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
];
const JSON: &str = "application/json";
const SMALL: usize = 1400;
