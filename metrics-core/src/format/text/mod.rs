//! The text formats: Prometheus 0.0.4 and 1.0.0, and OpenMetrics 1.0.

mod buckets;
mod counters;
mod singles;

use std::io;

use self::buckets::{Buckets, add_exemplar};
use super::{
    buffer::{Buffer, Padded},
    number,
    outlet::{Out, Outlet},
};
use crate::{
    describe::{desc::Desc, escaping, escaping::Escaping, kind::Kind, name},
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
    format: Format,
    open_metrics: bool,
    /// Whether the births of series are written; OpenMetrics alone has a place for them.
    created: bool,
    /// Labels that the registry gives to every series.
    common: String,
    escaping: Escaping,
    /// The family that has begun.
    name: String,
    kind: Kind,
    /// Whether its name stands in quotes, among the labels.
    is_quoted: bool,
    /// Under which scheme the names of its labels are rewritten.
    rewrites: Option<Escaping>,
    /// The label of a state set.
    state: String,
    rewritten: String,
    /// How its lines begin, from the first series on that has labels.
    starts: Option<[Start; 4]>,
    /// Those of an earlier family.
    spare: [Start; 4],
    buckets: Buckets,
    /// What many counters take, as soon as there are some.
    counters: Option<Box<counters::Many>>,
    scratch: String,
}

/// How lines of one sample name begin.
#[derive(Debug, Default)]
struct Start {
    /// Before the labels of a series: `name{common="1",`.
    labels: Padded,
    /// Before the value of a series without labels: `name{common="1"} `.
    value: Padded,
}

/// Which of a family's sample names it is.
#[derive(Clone, Copy)]
enum Sample {
    Main,
    Sum,
    Count,
    Created,
}

impl<'w> Text<'w> {
    pub(crate) fn new(
        out: Out<'w>,
        exposition: ExpositionFormat,
        created: bool,
        common: String,
    ) -> Self {
        let open_metrics = exposition.format == Format::OpenMetrics;
        Text {
            outlet: Outlet::new(out),
            format: exposition.format,
            open_metrics,
            created: created && open_metrics,
            common,
            escaping: exposition.name_escaping(),
            name: String::new(),
            kind: Kind::Unknown,
            is_quoted: false,
            rewrites: None,
            state: String::new(),
            rewritten: String::new(),
            starts: None,
            spare: Default::default(),
            buckets: Buckets::default(),
            counters: None,
            scratch: String::new(),
        }
    }

