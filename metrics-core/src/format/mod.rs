//! What metrics write to: [`Sink`], which every format implements.

mod buffer;
pub(crate) mod escape;
pub(crate) mod number;
mod outlet;
pub(crate) mod protobuf;
pub(crate) mod text;

use std::{borrow::Cow, fmt, sync::OnceLock};

pub(crate) use self::outlet::Out;
use crate::{
    describe::desc::Desc,
    metric::family::Observations,
    registry::singles::SomeSingles,
    sample::{
        births::SomeBirths,
        rendered::{Together, Written},
    },
    storage::{layout::Layout, native::NativeHistogramSnapshot},
};

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

/// How names are written that have other characters than letters, digits, `_` and `:`, for a
/// reader that does not take them: the [schemes] that Prometheus has.
///
/// [schemes]: https://prometheus.io/docs/instrumenting/escaping_schemes/
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Escaping {
    /// Each other character as `_`.
    #[default]
    Underscores,
    /// Dots as `_dot_`, underscores as `__`, and each other character as `__`.
    Dots,
    /// With `U__` in front, underscores as `__` and each other character as its code point, in
    /// hexadecimal digits between underscores.
    Values,
    /// As they are, in quotes; [`Format::Text`] has none, and takes `_`.
    AllowUtf8,
}

impl Escaping {
    /// The scheme of this name in an `Accept` header, as in `escaping=allow-utf-8`.
    pub fn from_name(name: &str) -> Option<Escaping> {
        Some(match name {
            "underscores" => Escaping::Underscores,
            "dots" => Escaping::Dots,
            "values" => Escaping::Values,
            "allow-utf-8" => Escaping::AllowUtf8,
            _ => return None,
        })
    }

    /// A metric's name as a reader gets it: what is added to it, as in `_bucket`, is added after.
    ///
    /// ```
    /// use metrics_core::Escaping;
    ///
    /// assert_eq!(Escaping::Underscores.metric_name("http.requests_total"), "http_requests_total");
    /// ```
    pub fn metric_name(self, name: &str) -> Cow<'_, str> {
        escape::metric_name(name, self)
    }

    /// A label's name as a reader gets it.
    ///
    /// ```
    /// use metrics_core::Escaping;
    ///
    /// assert_eq!(Escaping::AllowUtf8.label_name("http.method"), "http.method");
    /// assert_eq!(Escaping::Underscores.label_name("http.method"), "http_method");
    /// ```
    pub fn label_name(self, name: &str) -> Cow<'_, str> {
        escape::label_name(name, self)
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

/// A value as it was counted: whole numbers stay whole.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Number {
    /// What counts up.
    Unsigned(u64),
    /// What goes up and down in whole steps.
    Signed(i64),
    /// Everything else.
    Float(f64),
}

impl Number {
    /// The value as a float, which a scraper makes of it in any case.
    pub fn as_f64(self) -> f64 {
        match self {
            Number::Unsigned(n) => n as f64,
            Number::Signed(n) => n as f64,
            Number::Float(n) => n,
        }
    }
}

/// A family's head: what its samples have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    /// What a registry puts before the name.
    pub(crate) prefix: &'a str,
    pub(crate) desc: &'a Desc,
    pub(crate) heads: &'a Heads,
}

/// How formats have written a family's head, which is the same in every exposition that leaves
/// its name as it is.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    text: OnceLock<Box<[u8]>>,
    open_metrics: OnceLock<Box<[u8]>>,
    protobuf: OnceLock<Box<[u8]>>,
}

impl Heads {
    /// The head in this format.
    fn of(&self, format: Format) -> &OnceLock<Box<[u8]>> {
        match format {
            Format::Text | Format::TextV1 => &self.text,
            Format::OpenMetrics => &self.open_metrics,
            Format::Protobuf => &self.protobuf,
        }
    }
}

/// What is to come of a family.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    pub(crate) series: usize,
    /// What the labels of all come to as [pairs](crate::sample::rendered::Form::Pairs), at the most.
    pub(crate) label_bytes: usize,
    /// The same of the one with the longest.
    pub(crate) longest_labels: usize,
    /// Whether each is one number and nothing else.
    pub(crate) are_numbers: bool,
    pub(crate) is_native: bool,
}

