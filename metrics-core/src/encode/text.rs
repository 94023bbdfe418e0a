//! The text formats: Prometheus 0.0.4 and 1.0.0, and OpenMetrics 1.0.

use std::io;

use super::{
    Counters, Escaping, Exemplar, Exposition, Format, Head, HistogramValue, Lines, Number, Sink,
    SummaryValue, Value,
    buffer::{Buffer, Line, Padded, STEP},
    escape, number,
};
use crate::{desc::Kind, name, render};

/// Written text leaves in pieces of about this size.
const PIECE: usize = 32 * 1024;

/// Writes one of the text formats.
pub(crate) struct Text<'w> {
    out: &'w mut dyn io::Write,
    result: io::Result<()>,
    buffer: Buffer,
    format: Format,
    open_metrics: bool,
    /// Whether the births of series are written; OpenMetrics alone has a place for them.
    created: bool,
    /// Labels that the registry gives to every series.
    common: &'w str,
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
    /// Bounds of the last histogram, where they stand if it is of this family, and the ends of
    /// their lines.
    bounds: Vec<f64>,
    bounds_at: Option<(usize, usize)>,
    le: Vec<Le>,
    /// What the lines of all its buckets begin with.
    bucket: Padded,
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
        out: &'w mut dyn io::Write,
        exposition: Exposition,
        created: bool,
        common: &'w str,
    ) -> Self {
        let open_metrics = exposition.format == Format::OpenMetrics;
        Text {
            out,
            result: Ok(()),
            buffer: Buffer::with_capacity(PIECE + PIECE / 4),
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
            bounds: Vec::new(),
            bounds_at: None,
            le: Vec::new(),
            bucket: Padded::default(),
            scratch: String::new(),
        }
    }

    /// Ends the exposition.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        if self.open_metrics {
            self.buffer.put(b"# EOF\n");
        }
        self.flush();
        self.result
    }

    fn flush(&mut self) {
        if self.result.is_ok() {
            self.result = self.out.write_all(self.buffer.as_slice());
        }
        self.buffer.clear();
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
                escape::quoted(
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
        self.buffer.write(room, |line| {
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
        let (open_metrics, name, common) = (self.open_metrics, &self.name, self.common);
        let room = name.len() + suffix.len() + common.len() + number::ROOM;
        self.buffer.write(room, |line| {
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
        self.buffer.write(start.room() + number::ROOM, |line| {
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
        render::label(&mut all, extra.0, extra.1);
        self.sample(Sample::Main, &all, value);
        self.scratch = all;
    }

    /// Adds an exemplar to the line that was just written.
    fn exemplar(&mut self, exemplar: &Exemplar) {
        self.buffer.truncate(self.buffer.len() - 1);
        let room = exemplar.labels.len() + 2 * number::ROOM;
        self.buffer.write(room, |line| {
            line.put(b" # {");
            line.put(exemplar.labels.as_bytes());
            line.put_pair(*b"} ");
            number::float(line, exemplar.value, true);
            line.put_byte(b' ');
            number::time(line, exemplar.time);
            line.put_byte(b'\n');
        });
    }

    #[inline(never)]
    fn born(&mut self, labels: &str, created: f64) {
        // What is computed has no birth.
        if self.created && created > 0.0 {
            self.sample(Sample::Created, labels, Number::Unsigned(0));
            self.buffer.truncate(self.buffer.len() - 2);
            self.buffer.write(number::ROOM, |line| {
                number::time(line, created);
                line.put_byte(b'\n');
            });
        }
    }

    fn histogram(&mut self, labels: &str, value: &HistogramValue<'_>) {
        // Those of a family stand in one place.
        let bounds_at = (value.bounds.as_ptr().addr(), value.bounds.len());
        if self.bounds_at != Some(bounds_at) {
            self.bounds_at = Some(bounds_at);
            if self.le.is_empty() || self.bounds != value.bounds {
                self.note_bounds(value.bounds);
            }
        }
        self.begin_buckets(labels);
        let total = if self.open_metrics && !value.exemplars.is_empty() {
            self.buckets_with_exemplars(value)
        } else {
            self.buckets(value.counts)
        };
        // OpenMetrics: no sum where observations may be negative, and no count without a sum.
        if self.open_metrics && value.falls && self.kind == Kind::Histogram {
            return;
        }
        self.sample(Sample::Sum, labels, Number::Float(value.sum));
        self.sample(Sample::Count, labels, Number::Unsigned(total));
    }

    fn begin_buckets(&mut self, labels: &str) {
        let mut bucket = std::mem::take(&mut self.bucket);
        let start = &self.start(Sample::Main).labels;
        if labels.is_empty() {
            bucket.set(&[start.as_slice()]);
        } else {
            bucket.set(&[start.as_slice(), labels.as_bytes(), b","]);
        }
        self.bucket = bucket;
    }

    /// Writes the lines of buckets; returns what they add up to.
    fn buckets(&mut self, counts: &[u64]) -> u64 {
        match self.bucket.steps() {
            1 => self.short_buckets::<1>(counts),
            2 => self.short_buckets::<2>(counts),
            3 => self.short_buckets::<3>(counts),
            4 => self.short_buckets::<4>(counts),
            _ => {
                let mut total = 0_u64;
                for (le, count) in self.le.iter().zip(counts) {
                    total = total.saturating_add(*count);
                    bucket_line(&mut self.buffer, &self.bucket, le, total);
                }
                total
            }
        }
    }

    /// The same where lines begin with so many steps: there is no loop in a line.
    #[inline(never)]
    fn short_buckets<const STEPS: usize>(&mut self, counts: &[u64]) -> u64 {
        let mut total = 0_u64;
        let (bucket, le) = (&self.bucket, &self.le);
        let room = (bucket.room() + STEP + number::ROOM) * le.len();
        self.buffer.write(room, |line| {
            for (le, count) in le.iter().zip(counts) {
                total = total.saturating_add(*count);
                line.put_some_steps::<STEPS>(bucket);
                le.put(line);
                number::unsigned_line(line, total);
            }
        });
        total
    }

    fn buckets_with_exemplars(&mut self, value: &HistogramValue<'_>) -> u64 {
        let mut exemplars = value.exemplars;
        let mut total = 0_u64;
        for (at, count) in value.counts.iter().enumerate() {
            total = total.saturating_add(*count);
            bucket_line(&mut self.buffer, &self.bucket, &self.le[at], total);
            let inside = match value.bounds.get(at) {
                Some(bound) => exemplars.partition_point(|exemplar| exemplar.value <= *bound),
                None => exemplars.len(),
            };
            let (of_this, rest) = exemplars.split_at(inside);
            exemplars = rest;
            if let Some(exemplar) = of_this.last() {
                self.exemplar(exemplar);
            }
        }
        total
    }

    /// Renders the ends of the lines of buckets with these bounds.
    #[cold]
    fn note_bounds(&mut self, bounds: &[f64]) {
        self.bounds = bounds.to_vec();
        let bounds = bounds.iter().copied().chain([f64::INFINITY]);
        self.le = bounds
            .map(|bound| Le::new(bound, self.open_metrics))
            .collect();
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
        render::escaped_names(labels, self.escaping, &mut rewritten);
        let scheme = self.rewrites.take();
        write(self, &rewritten);
        self.rewrites = scheme;
        self.rewritten = rewritten;
    }

    /// The lines before a family's samples.
    fn head(&self, head: Head<'_>) -> Lines {
        let desc = head.desc;
        let mut out = String::new();
        let mut comment = |keyword: &str, text: &str| {
            for part in ["# ", keyword, " "] {
                out.push_str(part);
            }
            if self.is_quoted {
                escape::quoted(&mut out, &self.name);
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
            if let Some(unit) = desc.unit_name() {
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
        let head = out.len();
        out.push_str(&self.name);
        out.push_str(self.suffix(Sample::Main));
        out.push(' ');
        Lines::new(out.as_bytes(), head)
    }
}

/// What stands between the labels and the value of a bucket: `le="0.1"} `.
#[derive(Debug)]
struct Le {
    /// The longest float has 24 characters.
    text: [u8; STEP],
    len: usize,
}

impl Le {
    fn new(bound: f64, open_metrics: bool) -> Self {
        let mut buffer = Buffer::default();
        buffer.write(number::ROOM, |line| {
            line.put(b"le=\"");
            number::float(line, bound, open_metrics);
            line.put(b"\"} ");
        });
        let mut text = [0; STEP];
        text[..buffer.len()].copy_from_slice(buffer.as_slice());
        Le {
            text,
            len: buffer.len(),
        }
    }

    #[inline(always)]
    fn put(&self, line: &mut Line<'_>) {
        line.put_step(&self.text, self.len);
    }
}

/// Writes the line of a bucket.
fn bucket_line(buffer: &mut Buffer, bucket: &Padded, le: &Le, total: u64) {
    let room = bucket.room() + STEP + number::ROOM;
    buffer.write(room, |line| {
        line.put_padded(bucket);
        le.put(line);
        number::unsigned_line(line, total);
    });
}

impl Sink for Text<'_> {
    fn family(&mut self, head: Head<'_>) {
        let Head { prefix, desc, .. } = head;
        self.kind = desc.kind();
        self.bounds_at = None;
        if let Some(starts) = self.starts.take() {
            self.spare = starts;
        }
        self.name.clear();
        self.name.push_str(prefix);
        self.name.push_str(desc.name());
        // Underscores are doubled in any name.
        let dots = self.escaping == Escaping::Dots;
        let lines = head.heads.of(self.format);
        let is_legacy = lines.get().is_some() || name::is_legacy_metric(&self.name);
        let is_plain = is_legacy && !dots;
        let rewrites = dots || self.escaping != Escaping::AllowUtf8 && !desc.has_legacy_labels();
        self.rewrites = rewrites.then_some(self.escaping);
        self.is_quoted = !is_legacy && self.escaping == Escaping::AllowUtf8;
        if self.kind == Kind::StateSet {
            self.state = escape::label_name(&self.name, self.escaping).into_owned();
        }
        if !is_plain {
            self.name = escape::metric_name(&self.name, self.escaping).into_owned();
        }
        if self.open_metrics {
            let family = name::family_name(&self.name, self.kind).len();
            self.name.truncate(family);
        }
        if is_plain {
            self.buffer
                .put(lines.get_or_init(|| self.head(head)).head());
        } else {
            let lines = self.head(head);
            self.buffer.put(lines.head());
        }
    }

    fn series(&mut self, labels: &str, created: f64, value: Value<'_>) {
        if self.rewrites.is_some() {
            return self.rewritten(labels, |this, labels| this.series(labels, created, value));
        }
        match value {
            Value::Counter(number, exemplar) => {
                self.sample(Sample::Main, labels, number);
                if let Some(exemplar) = exemplar
                    && self.open_metrics
                {
                    self.exemplar(exemplar);
                }
                self.born(labels, created);
            }
            Value::Gauge(number) => self.sample(Sample::Main, labels, number),
            Value::Histogram(value) => {
                self.histogram(labels, &value);
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

    fn single(&mut self, head: Head<'_>, created: f64, number: Number) {
        let has_birth = self.created && head.desc.kind() == Kind::Counter;
        let lines = head.heads.of(self.format).get();
        let lines = lines.filter(|_| self.escaping != Escaping::Dots);
        let Some(lines) = lines.filter(|_| self.common.is_empty() && !has_birth) else {
            self.family(head);
            return self.number("", created, number);
        };
        let open_metrics = self.open_metrics;
        self.buffer.write(lines.all.room() + number::ROOM, |line| {
            line.put_padded(&lines.all);
            number::write(line, number, open_metrics);
            line.put_byte(b'\n');
        });
    }

    #[inline]
    fn number(&mut self, labels: &str, created: f64, number: Number) {
        if self.rewrites.is_some() {
            return self.rewritten(labels, |this, labels| this.number(labels, created, number));
        }
        self.sample(Sample::Main, labels, number);
        if self.created && self.kind == Kind::Counter {
            self.born(labels, created);
        }
    }

    fn counters(&mut self, counters: &Counters<'_>) {
        if self.created || self.rewrites.is_some() || self.starts.is_none() {
            for (labels, created, total) in counters.iter() {
                self.number(labels, created, Number::Unsigned(total));
            }
            return;
        }
        let Some([start, ..]) = &self.starts else {
            return;
        };
        let Start {
            labels: start,
            value,
        } = start;
        for (labels, _, total) in counters.iter() {
            let room = start.room().max(value.room()) + labels.len() + number::ROOM;
            self.buffer.write(room, |line| {
                if labels.is_empty() {
                    line.put_padded(value);
                    number::unsigned(line, total);
                    line.put_byte(b'\n');
                } else {
                    line.put_padded(start);
                    line.put(labels.as_bytes());
                    number::unsigned_value(line, total);
                }
            });
        }
    }

    fn pause(&mut self) -> bool {
        if self.buffer.len() >= PIECE {
            self.flush();
        }
        self.result.is_ok()
    }
}
