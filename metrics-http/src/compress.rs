//! Content codings: gzip where the client wants it, streamed.

#[cfg(feature = "gzip")]
use {
    crate::{body::Writer, negotiate},
    flate2::{Compression, write::GzEncoder},
};

/// How a body is coded on its way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Identity,
    #[cfg(feature = "gzip")]
    Gzip,
}

impl Coding {
    /// The coding for an `Accept-Encoding` header.
    #[cfg(feature = "gzip")]
    pub(crate) fn wanted(accept_encoding: Option<&str>) -> Coding {
        if negotiate::gzip(accept_encoding) {
            Coding::Gzip
        } else {
            Coding::Identity
        }
    }

    /// The coding for an `Accept-Encoding` header.
    #[cfg(not(feature = "gzip"))]
    pub(crate) fn wanted(_: Option<&str>) -> Coding {
        Coding::Identity
    }

    /// The value of `Content-Encoding`, where it is to be sent.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Coding::Identity => None,
            #[cfg(feature = "gzip")]
            Coding::Gzip => Some("gzip"),
        }
    }
}

/// Expositions repeat themselves so much that the lowest level saves nearly all there is to save.
#[cfg(feature = "gzip")]
pub(crate) fn gzip(out: Writer) -> GzEncoder<Writer> {
    GzEncoder::new(out, Compression::fast())
}
