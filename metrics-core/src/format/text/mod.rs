//! The text formats: Prometheus 0.0.4 and 1.0.0, and OpenMetrics 1.0.0.
//!
//! [`Text`] writes all of them; their differences are in `dialect.rs`. Consecutive counters,
//! histograms, and families of one unlabelled sample have separate loops, which write a line in few
//! instructions.

mod counters;
mod dialect;
mod histograms;
mod line_start;
mod singles;

use std::io;

use self::{
    dialect::{Dialect, SampleName},
    histograms::{HistogramWriter, add_exemplar},
    line_start::LineStart,
};
use super::{
    buffer::Buffer,
    number,
    outlet::{Outlet, Output},
};
use crate::{
    describe::{escaping, escaping::Escaping, kind::Kind, name},
    sample::{
        batch::{CounterBatch, HistogramBatch},
        format::{ExpositionFormat, Format},
        head::FamilyHead,
        label_encoding::{LabelEncoding, LabelRendering},
        label_text,
        single::SingleSamples,
        sink::Sink,
        value::{HistogramValue, Number, SummaryValue, Value},
    },
};

/// Writes one of the text formats.
pub(crate) struct Text<'w> {
    outlet: Outlet<'w>,
    exposition: ExpositionFormat,
    dialect: Dialect,
    /// Whether created timestamps are written, for which only OpenMetrics has lines.
    has_created: bool,
    /// The registry's const labels, rendered.
    const_labels: String,
    escaping: Escaping,
    /// The name of the current family.
    name: String,
    kind: Kind,
    /// Whether the name is quoted and written among the labels.
    is_quoted: bool,
    /// Whether names of labels may need escaping.
    escapes_labels: bool,
    /// The label of a state set: the name of its family.
    state_label: String,
    /// The starts of the current family's lines, indexed by [`SampleName`].
    starts: [LineStart; 4],
    histograms: HistogramWriter,
    /// Allocated for the first batch of counters.
    counters: Option<Box<counters::Scratch>>,
    escaped: String,
    scratch: String,
}

impl<'w> Text<'w> {
    pub(crate) fn new(
        out: Output<'w>,
        exposition: ExpositionFormat,
        has_created: bool,
        const_labels: String,
    ) -> Self {
        let dialect = match exposition.format {
            Format::OpenMetrics => Dialect::OpenMetrics,
            _ => Dialect::Prometheus,
        };
        Text {
            outlet: Outlet::new(out),
            exposition,
            dialect,
            has_created: has_created && dialect == Dialect::OpenMetrics,
            const_labels,
            escaping: exposition.name_escaping(),
            name: String::new(),
            kind: Kind::Unknown,
            is_quoted: false,
            escapes_labels: false,
            state_label: String::new(),
            starts: Default::default(),
            histograms: HistogramWriter::default(),
            counters: None,
            escaped: String::new(),
            scratch: String::new(),
        }
    }

