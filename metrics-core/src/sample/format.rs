//! Exposition formats and how they write names.

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
    /// The same, version 1.0.0, which has a way to write any name.
    TextV1,
    /// OpenMetrics 1.0.0, as text.
    OpenMetrics,
    /// Prometheus' protobuf format: messages `io.prometheus.client.MetricFamily`, each after its
    /// length. The only one that shows the buckets of native histograms.
    Protobuf,
}

impl Format {
    /// The format with names escaped like this.
    pub const fn with_escaping(self, escaping: Escaping) -> ExpositionFormat {
        ExpositionFormat {
            format: self,
            escaping,
        }
    }

    /// The media type that announces this format in an HTTP answer; see
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

/// A format, and how it writes names that not every reader takes.
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
/// // A format alone has underscores in place of such characters.
/// assert_eq!(ExpositionFormat::from(Format::Text), Format::Text.with_escaping(Escaping::Underscores));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ExpositionFormat {
    /// The format.
    pub format: Format,
    /// How names are escaped.
    pub escaping: Escaping,
}

impl ExpositionFormat {
    /// The media type that announces it in an HTTP answer.
    ///
    /// The scheme is named where a reader must know it: in version 1.0.0 of the text format
    /// always, in OpenMetrics and protobuf where it is not the one that is meant without a word.
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
    /// How names are written in the end: where a format has no quotes, none are asked for.
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
