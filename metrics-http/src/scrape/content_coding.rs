//! [`ContentCoding`]: negotiates `Accept-Encoding` (RFC 9110, section 12.5.3) and compresses
//! bodies.

use std::io::{self, Write};

#[cfg(feature = "gzip")]
use flate2::write::GzEncoder;

#[cfg(feature = "catalog")]
use super::settings::ALL_COMPRESSIONS;
use super::{header, pipe::Writer, settings::Compression};

/// The content coding of a response body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentCoding {
    Identity,
    #[cfg(feature = "gzip")]
    Gzip,
    #[cfg(feature = "zstd")]
    Zstd,
}

impl From<Compression> for ContentCoding {
    fn from(compression: Compression) -> ContentCoding {
        match compression {
            #[cfg(feature = "gzip")]
            Compression::Gzip => ContentCoding::Gzip,
            #[cfg(feature = "zstd")]
            Compression::Zstd => ContentCoding::Zstd,
        }
    }
}

impl ContentCoding {
    /// Chooses among all codings for an `Accept-Encoding` header.
    #[cfg(feature = "catalog")]
    pub(crate) fn negotiate(accept_encoding: Option<&str>) -> ContentCoding {
        ContentCoding::negotiate_among(accept_encoding, ALL_COMPRESSIONS)
    }

    /// Chooses the coding for an `Accept-Encoding` header.
    ///
    /// `offered` is in order of preference: of the codings with the same quality, the first is
    /// chosen.
    pub(super) fn negotiate_among(
        accept_encoding: Option<&str>,
        offered: &[Compression],
    ) -> ContentCoding {
        // If the header does not cover `identity`, every coding that it accepts is preferred.
        let identity = quality(accept_encoding, &["identity"]).unwrap_or(0.0);
        let mut best = (ContentCoding::Identity, identity);
        for coding in offered.iter().rev().copied().map(ContentCoding::from) {
            let quality = quality(accept_encoding, coding.names()).unwrap_or(0.0);
            if quality > 0.0 && quality >= best.1 {
                best = (coding, quality);
            }
        }
        best.0
    }

    /// The names in `Accept-Encoding`.
    fn names(self) -> &'static [&'static str] {
        match self {
            ContentCoding::Identity => &["identity"],
            #[cfg(feature = "gzip")]
            ContentCoding::Gzip => &["gzip", "x-gzip"],
            #[cfg(feature = "zstd")]
            ContentCoding::Zstd => &["zstd"],
        }
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

    /// Writes a body through this coding, and finishes `out`.
    ///
    /// Expositions are so repetitive that the lowest compression level already removes most of
    /// their size.
    pub(super) fn write(
        self,
        mut out: Writer,
        body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        match self {
            ContentCoding::Identity => {
                body(&mut out)?;
                out.finish()
            }
            #[cfg(feature = "gzip")]
            ContentCoding::Gzip => {
                let mut out = GzEncoder::new(out, flate2::Compression::fast());
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
                let mut out = GzEncoder::new(Vec::new(), flate2::Compression::fast());
                out.write_all(body)?;
                out.finish().map(Some)
            }
            #[cfg(feature = "zstd")]
            ContentCoding::Zstd => zstd::encode_all(body, ZSTD_LEVEL).map(Some),
        }
    }
}

/// The quality, 0 to 1, of a coding with any of these names; `None` if the header does not cover it.
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
    use super::{super::settings::ALL_COMPRESSIONS, *};

    fn negotiate(accept_encoding: Option<&str>) -> ContentCoding {
        ContentCoding::negotiate_among(accept_encoding, ALL_COMPRESSIONS)
    }

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
            let found = negotiate(accept_encoding.as_deref());
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
            let found = negotiate(Some(accept_encoding));
            assert_eq!(found, expected, "Accept-Encoding: {accept_encoding}");
        }
    }
}