impl Expected {
    /// So many series, of which nothing else is known.
    pub(crate) fn of(series: usize) -> Self {
        Expected {
            series,
            label_bytes: 0,
            longest_labels: 0,
            are_numbers: false,
            is_native: false,
        }
    }

    /// Both together.
    pub(crate) fn and(self, other: Self) -> Self {
        Expected {
            series: self.series + other.series,
            label_bytes: self.label_bytes + other.label_bytes,
            longest_labels: self.longest_labels.max(other.longest_labels),
            are_numbers: self.are_numbers && other.are_numbers,
            is_native: self.is_native || other.is_native,
        }
    }
}

/// A histogram's state at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HistogramValue<'a> {
    /// Upper bounds, without `+Inf`.
    pub(crate) bounds: &'a [f64],
    /// Observations in each bucket, `+Inf` included, not cumulative.
    pub(crate) counts: &'a [u64],
    pub(crate) sum: f64,
    /// Whether observations may be negative, so that the sum may go down.
    pub(crate) falls: bool,
    /// The native buckets, for formats that have them.
    pub(crate) native: Option<&'a NativeHistogramSnapshot>,
    /// Examples of observations, ascending by value; of two in one bucket the last one counts.
    pub(crate) exemplars: &'a [Exemplar],
}

/// An example of what was counted: labels that lead to it, such as the identifier of a trace.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Exemplar {
    /// As [`label_text::label`](crate::sample::label_text::label) writes them.
    pub(crate) labels: Box<str>,
    pub(crate) value: f64,
    /// Unix time, in seconds.
    pub(crate) time: f64,
}

/// A summary's state at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SummaryValue<'a> {
    /// Quantiles and their values.
    pub(crate) quantiles: &'a [(f64, f64)],
    pub(crate) count: u64,
    pub(crate) sum: f64,
}

/// What a series is worth.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Counter(Number, Option<&'a Exemplar>),
    /// Of an unknown type as well.
    Gauge(Number),
    /// Of a gauge histogram as well.
    Histogram(HistogramValue<'a>),
    Summary(SummaryValue<'a>),
    Info,
    /// The states and which of them is active.
    StateSet(&'a [&'a str], usize),
}

/// Some series that stand one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed<'a> {
    /// Which of them are there; nothing else of the others counts.
    pub(crate) live: &'a [bool],
    /// As whole text.
    pub(crate) labels: Together<'a>,
    pub(crate) created: SomeBirths<'a>,
}

/// Series of histograms with classic buckets alone and without exemplars, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Histograms<'a> {
    pub(crate) listed: Listed<'a>,
    /// As [`HistogramValue`] has them.
    pub(crate) bounds: &'a [f64],
    pub(crate) falls: bool,
    pub(crate) layout: Layout,
    /// What those that are there are worth.
    pub(crate) values: &'a [u64],
}

impl<'a> Histograms<'a> {
    /// No more than so many, which is a divisor of how many texts stand together.
    pub(crate) const AT_ONCE: usize = 64;

    /// What one of them is worth.
    pub(crate) fn value(&self, read: Observations<'a>) -> Value<'a> {
        Value::Histogram(HistogramValue {
            bounds: self.bounds,
            counts: read.counts,
            sum: read.sum,
            falls: self.falls,
            native: None,
            exemplars: &[],
        })
    }

    /// Labels, birth and value of each.
    #[inline(always)]
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'a [u8], f64, Observations<'a>)> {
        let layout = self.layout;
        let mut values = self.values.chunks_exact(layout.read_words());
        let Listed {
            live,
            labels,
            created,
        } = self.listed;
        let labels = labels.iter().map(|[_, whole]| whole);
        let series = live.iter().zip(labels.zip(created.iter()));
        series.filter_map(move |(live, (labels, created))| {
            let values = if *live { values.next()? } else { return None };
            Some((labels, created, Observations::new(layout, values)))
        })
    }

