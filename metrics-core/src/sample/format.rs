//! [`Format`]: the exposition formats. [`ExpositionFormat`]: a format and how names are written in
//! it.

use std::fmt;

use crate::describe::{escaping::Escaping, subject::Subject};

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
            omits_self_metrics: false,
            omits_process_metrics: false,
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
    /// Whether metrics about the library are left out, whatever the registry's settings are.
    pub omits_self_metrics: bool,
    /// Whether metrics about the process and the build are left out.
    pub omits_process_metrics: bool,
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

    /// Leaves out the library's metrics about itself ([`Subject::Library`]), such as
    /// `metrics_series` and `metrics_http_requests_total`.
    ///
    /// For an output that several programs share, such as the files that one `node_exporter` reads:
    /// every program has self-metrics, with equal names and labels.
    ///
    /// ```
    /// use metrics_core::{ExpositionFormat, Format, encode_to_string};
    ///
    /// let all = ExpositionFormat::from(Format::Text);
    /// assert!(encode_to_string(all).contains("metrics_series"));
    /// assert!(!encode_to_string(all.without_self_metrics()).contains("metrics_series"));
    /// ```
    #[must_use]
    pub const fn without_self_metrics(mut self) -> Self {
        self.omits_self_metrics = true;
        self
    }

    /// Leaves out the metrics about the process and the build ([`Subject::Process`]):
    /// `process_*`, `build_info` and `target_info`.
    ///
    /// For an output that is not about this process, or that has such metrics of its own, as
    /// `node_exporter` has.
    ///
    /// ```
    /// use metrics_core::{ExpositionFormat, Format};
    ///
    /// let exposition = ExpositionFormat::from(Format::Text).without_process_metrics();
    /// assert!(exposition.omits_process_metrics);
    /// ```
    #[must_use]
    pub const fn without_process_metrics(mut self) -> Self {
        self.omits_process_metrics = true;
        self
    }

    /// Whether metrics about `subject` are written.
    pub(crate) const fn includes(self, subject: Subject) -> bool {
        match subject {
            Subject::Program => true,
            Subject::Process => !self.omits_process_metrics,
            Subject::Library => !self.omits_self_metrics,
        }
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