    /// Ends the exposition.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.outlet.buffer.put(self.dialect.end());
        self.outlet.finish()
    }

    fn is_open_metrics(&self) -> bool {
        self.dialect == Dialect::OpenMetrics
    }

    /// Makes a family the current one. Returns whether its encoded head may be cached: the name
    /// needs neither quotes nor escaping, and the escaping is not `Dots`.
    fn set_family(&mut self, head: FamilyHead<'_>) -> bool {
        let FamilyHead { prefix, desc, .. } = head;
        self.kind = if self.is_open_metrics() && desc.is_counter_without_total() {
            Kind::Unknown
        } else {
            desc.kind()
        };
        self.histograms.new_family();
        self.name.clear();
        self.name.push_str(prefix);
        self.name.push_str(desc.name());
        // `Dots` doubles underscores, so it changes even names without special characters.
        let is_dots = self.escaping == Escaping::Dots;
        let lines = head.cache.for_format(self.exposition.format);
        // Looks into the cache first, because that costs less than checking the name. Only heads
        // whose name needs no escaping are cached.
        let is_legacy = lines.get().is_some() || name::is_legacy_metric(&self.name);
        let is_plain = is_legacy && !is_dots;
        self.escapes_labels =
            is_dots || self.escaping != Escaping::AllowUtf8 && !desc.has_legacy_labels();
        self.is_quoted = !is_legacy && self.escaping == Escaping::AllowUtf8;
        if self.kind == Kind::StateSet {
            self.state_label = escaping::label_name(&self.name, self.escaping).into_owned();
        }
        if !is_plain {
            self.name = escaping::metric_name(&self.name, self.escaping).into_owned();
        }
        let len = self.dialect.family_name(&self.name, self.kind).len();
        self.name.truncate(len);
        is_plain
    }

    fn set_line_starts(&mut self) {
        use SampleName::{Count, Created, Main, Sum};
        let samples: &[SampleName] = match self.kind {
            Kind::Histogram | Kind::GaugeHistogram | Kind::Summary => &[Main, Sum, Count, Created],
            _ if self.has_created => &[Main, Created],
            _ => &[Main],
        };
        for sample in samples {
            let suffix = self.dialect.suffix(*sample, self.kind);
            let start = &mut self.starts[*sample as usize];
            start.set(&self.name, suffix, self.is_quoted, &self.const_labels);
        }
    }

    /// The lines before a family's samples.
    fn head(&self, head: FamilyHead<'_>) -> String {
        self.dialect
            .head(&self.name, self.is_quoted, self.kind, head.desc)
    }

    /// The bytes before the value of a single-sample family: its head and the start of its line.
    fn line_prefix(&mut self, head: FamilyHead<'_>) -> String {
        self.set_family(head);
        let suffix = self.dialect.suffix(SampleName::Main, self.kind);
        format!("{}{}{suffix} ", self.head(head), self.name)
    }

    /// Writes a line: `name{labels} value`.
    #[inline(always)]
    fn write_sample(&mut self, sample: SampleName, labels: &str, value: Number) {
        let is_open_metrics = self.is_open_metrics();
        let start = &self.starts[sample as usize];
        let room = start.room(labels.as_bytes()) + number::ROOM;
        self.outlet.buffer.write(room, |line| {
            start.put(line, labels.as_bytes());
            number::write(line, value, is_open_metrics);
            line.put_byte(b'\n');
        });
    }

    /// Writes a line with a label in addition to those of its series: `name{labels,extra} value`.
    fn write_sample_with(&mut self, labels: &str, extra: (&str, &str), value: Number) {
        let mut all = std::mem::take(&mut self.scratch);
        all.clear();
        all.push_str(labels);
        label_text::push_label(&mut all, extra.0, extra.1);
        self.write_sample(SampleName::Main, &all, value);
        self.scratch = all;
    }

    #[inline(never)]
    fn write_created(&mut self, labels: &str, created: f64) {
        // 0 means no created timestamp, because the samples of a collector may have none.
        if self.has_created && created > 0.0 {
            let start = &self.starts[SampleName::Created as usize];
            let room = start.room(labels.as_bytes()) + number::ROOM;
            self.outlet.buffer.write(room, |line| {
                start.put(line, labels.as_bytes());
                number::time(line, created);
                line.put_byte(b'\n');
            });
        }
    }

    fn write_histogram(&mut self, labels: &str, value: &HistogramValue<'_>) {
        let is_open_metrics = self.is_open_metrics();
        let start = &self.starts[SampleName::Main as usize].labels;
        self.histograms.begin(start, labels.as_bytes());
        let buffer = &mut self.outlet.buffer;
        let total = self.histograms.write(buffer, value, is_open_metrics);
        if self.dialect.has_sum(self.kind, value.allows_negative) {
            self.write_sample(SampleName::Sum, labels, Number::Float(value.sum));
            self.write_sample(SampleName::Count, labels, Number::Unsigned(total));
        }
    }

    fn write_summary(&mut self, labels: &str, value: &SummaryValue<'_>) {
        for (quantile, estimate) in value.quantiles {
            let mut text = Buffer::default();
            text.write(number::ROOM, |line| {
                number::float(line, *quantile, self.is_open_metrics());
            });
            let quantile = String::from_utf8_lossy(text.as_slice());
            let label = ("quantile", &*quantile);
            self.write_sample_with(labels, label, Number::Float(*estimate));
        }
        self.write_sample(SampleName::Sum, labels, Number::Float(value.sum));
        self.write_sample(SampleName::Count, labels, Number::Unsigned(value.count));
    }

    fn write_state_set(&mut self, labels: &str, states: &[&str], active: usize) {
        let name = std::mem::take(&mut self.state_label);
        for (at, state) in states.iter().enumerate() {
            let value = Number::Unsigned(u64::from(at == active));
            self.write_sample_with(labels, (&name, state), value);
        }
        self.state_label = name;
    }

    /// Calls `write` with the labels after their names were escaped.
    #[cold]
    fn with_escaped_labels(&mut self, labels: &str, write: impl FnOnce(&mut Self, &str)) {
        let mut escaped = std::mem::take(&mut self.escaped);
        escaped.clear();
        label_text::push_escaped(labels, self.escaping, &mut escaped);
        self.escapes_labels = false;
        write(self, &escaped);
        self.escapes_labels = true;
        self.escaped = escaped;
    }
}

