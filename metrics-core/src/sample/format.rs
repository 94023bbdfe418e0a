//! [`Format`]: the exposition formats. [`ExpositionFormat`]: a format and how names are written in
//! it.

use std::fmt;

use crate::describe::escaping::Escaping;

/// An exposition format.
///
/// ```
/// use metrics_core::Format;
///
/// assert_eq!(Format::Text.content_type(), "text/plain; version=0.0.4; charset=utf-8");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// Prometheus' text format, version 0.0.4.
    #[default]
    Text,
    /// Prometheus' text format, version 1.0.0, which can write names with any characters in quotes.
    TextV1,
    /// The text format of OpenMetrics 1.0.0.
    OpenMetrics,
    /// Prometheus' protobuf format: length-delimited messages `io.prometheus.client.MetricFamily`.
    /// The only format with the buckets of native histograms.
    Protobuf,
}

impl Format {
    /// The format with this escaping of names.
    pub const fn with_escaping(self, escaping: Escaping) -> ExpositionFormat {
        ExpositionFormat {
            format: self,
            escaping,
            omits_timestamps: false,
        }
    }

    /// The value of the HTTP header `Content-Type` for this format; see
    /// [`ExpositionFormat::content_type`].
    pub const fn content_type(self) -> &'static str {
        self.with_escaping(Escaping::Underscores).content_type()
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Text => "text",
            Format::TextV1 => "text-1",
            Format::OpenMetrics => "openmetrics",
            Format::Protobuf => "protobuf",
        })
    }
}

/// A format, and how it escapes names, such as those with characters other than `[a-zA-Z0-9_:]`.
///
/// ```
/// use metrics_core::{Escaping, ExpositionFormat, Format, encode};
///
/// let exposition = Format::TextV1.with_escaping(Escaping::AllowUtf8);
/// assert_eq!(
///     exposition.content_type(),
///     "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8",
/// );
/// encode(exposition, &mut Vec::new())?;
/// // By default, such characters become underscores.
/// assert_eq!(ExpositionFormat::from(Format::Text), Format::Text.with_escaping(Escaping::Underscores));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ExpositionFormat {
    /// The format.
    pub format: Format,
    /// How names are escaped.
    pub escaping: Escaping,
    /// Whether timestamps of samples, which only collectors set, are left out.
    pub omits_timestamps: bool,
}

impl ExpositionFormat {
    /// The value of the HTTP header `Content-Type`.
    ///
    /// It includes the escaping always for version 1.0.0 of the text format, never for version
    /// 0.0.4, and for OpenMetrics and protobuf unless it is the default.
    pub const fn content_type(self) -> &'static str {
        match (self.format, self.escaping) {
            (Format::Text, _) => "text/plain; version=0.0.4; charset=utf-8",
            (Format::TextV1, Escaping::Underscores) => {
                "text/plain; version=1.0.0; charset=utf-8; escaping=underscores"
            }
            (Format::TextV1, Escaping::Dots) => {
                "text/plain; version=1.0.0; charset=utf-8; escaping=dots"
            }
            (Format::TextV1, Escaping::Values) => {
                "text/plain; version=1.0.0; charset=utf-8; escaping=values"
            }
            (Format::TextV1, Escaping::AllowUtf8) => {
                "text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
            }
            (Format::OpenMetrics, Escaping::Underscores) => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
            (Format::OpenMetrics, Escaping::Dots) => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=dots"
            }
            (Format::OpenMetrics, Escaping::Values) => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=values"
            }
            (Format::OpenMetrics, Escaping::AllowUtf8) => {
                "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8"
            }
            (Format::Protobuf, Escaping::Underscores) => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
            }
            (Format::Protobuf, Escaping::Dots) => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=dots"
            }
            (Format::Protobuf, Escaping::Values) => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=values"
            }
            (Format::Protobuf, Escaping::AllowUtf8) => {
                "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=allow-utf-8"
            }
        }
    }
}

impl ExpositionFormat {
    /// The format without the timestamps that [collectors](crate::CollectedSeries::timestamp) set.
    ///
    /// For receivers that refuse samples with timestamps, such as a Pushgateway and the textfile
    /// collector of `node_exporter`.
    ///
    /// ```
    /// use metrics_core::{ExpositionFormat, Format};
    ///
    /// let exposition = ExpositionFormat::from(Format::Text).without_timestamps();
    /// assert!(exposition.omits_timestamps);
    /// ```
    #[must_use]
    pub const fn without_timestamps(mut self) -> Self {
        self.omits_timestamps = true;
        self
    }

    /// The escaping of names: underscores for [`Escaping::AllowUtf8`] in version 0.0.4 of the text
    /// format, because that version cannot quote names.
    pub(crate) const fn name_escaping(self) -> Escaping {
        match (self.format, self.escaping) {
            (Format::Text, Escaping::AllowUtf8) => Escaping::Underscores,
            (_, escaping) => escaping,
        }
    }
}

impl From<Format> for ExpositionFormat {
    fn from(format: Format) -> Self {
        format.with_escaping(Escaping::default())
    }
}