    /// Ends the exposition.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if self.open_metrics {
            self.outlet.buffer.put(b"# EOF\n");
        }
        self.outlet.finish()
    }

    /// What follows the family's name in the names of its samples.
    fn suffix(&self, sample: Sample) -> &'static str {
        match (sample, self.kind) {
            (Sample::Main, Kind::Histogram | Kind::GaugeHistogram) => "_bucket",
            (Sample::Main, Kind::Counter) if self.open_metrics => "_total",
            (Sample::Main, Kind::Info) if self.open_metrics => "_info",
            (Sample::Main, _) => "",
            (Sample::Sum, Kind::GaugeHistogram) if self.open_metrics => "_gsum",
            (Sample::Sum, _) => "_sum",
            (Sample::Count, Kind::GaugeHistogram) if self.open_metrics => "_gcount",
            (Sample::Count, _) => "_count",
            (Sample::Created, _) => "_created",
        }
    }

    /// How the lines of this sample begin.
    #[inline(always)]
    fn start(&mut self, sample: Sample) -> &Start {
        if self.starts.is_none() {
            self.make_starts();
        }
        // Just made where they were missing.
        &self.starts.get_or_insert_default()[sample as usize]
    }

    #[cold]
    fn make_starts(&mut self) {
        let mut starts = std::mem::take(&mut self.spare);
        for sample in [Sample::Main, Sample::Sum, Sample::Count, Sample::Created] {
            let (name, suffix) = (self.name.as_bytes(), self.suffix(sample).as_bytes());
            let common = self.common.as_bytes();
            let Start { labels, value } = &mut starts[sample as usize];
            if self.is_quoted {
                let mut quoted = String::new();
                escaping::quoted(
                    &mut quoted,
                    &format!("{}{}", self.name, self.suffix(sample)),
                );
                let quoted = quoted.as_bytes();
                if common.is_empty() {
                    labels.set(&[b"{", quoted, b","]);
                    value.set(&[b"{", quoted, b"} "]);
                } else {
                    labels.set(&[b"{", quoted, b",", common, b","]);
                    value.set(&[b"{", quoted, b",", common, b"} "]);
                }
            } else if common.is_empty() {
                labels.set(&[name, suffix, b"{"]);
                value.set(&[name, suffix, b" "]);
            } else {
                labels.set(&[name, suffix, b"{", common, b","]);
                value.set(&[name, suffix, b"{", common, b"} "]);
            }
        }
        self.starts = Some(starts);
    }

    /// Writes a line: `name{labels} value`.
    #[inline(always)]
    fn sample(&mut self, sample: Sample, labels: &str, value: Number) {
        if labels.is_empty() {
            return self.unlabelled(sample, value);
        }
        let open_metrics = self.open_metrics;
        let Some(starts) = &self.starts else {
            return self.first_sample(sample, labels, value);
        };
        let start = &starts[sample as usize].labels;
        let room = start.room() + labels.len() + number::ROOM;
        self.outlet.buffer.write(room, |line| {
            line.put_padded(start);
            line.put(labels.as_bytes());
            line.put_pair(*b"} ");
            number::write(line, value, open_metrics);
            line.put_byte(b'\n');
        });
    }

    #[cold]
    #[inline(never)]
    fn first_sample(&mut self, sample: Sample, labels: &str, value: Number) {
        self.make_starts();
        self.sample(sample, labels, value);
    }

    #[inline(never)]
    fn unlabelled(&mut self, sample: Sample, value: Number) {
        if self.is_quoted {
            return self.unlabelled_quoted(sample, value);
        }
        let suffix = self.suffix(sample).as_bytes();
        let (open_metrics, name, common) = (self.open_metrics, &self.name, &self.common);
        let room = name.len() + suffix.len() + common.len() + number::ROOM;
        self.outlet.buffer.write(room, |line| {
            line.put(name.as_bytes());
            line.put(suffix);
            if !common.is_empty() {
                line.put_byte(b'{');
                line.put(common.as_bytes());
                line.put_byte(b'}');
            }
            line.put_byte(b' ');
            number::write(line, value, open_metrics);
            line.put_byte(b'\n');
        });
    }

    #[cold]
    fn unlabelled_quoted(&mut self, sample: Sample, value: Number) {
        if self.starts.is_none() {
            self.make_starts();
        }
        let open_metrics = self.open_metrics;
        let Some(starts) = &self.starts else {
            return;
        };
        let start = &starts[sample as usize].value;
        self.outlet
            .buffer
            .write(start.room() + number::ROOM, |line| {
                line.put_padded(start);
                number::write(line, value, open_metrics);
                line.put_byte(b'\n');
            });
    }

    /// Writes a line that has another label than those of its series: `name{labels,extra} value`.
    fn sample_of(&mut self, labels: &str, extra: (&str, &str), value: Number) {
        let mut all = std::mem::take(&mut self.scratch);
        all.clear();
        all.push_str(labels);
        label_text::push_label(&mut all, extra.0, extra.1);
        self.sample(Sample::Main, &all, value);
        self.scratch = all;
    }

    #[inline(never)]
    fn born(&mut self, labels: &str, created: f64) {
        // What is computed has no birth.
        if self.created && created > 0.0 {
            self.sample(Sample::Created, labels, Number::Unsigned(0));
            self.outlet.buffer.truncate(self.outlet.buffer.len() - 2);
            self.outlet.buffer.write(number::ROOM, |line| {
                number::time(line, created);
                line.put_byte(b'\n');
            });
        }
    }

    fn histogram(&mut self, labels: &str, value: &HistogramValue<'_>) {
        if self.starts.is_none() {
            self.make_starts();
        }
        let Some([start, ..]) = &self.starts else {
            return;
        };
        self.buckets.begin(&start.labels, labels.as_bytes());
        let buffer = &mut self.outlet.buffer;
        let total = self.buckets.write(buffer, value, self.open_metrics);
        // OpenMetrics: no sum where observations may be negative, and no count without a sum.
        if self.open_metrics && value.allows_negative && self.kind == Kind::Histogram {
            return;
        }
        self.sample(Sample::Sum, labels, Number::Float(value.sum));
        self.sample(Sample::Count, labels, Number::Unsigned(total));
    }

    fn summary(&mut self, labels: &str, value: &SummaryValue<'_>) {
        for (quantile, estimate) in value.quantiles {
            let mut text = Buffer::default();
            text.write(number::ROOM, |line| {
                number::float(line, *quantile, self.open_metrics);
            });
            let quantile = String::from_utf8_lossy(text.as_slice());
            let label = ("quantile", &*quantile);
            self.sample_of(labels, label, Number::Float(*estimate));
        }
        self.sample(Sample::Sum, labels, Number::Float(value.sum));
        self.sample(Sample::Count, labels, Number::Unsigned(value.count));
    }

    fn state_set(&mut self, labels: &str, states: &[&str], active: usize) {
        // Before the name is lent out.
        self.start(Sample::Main);
        let name = std::mem::take(&mut self.state);
        for (at, state) in states.iter().enumerate() {
            let value = Number::Unsigned(u64::from(at == active));
            self.sample_of(labels, (&name, state), value);
        }
        self.state = name;
    }

    /// Writes a series with the names of its labels escaped.
    #[cold]
    fn rewritten(&mut self, labels: &str, write: impl FnOnce(&mut Self, &str)) {
        let mut rewritten = std::mem::take(&mut self.rewritten);
        rewritten.clear();
        label_text::push_escaped(labels, self.escaping, &mut rewritten);
        let scheme = self.rewrites.take();
        write(self, &rewritten);
        self.rewrites = scheme;
        self.rewritten = rewritten;
    }

    /// The lines before a family's samples.
    fn head(&self, desc: &Desc) -> String {
        let mut out = String::new();
        let mut comment = |keyword: &str, text: &str| {
            for part in ["# ", keyword, " "] {
                out.push_str(part);
            }
            if self.is_quoted {
                escaping::quoted(&mut out, &self.name);
            } else {
                out.push_str(&self.name);
            }
            out.push(' ');
            for c in text.chars() {
                match c {
                    '\\' => out.push_str("\\\\"),
                    '\n' => out.push_str("\\n"),
                    '"' if self.open_metrics => out.push_str("\\\""),
                    c => out.push(c),
                }
            }
            out.push('\n');
        };
        if self.open_metrics {
            comment("TYPE", self.kind.name());
            // An escaped name may not end in it any more: `_total` is `__total` under dots, and
            // what remains without it is `seconds_`.
            let unit = desc.unit_name().filter(|unit| {
                let rest = self.name.strip_suffix(unit);
                rest.is_some_and(|rest| rest.ends_with('_'))
            });
            if let Some(unit) = unit {
                comment("UNIT", unit);
            }
            comment("HELP", desc.help());
        } else {
            comment("HELP", desc.help());
            comment(
                "TYPE",
                match self.kind {
                    Kind::Info | Kind::StateSet => "gauge",
                    Kind::GaugeHistogram => "histogram",
                    Kind::Unknown => "untyped",
                    kind => kind.name(),
                },
            );
        }
        out
    }

    /// Begins a family; writes nothing.
    ///
    /// Returns whether its name is left as it is.
    fn begin(&mut self, head: FamilyHead<'_>) -> bool {
        let FamilyHead { prefix, desc, .. } = head;
        self.kind = desc.kind();
        self.buckets.new_family();
        if let Some(starts) = self.starts.take() {
            self.spare = starts;
        }
        self.name.clear();
        self.name.push_str(prefix);
        self.name.push_str(desc.name());
        // Underscores are doubled in any name.
        let dots = self.escaping == Escaping::Dots;
        let lines = head.cache.for_format(self.format);
        let is_legacy = lines.get().is_some() || name::is_legacy_metric(&self.name);
        let is_plain = is_legacy && !dots;
        let rewrites = dots || self.escaping != Escaping::AllowUtf8 && !desc.has_legacy_labels();
        self.rewrites = rewrites.then_some(self.escaping);
        self.is_quoted = !is_legacy && self.escaping == Escaping::AllowUtf8;
        if self.kind == Kind::StateSet {
            self.state = escaping::label_name(&self.name, self.escaping).into_owned();
        }
        if !is_plain {
            self.name = escaping::metric_name(&self.name, self.escaping).into_owned();
        }
        if self.open_metrics {
            let family = name::family_name(&self.name, self.kind).len();
            self.name.truncate(family);
        }
        is_plain
    }

    /// The bytes before the value of a single-sample family: its head and the start of its line.
    fn line_prefix(&mut self, head: FamilyHead<'_>) -> String {
        self.begin(head);
        let (head, suffix) = (self.head(head.desc), self.suffix(Sample::Main));
        format!("{head}{}{suffix} ", self.name)
    }
}

