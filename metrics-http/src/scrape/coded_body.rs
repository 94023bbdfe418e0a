//! [`CodedBody`]: a complete body that is compressed once and shared by all its readers.

use hyper::{
    HeaderMap, Response, StatusCode,
    body::Bytes,
    header::{self, HeaderValue},
};

use super::{body::Body, content_coding::ContentCoding, header::joined};

/// A body that is complete in memory, in a content coding. Clones share the memory.
#[derive(Clone)]
pub(crate) struct CodedBody {
    pub(crate) coding: ContentCoding,
    pub(crate) bytes: Bytes,
}

impl CodedBody {
    /// Responds with the body.
    ///
    /// `no-cache` makes browsers revalidate a cached copy before each use.
    pub(crate) fn respond(self, content_type: &'static str) -> Response<Body> {
        let mut response = Response::new(Body::new(self.bytes));
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        if let Some(name) = self.coding.name() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        response
    }
}

/// The content coding that a client prefers for a body that is complete in memory.
pub(crate) fn preferred_coding(headers: &HeaderMap) -> ContentCoding {
    ContentCoding::negotiate(joined(headers, &header::ACCEPT_ENCODING).as_deref())
}

/// Compresses a body, unless that saves little; takes time in proportion to its length.
///
/// Returns the coding that is used, and the coded body.
pub(crate) fn compress(content: Vec<u8>, coding: ContentCoding) -> (ContentCoding, Vec<u8>) {
    if content.len() <= ONE_PACKET {
        return (ContentCoding::Identity, content);
    }
    match coding.compress(&content) {
        Ok(Some(coded)) => (coding, coded),
        // Compression into memory does not fail; if it did, the client would accept the body as is.
        Ok(None) | Err(_) => (ContentCoding::Identity, content),
    }
}

/// Whether the client has a copy with this entity tag (RFC 9110, section 13.1.2).
pub(crate) fn has_current_copy(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let Some(known) = joined(headers, &header::IF_NONE_MATCH) else {
        return false;
    };
    let Ok(tag) = tag.to_str() else {
        return false;
    };
    known
        .split(',')
        .any(|known| known.trim() == "*" || strong(known) == strong(tag))
}

/// The response to a client with a current copy; it needs the header `ETag` as well.
pub(crate) fn not_modified() -> Response<Body> {
    let mut response = Response::new(Body::new(""));
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    let no_cache = HeaderValue::from_static("no-cache");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_cache);
    response
}

/// A body of at most this many bytes is about one packet long, so compressing it saves little.
const ONE_PACKET: usize = 1400;
