//! [`ScrapeSettings`]: how an endpoint answers scrapes, and the types of its public settings.

use std::time::Duration;

use metrics_core::Format;

/// What a scrape is answered with if collectors panicked or did not return in time.
///
/// See [`ServerBuilder::error_handling`](crate::ServerBuilder::error_handling).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorHandling {
    /// An exposition without the families of the collectors that failed.
    ///
    /// The values of a program in trouble are needed most, so this is the default.
    #[default]
    Continue,
    /// Status 500, with a text that names the collectors that failed.
    ///
    /// Prometheus regards the whole scrape as failed, so that `up` is 0.
    HttpError,
}

/// A compression of response bodies.
///
/// See [`ServerBuilder::compression`](crate::ServerBuilder::compression).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// The coding `gzip` (RFC 1952).
    #[cfg(feature = "gzip")]
    Gzip,
    /// The coding `zstd` (RFC 8878).
    #[cfg(feature = "zstd")]
    Zstd,
}

/// How an endpoint answers scrapes.
#[derive(Clone, Debug)]
pub(crate) struct ScrapeSettings {
    pub(crate) max_concurrent: usize,
    pub(crate) max_queued: usize,
    pub(crate) timeout: Duration,
    pub(crate) error_handling: ErrorHandling,
    /// In order of preference, and not empty.
    pub(crate) formats: Vec<Format>,
    /// In order of preference.
    pub(crate) compression: Vec<Compression>,
    /// The start time of the process as Unix time in seconds, if responses have it.
    pub(crate) process_start: Option<u64>,
}

impl Default for ScrapeSettings {
    fn default() -> ScrapeSettings {
        ScrapeSettings {
            max_concurrent: 4,
            max_queued: 64,
            timeout: Duration::from_mins(1),
            error_handling: ErrorHandling::default(),
            formats: vec![
                Format::Text,
                Format::OpenMetrics,
                Format::TextV1,
                Format::Protobuf,
            ],
            compression: ALL_COMPRESSIONS.to_vec(),
            process_start: None,
        }
    }
}

/// The compressions that are compiled in, in order of preference.
pub(super) const ALL_COMPRESSIONS: &[Compression] = &[
    #[cfg(feature = "zstd")]
    Compression::Zstd,
    #[cfg(feature = "gzip")]
    Compression::Gzip,
];