    /// Shows labels as text, birth and value of each.
    pub(crate) fn each(&self, mut show: impl FnMut(&str, f64, Value<'_>)) {
        let mut read = String::new();
        for (labels, created, value) in self.iter() {
            let labels = self.listed.labels.text([&[], labels], &mut read);
            show(labels, created, self.value(value));
        }
    }
}

/// Series of counters that count in whole steps, one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counters<'a> {
    /// Which of them are there; nothing else of the others counts.
    pub(crate) live: &'a [bool],
    /// As the sink wants them, if it wanted them so before.
    pub(crate) labels: Together<'a>,
    pub(crate) created: SomeBirths<'a>,
    pub(crate) totals: &'a [u64],
}

impl<'a> Counters<'a> {
    /// No more than so many, which is how many texts stand together.
    pub(crate) const AT_ONCE: usize = 256;

    /// Those after so many.
    pub(crate) fn after(&self, some: usize) -> Self {
        Counters {
            live: &self.live[some..],
            labels: self.labels.after(some),
            created: self.created.after(some),
            totals: &self.totals[some..],
        }
    }

    /// The first of them, if it is there: both halves of its labels, its birth and its total.
    pub(crate) fn first(&self) -> Option<([&'a [u8]; 2], f64, u64)> {
        let is_live = self.live.first().copied().unwrap_or(false);
        let created = self.created.iter().next().unwrap_or_default();
        is_live.then(|| (self.labels.get(0), created, self.totals[0]))
    }

    /// How many of them are there before one that is not.
    #[inline(always)]
    pub(crate) fn live(&self) -> usize {
        // As most are: nothing is to be found out then one by one.
        if self.live.iter().fold(true, |all, live| all & live) {
            return self.live.len();
        }
        self.live.iter().take_while(|live| **live).count()
    }

    /// Shows labels as text, birth and total of each.
    pub(crate) fn each(&self, mut show: impl FnMut(&str, f64, u64)) {
        let mut read = String::new();
        let series = self.labels.iter().zip(self.created.iter()).zip(self.totals);
        for (live, ((labels, created), total)) in self.live.iter().zip(series) {
            if *live {
                show(self.labels.text(labels, &mut read), created, *total);
            }
        }
    }
}

/// Takes families and their series and writes them down.
///
/// Calls come while metrics are locked against births, so an implementation writes to memory;
/// [`Registry::encode`](crate::Registry::encode) empties it between families and tiles.
pub(crate) trait Sink {
    /// Begins a family.
    fn family(&mut self, head: Head<'_>);

    /// Says what is to come of the family. Where it is true, all its series are shown twice, the
    /// first time to be counted; [`counted`](Self::counted) comes between.
    fn expect(&mut self, expected: &dyn Fn() -> Expected) -> bool {
        let _ = expected;
        false
    }

    /// The series that are to be counted have come.
    fn counted(&mut self) {}

    /// Writes one series of the family: its labels as `label_text::label` writes them, the Unix time
    /// of its birth, and its value.
    fn series(&mut self, labels: &str, created: f64, value: Value<'_>);

    /// Writes one series of counters, gauges, or of an unknown type: most of what there is.
    fn number(&mut self, labels: &str, created: f64, number: Number);

    /// Writes families of one series without labels that is one number.
    fn singles(&mut self, singles: &SomeSingles<'_>) {
        for (head, created, number) in singles.iter() {
            self.family(head);
            self.number("", created, number);
        }
    }

    /// How it wants the labels of [many counters](Self::counters) of this family, if it is not all
    /// the same to it.
    fn wanted_labels(&mut self) -> Option<Written<'_>> {
        None
    }

    /// Writes many at once, for formats that have a loop of their own for it: counters are most of
    /// what there is.
    fn counters(&mut self, counters: &Counters<'_>) {
        counters.each(|labels, created, total| {
            self.number(labels, created, Number::Unsigned(total));
        });
    }

    /// Writes many histograms at once, for formats that have a loop of their own for it.
    fn histograms(&mut self, histograms: &Histograms<'_>) {
        histograms.each(|labels, created, value| self.series(labels, created, value));
    }

    /// A moment at which nothing is locked: what was written may go out. False when nobody takes
    /// it any more, and there is no point in going on.
    fn pause(&mut self) -> bool;
}
