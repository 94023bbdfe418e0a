//! The files of the page, which are compiled in.

use std::borrow::Cow;

use hyper::{
    HeaderMap, Response, StatusCode,
    header::{self, HeaderValue},
};

use super::{safe, whole};
use crate::scrape::Body;

/// A file of the page.
pub(crate) struct Asset {
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

    /// The file, or that the client has it already: browsers keep it, and ask each time, so that
    /// a page is of the program that serves it.
    pub(crate) fn answer(&self, headers: &HeaderMap) -> Response<Body> {
        // Weak: the same content, however it is compressed (RFC 9110, section 8.8.1).
        let tag = format!("W/\"{:016x}\"", self.hash);
        let known = headers.get(header::IF_NONE_MATCH);
        let known = known.and_then(|known| known.to_str().ok());
        let is_known = known.is_some_and(|known| {
            let mut tags = known.split(',').map(str::trim);
            tags.any(|known| known == "*" || known == tag)
        });
        let mut response = if is_known {
            let mut response = Response::new(Body::new(""));
            *response.status_mut() = StatusCode::NOT_MODIFIED;
            let no_cache = HeaderValue::from_static("no-cache");
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, no_cache);
            safe(response)
        } else {
            whole(
                headers,
                self.content_type,
                Cow::Borrowed(self.content.as_bytes()),
            )
        };
        // Hexadecimal digits are fit for a header.
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            response.headers_mut().insert(header::ETAG, tag);
        }
        response
    }
}

/// The file of this name below `/-/page/`.
pub(crate) fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// FNV-1a: it tells versions of a file apart, and no more is asked of it.
const fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01b3);
        i += 1;
    }
    hash
}

pub(crate) static INDEX: Asset = Asset::new(
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