impl Sink for Text<'_> {
    fn begin_family(&mut self, head: FamilyHead<'_>) {
        let is_plain = self.set_family(head);
        self.set_line_starts();
        let lines = || self.head(head).into_bytes().into_boxed_slice();
        if is_plain {
            let lines = head
                .cache
                .for_format(self.exposition.format)
                .get_or_init(lines);
            self.outlet.buffer.put(lines);
        } else {
            let lines = lines();
            self.outlet.buffer.put(&lines);
        }
    }

    fn write_series(&mut self, labels: &str, created: f64, value: Value<'_>) {
        if self.escapes_labels {
            return self.with_escaped_labels(labels, |this, labels| {
                this.write_series(labels, created, value);
            });
        }
        match value {
            Value::Counter(number, exemplar) => {
                self.write_sample(SampleName::Main, labels, number);
                if self.kind == Kind::Counter {
                    if let Some(exemplar) = exemplar
                        && self.is_open_metrics()
                    {
                        add_exemplar(&mut self.outlet.buffer, exemplar);
                    }
                    self.write_created(labels, created);
                }
            }
            Value::Gauge(number) => self.write_sample(SampleName::Main, labels, number),
            Value::Histogram(ref value) => {
                self.write_histogram(labels, value);
                self.write_created(labels, created);
            }
            Value::Summary(value) => {
                self.write_summary(labels, &value);
                self.write_created(labels, created);
            }
            Value::Info => self.write_sample(SampleName::Main, labels, Number::Unsigned(1)),
            Value::StateSet(states, active) => self.write_state_set(labels, states, active),
        }
    }

    fn write_series_at(&mut self, labels: &str, created: f64, timestamp: i64, value: Value<'_>) {
        let start = self.outlet.buffer.len();
        self.write_series(labels, created, value);
        if !self.exposition.omits_timestamps {
            add_timestamp(&mut self.outlet.buffer, start, timestamp, self.dialect);
        }
    }

    #[inline]
    fn write_number(&mut self, labels: &str, created: f64, number: Number) {
        if self.escapes_labels {
            return self.with_escaped_labels(labels, |this, labels| {
                this.write_number(labels, created, number);
            });
        }
        self.write_sample(SampleName::Main, labels, number);
        if self.has_created && self.kind == Kind::Counter {
            self.write_created(labels, created);
        }
    }

    fn write_singles(&mut self, singles: &SingleSamples<'_>) {
        let is_plain =
            !self.has_created && self.const_labels.is_empty() && self.escaping != Escaping::Dots;
        if is_plain {
            let prefixes =
                singles.line_prefixes(self.exposition.format, |head| self.line_prefix(head));
            let is_open_metrics = self.is_open_metrics();
            let buffer = &mut self.outlet.buffer;
            return singles::write(buffer, singles, prefixes, is_open_metrics);
        }
        for (head, created, number) in singles.iter() {
            self.begin_family(head);
            self.write_number("", created, number);
        }
    }

    fn label_rendering(&mut self) -> Option<LabelRendering<'_>> {
        if self.has_created || self.escapes_labels {
            return Some(LabelRendering::TEXT);
        }
        let start = &self.starts[SampleName::Main as usize];
        Some(LabelRendering::in_line(start.labels.as_slice()))
    }

    fn write_counters(&mut self, counters: &CounterBatch<'_>) {
        let is_text = counters.series.labels.encoding() == LabelEncoding::Text;
        if is_text && !self.has_created && !self.escapes_labels {
            let start = &self.starts[SampleName::Main as usize];
            let scratch = self.counters.get_or_insert_default();
            return counters::write(&mut self.outlet.buffer, counters, start, scratch);
        }
        counters.for_each(|labels, created, total| {
            self.write_number(labels, created, Number::Unsigned(total));
        });
    }

    fn write_histograms(&mut self, histograms: &HistogramBatch<'_>) {
        let has_sum = self.dialect.has_sum(self.kind, histograms.allows_negative);
        if has_sum && !self.has_created && !self.escapes_labels {
            let is_open_metrics = self.is_open_metrics();
            let buffer = &mut self.outlet.buffer;
            return self
                .histograms
                .write_batch(buffer, histograms, &self.starts, is_open_metrics);
        }
        histograms.for_each(|labels, created, value| self.write_series(labels, created, value));
    }

    fn checkpoint(&mut self) -> bool {
        self.outlet.flush_if_large();
        self.outlet.is_open()
    }
}

/// Adds a timestamp, Unix time in milliseconds, to the lines from `start` on.
///
/// Line ends within labels are escaped, so every byte `\n` ends a line.
fn add_timestamp(buffer: &mut Buffer, start: usize, timestamp: i64, dialect: Dialect) {
    let lines = buffer.as_slice()[start..].to_vec();
    let end = match dialect {
        Dialect::Prometheus => format!(" {timestamp}\n"),
        Dialect::OpenMetrics => format!(" {}.{:03}\n", timestamp / 1000, timestamp % 1000),
    };
    buffer.truncate(start);
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        buffer.put(line.strip_suffix(b"\n").unwrap_or(line));
        buffer.put(end.as_bytes());
    }
}
