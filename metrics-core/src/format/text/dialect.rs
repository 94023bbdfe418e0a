//! [`Dialect`]: how OpenMetrics differs from Prometheus' text format.
//!
//! - The names of counter and info families lack their suffix: `requests` has samples
//!   `requests_total`.
//! - `TYPE` comes before `HELP`; there may be a line `UNIT`; quotes in the help text are escaped.
//! - There are types for infos, state sets and gauge histograms; gauge histograms have the samples
//!   `_gsum` and `_gcount`. The type `untyped` is called `unknown`.
//! - Finite floats have a point or an exponent, samples may have exemplars and a `_created` line,
//!   and the exposition ends with `# EOF`.
//! - A histogram whose observations may be negative has no sum and no count.
//!
//! <https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md>

use crate::describe::{desc::Desc, escaping, kind::Kind, name};

/// The text format of Prometheus, or that of OpenMetrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Versions 0.0.4 and 1.0.0.
    Prometheus,
    OpenMetrics,
}

/// The kinds of samples in a family, which differ in the suffix of their names.
#[derive(Clone, Copy, Debug)]
pub(super) enum SampleName {
    /// The value of a series, or a bucket, a quantile or a state.
    Main,
    Sum,
    Count,
    Created,
}

impl Dialect {
    /// The name of a family that was declared as `name`.
    pub(super) fn family_name(self, name: &str, kind: Kind) -> &str {
        match self {
            Dialect::Prometheus => name,
            Dialect::OpenMetrics => name::family_name(name, kind),
        }
    }

    /// The part of a sample's name that follows the family's name.
    pub(super) fn suffix(self, sample: SampleName, kind: Kind) -> &'static str {
        let is_open_metrics = self == Dialect::OpenMetrics;
        match (sample, kind) {
            (SampleName::Main, Kind::Histogram | Kind::GaugeHistogram) => "_bucket",
            (SampleName::Main, Kind::Counter) if is_open_metrics => "_total",
            (SampleName::Main, Kind::Info) if is_open_metrics => "_info",
            (SampleName::Main, _) => "",
            (SampleName::Sum, Kind::GaugeHistogram) if is_open_metrics => "_gsum",
            (SampleName::Sum, _) => "_sum",
            (SampleName::Count, Kind::GaugeHistogram) if is_open_metrics => "_gcount",
            (SampleName::Count, _) => "_count",
            (SampleName::Created, _) => "_created",
        }
    }

    /// Whether a histogram has the samples `_sum` and `_count`. In a histogram, but not in a gauge
    /// histogram, OpenMetrics forbids a sum where observations may be negative, and a count without
    /// a sum.
    pub(super) fn has_sum(self, kind: Kind, allows_negative: bool) -> bool {
        self == Dialect::Prometheus || !allows_negative || kind != Kind::Histogram
    }

    /// The comment lines before a family's samples.
    pub(super) fn head(self, name: &str, is_quoted: bool, kind: Kind, desc: &Desc) -> String {
        let mut out = String::new();
        let mut comment = |keyword: &str, text: &str| {
            for part in ["# ", keyword, " "] {
                out.push_str(part);
            }
            if is_quoted {
                escaping::push_quoted(&mut out, name);
            } else {
                out.push_str(name);
            }
            out.push(' ');
            for c in text.chars() {
                match c {
                    '\\' => out.push_str("\\\\"),
                    '\n' => out.push_str("\\n"),
                    '"' if self == Dialect::OpenMetrics => out.push_str("\\\""),
                    c => out.push(c),
                }
            }
            out.push('\n');
        };
        match self {
            Dialect::Prometheus => {
                comment("HELP", desc.help());
                comment("TYPE", prometheus_type(kind));
            }
            Dialect::OpenMetrics => {
                comment("TYPE", kind.name());
                // Leaves out the unit if escaping has changed the end of the name: under `dots`,
                // `seconds_total` becomes `seconds__total`, and the family `seconds_`.
                let unit = desc.unit_name().filter(|unit| {
                    let rest = name.strip_suffix(unit);
                    rest.is_some_and(|rest| rest.ends_with('_'))
                });
                if let Some(unit) = unit {
                    comment("UNIT", unit);
                }
                comment("HELP", desc.help());
            }
        }
        out
    }

    /// The end of an exposition.
    pub(super) fn end(self) -> &'static [u8] {
        match self {
            Dialect::Prometheus => b"",
            Dialect::OpenMetrics => b"# EOF\n",
        }
    }
}

fn prometheus_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Info | Kind::StateSet => "gauge",
        Kind::GaugeHistogram => "histogram",
        Kind::Unknown => "untyped",
        kind => kind.name(),
    }
}
