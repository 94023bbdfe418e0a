//! Content codings: zstd or gzip where the client wants it, streamed.

use std::io::{self, Write};

#[cfg(feature = "gzip")]
use flate2::{Compression, write::GzEncoder};

use crate::body::Writer;
#[cfg(any(feature = "gzip", feature = "zstd"))]
use crate::negotiate;

/// How a body is coded on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    #[cfg(feature = "gzip")]
    Gzip,
    #[cfg(feature = "zstd")]
    Zstd,
}

impl Coding {
    /// The coding for an `Accept-Encoding` header.
    #[cfg(any(feature = "gzip", feature = "zstd"))]
    pub(crate) fn wanted(accept_encoding: Option<&str>) -> Coding {
        // Of what is wanted alike, the first is the cheapest to send.
        let offers = [
            #[cfg(feature = "zstd")]
            (Coding::Zstd, ["zstd"].as_slice()),
            #[cfg(feature = "gzip")]
            (Coding::Gzip, &["gzip", "x-gzip"]),
        ];
        // Not listed, the plain body is acceptable still, but less than what is listed.
        let plain = negotiate::coding(accept_encoding, &["identity"]).unwrap_or(0.0);
        let mut best = (Coding::Identity, plain);
        for (coding, names) in offers.into_iter().rev() {
            let quality = negotiate::coding(accept_encoding, names).unwrap_or(0.0);
            if quality > 0.0 && quality >= best.1 {
                best = (coding, quality);
            }
        }
        best.0
    }

    /// The coding for an `Accept-Encoding` header.
    #[cfg(not(any(feature = "gzip", feature = "zstd")))]
    pub(crate) fn wanted(_: Option<&str>) -> Coding {
        Coding::Identity
    }

    /// The value of `Content-Encoding`, where it is to be sent.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Coding::Identity => None,
            #[cfg(feature = "gzip")]
            Coding::Gzip => Some("gzip"),
            #[cfg(feature = "zstd")]
            Coding::Zstd => Some("zstd"),
        }
    }

    /// Writes a whole body in this coding.
    ///
    /// Expositions repeat themselves so much that the lowest levels save nearly all there is to
    /// save.
    pub(crate) fn write(
        self,
        mut out: Writer,
        body: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        match self {
            Coding::Identity => {
                body(&mut out)?;
                out.finish()
            }
            #[cfg(feature = "gzip")]
            Coding::Gzip => {
                let mut out = GzEncoder::new(out, Compression::fast());
                body(&mut out)?;
                out.finish()?.finish()
            }
            #[cfg(feature = "zstd")]
            Coding::Zstd => {
                let mut out = zstd::stream::write::Encoder::new(out, ZSTD_LEVEL)?;
                body(&mut out)?;
                out.finish()?.finish()
            }
        }
    }
}

#[cfg(feature = "page")]
impl Coding {
    /// A body that is at hand as a whole, in this coding.
    pub(crate) fn encoded(self, body: Vec<u8>) -> io::Result<Vec<u8>> {
        match self {
            Coding::Identity => Ok(body),
            #[cfg(feature = "gzip")]
            Coding::Gzip => {
                let mut out = GzEncoder::new(Vec::new(), Compression::fast());
                out.write_all(&body)?;
                out.finish()
            }
            #[cfg(feature = "zstd")]
            Coding::Zstd => zstd::encode_all(&*body, ZSTD_LEVEL),
        }
    }
}

#[cfg(feature = "zstd")]
const ZSTD_LEVEL: i32 = 1;

#[cfg(all(test, feature = "gzip"))]
mod tests {
    use super::*;

    #[test]
    fn gzip_only_where_it_is_wanted() {
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
                Coding::Gzip
            } else {
                Coding::Identity
            };
            // What else may be had is not wanted.
            let accept_encoding = accept_encoding.map(|accept| format!("{accept}, zstd;q=0"));
            let found = Coding::wanted(accept_encoding.as_deref());
            assert_eq!(found, expected, "Accept-Encoding: {accept_encoding:?}");
        }
    }

    #[cfg(feature = "zstd")]
    #[test]
    fn zstd_where_it_is_wanted_no_less_than_gzip() {
        for (accept_encoding, expected) in [
            ("zstd", Coding::Zstd),
            ("gzip, zstd", Coding::Zstd),
            ("gzip, deflate, br, zstd", Coding::Zstd),
            ("*", Coding::Zstd),
            ("zstd;q=0.5, gzip", Coding::Gzip),
            ("zstd;q=0, *", Coding::Gzip),
            ("zstd;q=0.5, identity", Coding::Identity),
            ("zstd;q=0", Coding::Identity),
        ] {
            let found = Coding::wanted(Some(accept_encoding));
            assert_eq!(found, expected, "Accept-Encoding: {accept_encoding}");
        }
    }
}
