//! The static files of the live page (HTML, CSS, JavaScript), compiled into the program.

use std::borrow::Cow;

use hyper::{
    HeaderMap, Response, StatusCode,
    header::{self, HeaderValue},
};

use super::response::{full, with_security_headers};
use crate::scrape::Body;

/// A static file of the live page.
pub(crate) struct Asset {
    /// Path below `/-/page/`; empty for the index, which is at `/`.
    name: &'static str,
    content_type: &'static str,
    content: &'static str,
    hash: u64,
}

impl Asset {
    const fn new(name: &'static str, content_type: &'static str, content: &'static str) -> Asset {
        Asset {
            name,
            content_type,
            content,
            hash: hash(content.as_bytes()),
        }
    }

    /// Responds with the file, or with 304 if the client's cached copy is current.
    ///
    /// `no-cache` makes browsers revalidate a cached copy before each use, so that the page always
    /// matches the version of the program that serves it.
    pub(super) fn respond(&self, headers: &HeaderMap) -> Response<Body> {
        // A weak tag, because it is the same for all content codings (RFC 9110, section 8.8.1).
        let tag = format!("W/\"{:016x}\"", self.hash);
        let cached = headers.get(header::IF_NONE_MATCH);
        let cached = cached.and_then(|tags| tags.to_str().ok());
        let is_cached = cached.is_some_and(|tags| {
            let mut tags = tags.split(',').map(str::trim);
            tags.any(|cached| cached == "*" || cached == tag)
        });
        let mut response = if is_cached {
            let mut response = Response::new(Body::new(""));
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            let no_cache = HeaderValue::from_static("no-cache");
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, no_cache);
            with_security_headers(response)
        } else {
            let content = Cow::Borrowed(self.content.as_bytes());
            full(headers, self.content_type, content)
        };
        // Does not fail, because the tag is ASCII.
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// The file whose path below `/-/page/` is `name`.
pub(super) fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// FNV-1a: enough to distinguish versions of a file, and possible in a const function.
const fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01b3);
        i += 1;
    }
    hash
}

pub(super) static INDEX: Asset = Asset::new(
    "",
    "text/html; charset=utf-8",
    include_str!("assets/index.html"),
);

macro_rules! script {
    ($name:literal) => {
        Asset::new(
            $name,
            "text/javascript; charset=utf-8",
            include_str!(concat!("assets/", $name)),
        )
    };
}

macro_rules! style {
    ($name:literal) => {
        Asset::new(
            $name,
            "text/css; charset=utf-8",
            include_str!(concat!("assets/", $name)),
        )
    };
}

static ASSETS: [Asset; 17] = [
    style!("uplot-1.6.32/uPlot.min.css"),
    script!("uplot-1.6.32/uPlot.iife.min.js"),
    Asset::new(
        "uplot-1.6.32/LICENSE",
        "text/plain; charset=utf-8",
        include_str!("assets/uplot-1.6.32/LICENSE"),
    ),
    style!("style.css"),
    script!("app.js"),
    script!("cardinality.js"),
    script!("charts.js"),
    script!("dom.js"),
    script!("feed.js"),
    script!("format.js"),
    script!("functions.js"),
    script!("heatmap.js"),
    script!("metrics.js"),
    script!("objectives.js"),
    script!("overview.js"),
    script!("rates.js"),
    script!("table.js"),
];