impl Sink for Text<'_> {
    fn begin_family(&mut self, head: FamilyHead<'_>) {
        let is_plain = self.begin(head);
        let write = || self.head(head.desc).into_bytes().into_boxed_slice();
        if is_plain {
            let head = head.cache.for_format(self.format).get_or_init(write);
            self.outlet.buffer.put(head);
        } else {
            let head = write();
            self.outlet.buffer.put(&head);
        }
    }

    fn write_series(&mut self, labels: &str, created: f64, value: Value<'_>) {
        if self.rewrites.is_some() {
            return self.rewritten(labels, |this, labels| {
                this.write_series(labels, created, value);
            });
        }
        match value {
            Value::Counter(number, exemplar) => {
                self.sample(Sample::Main, labels, number);
                if let Some(exemplar) = exemplar
                    && self.open_metrics
                {
                    add_exemplar(&mut self.outlet.buffer, exemplar);
                }
                self.born(labels, created);
            }
            Value::Gauge(number) => self.sample(Sample::Main, labels, number),
            Value::Histogram(ref value) => {
                self.histogram(labels, value);
                self.born(labels, created);
            }
            Value::Summary(value) => {
                self.summary(labels, &value);
                self.born(labels, created);
            }
            Value::Info => self.sample(Sample::Main, labels, Number::Unsigned(1)),
            Value::StateSet(states, active) => self.state_set(labels, states, active),
        }
    }

    fn write_singles(&mut self, singles: &SingleSamples<'_>) {
        if self.created || !self.common.is_empty() || self.escaping == Escaping::Dots {
            for (head, created, number) in singles.iter() {
                self.begin_family(head);
                self.write_number("", created, number);
            }
            return;
        }
        let texts = singles.line_prefixes(self.format, |head| self.line_prefix(head));
        singles::write(&mut self.outlet.buffer, singles, texts, self.open_metrics);
    }

    #[inline]
    fn write_number(&mut self, labels: &str, created: f64, number: Number) {
        if self.rewrites.is_some() {
            return self.rewritten(labels, |this, labels| {
                this.write_number(labels, created, number);
            });
        }
        self.sample(Sample::Main, labels, number);
        if self.created && self.kind == Kind::Counter {
            self.born(labels, created);
        }
    }

    fn label_rendering(&mut self) -> Option<LabelRendering<'_>> {
        if self.created || self.rewrites.is_some() {
            return Some(LabelRendering::TEXT);
        }
        if self.starts.is_none() {
            self.make_starts();
        }
        let [start, ..] = self.starts.as_ref()?;
        Some(LabelRendering::in_line(start.labels.as_slice()))
    }

    fn write_counters(&mut self, counters: &CounterBatch<'_>) {
        if let Some([start, ..]) = &self.starts
            && !self.created
            && self.rewrites.is_none()
            && counters.series.labels.encoding() == LabelEncoding::Text
        {
            let buffer = &mut self.outlet.buffer;
            let many = self.counters.get_or_insert_default();
            return counters::write(buffer, counters, start, many);
        }
        counters.for_each(|labels, created, total| {
            self.write_number(labels, created, Number::Unsigned(total));
        });
    }

    fn write_histograms(&mut self, histograms: &HistogramBatch<'_>) {
        // OpenMetrics: no sum where observations may be negative, and no count without a sum.
        let is_special = self.created
            || self.rewrites.is_some()
            || (self.open_metrics && histograms.allows_negative);
        if self.starts.is_none() {
            self.make_starts();
        }
        if let Some(starts) = &self.starts
            && !is_special
        {
            let buffer = &mut self.outlet.buffer;
            return self
                .buckets
                .write_many(buffer, histograms, starts, self.open_metrics);
        }
        histograms.for_each(|labels, created, value| self.write_series(labels, created, value));
    }

    fn checkpoint(&mut self) -> bool {
        self.outlet.pause();
        self.outlet.is_open()
    }
}
