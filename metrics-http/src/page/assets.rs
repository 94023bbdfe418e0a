//! The static files of the live page (HTML, CSS, JavaScript), compiled into the program.

use std::sync::{Mutex, PoisonError};

use hyper::{
    HeaderMap, Response,
    body::Bytes,
    header::{self, HeaderValue},
};

use super::sampler::Sampler;
use crate::{
    scrape::{
        Body, CodedBody, ContentCoding, compress, has_current_copy, not_modified, preferred_coding,
    },
    workers::Refusal,
};

/// A static file of the live page.
pub(crate) struct Asset {
    /// Path below `/-/page/`; empty for the index, which is at `/`.
    name: &'static str,
    content_type: &'static str,
    content: &'static str,
    hash: u64,
    /// The compressed file, by the coding that was asked for.
    compressed: Mutex<Vec<(ContentCoding, CodedBody)>>,
}

impl Asset {
    const fn new(name: &'static str, content_type: &'static str, content: &'static str) -> Asset {
        Asset {
            name,
            content_type,
            content,
            hash: hash(content.as_bytes()),
            compressed: Mutex::new(Vec::new()),
        }
    }

    /// Responds with the file, or with 304 if the client's cached copy is current.
    ///
    /// The file is compressed when it is first asked for, on the page's thread.
    pub(super) async fn respond(
        &'static self,
        headers: &HeaderMap,
        sampler: &Sampler,
    ) -> Result<Response<Body>, Refusal> {
        // A weak tag, because it is the same for all content codings (RFC 9110, section 8.8.1).
        let tag = HeaderValue::from_str(&format!("W/\"{:016x}\"", self.hash));
        // Does not fail, because the tag is ASCII.
        let tag = tag.unwrap_or_else(|_| HeaderValue::from_static("W/\"\""));
        let mut response = if has_current_copy(headers, &tag) {
            not_modified()
        } else {
            let coding = preferred_coding(headers);
            let body = if coding == ContentCoding::Identity {
                self.uncompressed()
            } else if let Some(body) = self.find_compressed(coding) {
                body
            } else {
                sampler.run(move || self.compress(coding)).await?
            };
            body.respond(self.content_type)
        };
        response.headers_mut().insert(header::ETAG, tag);
        Ok(response)
    }

    fn uncompressed(&self) -> CodedBody {
        CodedBody {
            coding: ContentCoding::Identity,
            bytes: Bytes::from_static(self.content.as_bytes()),
        }
    }

    fn find_compressed(&self, coding: ContentCoding) -> Option<CodedBody> {
        let compressed = self.compressed.lock();
        let compressed = compressed.unwrap_or_else(PoisonError::into_inner);
        let mut compressed = compressed.iter();
        compressed.find_map(|(of, body)| (*of == coding).then(|| body.clone()))
    }

    fn compress(&self, asked: ContentCoding) -> CodedBody {
        if let Some(body) = self.find_compressed(asked) {
            return body;
        }
        let (coding, bytes) = compress(self.content.as_bytes().to_vec(), asked);
        let body = CodedBody {
            coding,
            bytes: bytes.into(),
        };
        let compressed = self.compressed.lock();
        let mut compressed = compressed.unwrap_or_else(PoisonError::into_inner);
        compressed.push((asked, body.clone()));
        body
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
