//! [`ContentCoding`]: negotiates `Accept-Encoding` (RFC 9110, section 12.5.3) and compresses
//! bodies.

use std::io::{self, Write};

#[cfg(feature = "gzip")]
use flate2::{Compression, write::GzEncoder};

#[cfg(any(feature = "gzip", feature = "zstd"))]
use super::header;
use super::pipe::Writer;

/// The content coding of a response body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentCoding {
    Identity,
    #[cfg(feature = "gzip")]
    Gzip,
    #[cfg(feature = "zstd")]
    Zstd,
}

impl ContentCoding {
    /// Chooses the coding for an `Accept-Encoding` header.
    #[cfg(any(feature = "gzip", feature = "zstd"))]
    pub(crate) fn negotiate(accept_encoding: Option<&str>) -> ContentCoding {
        // In order of preference, because the first of the codings with the same quality is chosen.
        let offers = [
            #[cfg(feature = "zstd")]
            (ContentCoding::Zstd, ["zstd"].as_slice()),
            #[cfg(feature = "gzip")]
            (ContentCoding::Gzip, &["gzip", "x-gzip"]),
        ];
        // If the header does not cover `identity`, every coding that it accepts is preferred.
        let identity = quality(accept_encoding, &["identity"]).unwrap_or(0.0);
        let mut best = (ContentCoding::Identity, identity);
        for (coding, names) in offers.into_iter().rev() {
            let quality = quality(accept_encoding, names).unwrap_or(0.0);
            if quality > 0.0 && quality >= best.1 {
                best = (coding, quality);
            }
        }
        best.0
    }

    /// Without a compression feature, the only coding is `Identity`.
    #[cfg(not(any(feature = "gzip", feature = "zstd")))]
    pub(crate) fn negotiate(_: Option<&str>) -> ContentCoding {
        ContentCoding::Identity
    }

    /// The value of `Content-Encoding`; `None` if the header is omitted.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            ContentCoding::Identity => None,
            #[cfg(feature = "gzip")]
            ContentCoding::Gzip => Some("gzip"),
            #[cfg(feature = "zstd")]
            ContentCoding::Zstd => Some("zstd"),
        }
    }

    /// Writes a body through this coding, finishes `out`, and returns the number of coded bytes.
    ///
    /// Expositions are so repetitive that the lowest compression level already removes most of
    /// their size.
    pub(super) fn write(
        self,
        mut out: Writer,
        body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<u64> {
        match self {
            ContentCoding::Identity => {
                body(&mut out)?;
                out.finish()
            }
            #[cfg(feature = "gzip")]
            ContentCoding::Gzip => {
                let mut out = GzEncoder::new(out, Compression::fast());
                body(&mut out)?;
                out.finish()?.finish()
            }
            #[cfg(feature = "zstd")]
            ContentCoding::Zstd => {
                let mut out = zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)?;
                body(&mut out)?;
                out.finish()?.finish()
            }
        }
    }

    /// Compresses a body that is complete in memory; `None` if this coding is the identity.
    #[cfg(feature = "catalog")]
    #[cfg_attr(
        not(any(feature = "gzip", feature = "zstd")),
        expect(unused_variables, reason = "nothing is compressed")
    )]
    pub(super) fn compress(self, body: &[u8]) -> io::Result<Option<Vec<u8>>> {
        match self {
            ContentCoding::Identity => Ok(None),
            #[cfg(feature = "gzip")]
            ContentCoding::Gzip => {
                let mut out = GzEncoder::new(Vec::new(), Compression::fast());
                out.write_all(body)?;
                out.finish().map(Some)
            }
            #[cfg(feature = "zstd")]
            ContentCoding::Zstd => zstd::encode_all(body, ZSTD_LEVEL).map(Some),
        }
    }
}

/// The quality, 0 to 1, of a coding with any of these names; `None` if the header does not cover it.
#[cfg(any(feature = "gzip", feature = "zstd"))]
fn quality(accept_encoding: Option<&str>, names: &[&str]) -> Option<f32> {
    let (mut listed, mut wildcard) = (None, None);
    for element in accept_encoding.into_iter().flat_map(header::elements) {
        let mut parts = header::split(element, ';');
        let coding = parts.next().unwrap_or_default().trim();
        let Some(quality) = header::quality(parts) else {
            continue;
        };
        if names.iter().any(|name| coding.eq_ignore_ascii_case(name)) {
            listed = Some(quality);
        } else if coding == "*" {
            wildcard = Some(quality);
        }
    }
    listed.or(wildcard)
}

#[cfg(feature = "zstd")]
const ZSTD_LEVEL: i32 = 1;

#[cfg(all(test, feature = "gzip"))]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_chosen_only_if_preferred() {
        for (accept_encoding, expected) in [
            (None, false),
            (Some(""), false),
            (Some("gzip"), true),
            (Some("GZip"), true),
            (Some("x-gzip"), true),
            (Some("gzip, deflate, br"), true),
            (Some("gzip;q=0"), false),
            (Some("gzip;q=0.0, *"), false),
            (Some("gzip;q=0.5"), true),
            (Some("gzip;q=0.5, identity"), false),
            (Some("identity;q=0.5, gzip;q=1.0"), true),
            (Some("*"), true),
            (Some("*;q=0"), false),
            (Some("br, identity"), false),
            (Some("gzip;q=high"), false),
            (Some("*;q=0, gzip"), true),
            (Some("gzip;q=0, *;q=0.5"), false),
            (Some("*;q=0.5, identity"), false),
            (Some("*;q=0.5, identity;q=0.2"), true),
            (Some("gzip;q=0.5, *"), false),
            (Some("gzip;q=0.5, *;q=0.1"), true),
            (Some("identity;q=0"), false),
            (Some("identity;q=0, gzip;q=0.1"), true),
            (Some("identity;q=0, *"), true),
            (Some("identity;q=0, *;q=0"), false),
        ] {
            let expected = if expected {
                ContentCoding::Gzip
            } else {
                ContentCoding::Identity
            };
            // Excludes zstd, which is also offered if its feature is enabled.
            let accept_encoding = accept_encoding.map(|accept| format!("{accept}, zstd;q=0"));
            let found = ContentCoding::negotiate(accept_encoding.as_deref());
            assert_eq!(found, expected, "Accept-Encoding: {accept_encoding:?}");
        }
    }

    #[cfg(feature = "zstd")]
    #[test]
    fn zstd_is_chosen_if_its_quality_is_at_least_that_of_gzip() {
        for (accept_encoding, expected) in [
            ("zstd", ContentCoding::Zstd),
            ("gzip, zstd", ContentCoding::Zstd),
            ("gzip, deflate, br, zstd", ContentCoding::Zstd),
            ("*", ContentCoding::Zstd),
            ("zstd;q=0.5, gzip", ContentCoding::Gzip),
            ("zstd;q=0, *", ContentCoding::Gzip),
            ("zstd;q=0.5, identity", ContentCoding::Identity),
            ("zstd;q=0", ContentCoding::Identity),
        ] {
            let found = ContentCoding::negotiate(Some(accept_encoding));
            assert_eq!(found, expected, "Accept-Encoding: {accept_encoding}");
        }
    }
}
