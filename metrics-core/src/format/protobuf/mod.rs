//! Prometheus' protobuf format: delimited messages `io.prometheus.client.MetricFamily`.
//!
//! The messages are those of [`metrics.proto`]. They are written by hand: what there is of them
//! fits into a page, and sizes are computed before anything is written, so that nothing is moved.
//!
//! A message begins with its length, and a family may be larger than what should be held in
//! memory. The length of a large one is therefore computed beforehand, from its series or, where
//! their values decide, by going over them twice; what has become shorter meanwhile is filled up
//! with a field that no reader knows and each skips. Where more has come than was announced, it
//! follows in another message of the same family.
//!
//! [`metrics.proto`]: https://github.com/prometheus/client_model/blob/master/io/prometheus/client/metrics.proto

mod counters;
mod histogram;
mod pairs;
mod wire;

use std::io;

pub(crate) use self::pairs::Pairs;
use self::{
    histogram::{Sides, bucket_len, classic, example},
    wire::{
        FILLER, SLACK, Time, bytes, double, field_len, fill, long_tag, tag, varint, varint_len,
        zigzag,
    },
};
use super::{
    buffer::{Buffer, Line},
    outlet::{Outlet, Output, PIECE},
};
use crate::{
    describe::{escaping, escaping::Escaping, kind::Kind, name},
    sample::{
        batch::CounterBatch,
        format::{ExpositionFormat, Format},
        head::{FamilyHead, SizeEstimate},
        label_encoding::{LabelEncoding, LabelRendering},
        label_text,
        sink::Sink,
        value::{HistogramValue, Number, RenderedExemplar, SummaryValue, Value},
    },
};

/// Families of so many series are held in memory until their length is known.
const FEW: usize = 1000;
/// Native histograms are larger.
const FEW_NATIVE: usize = 100;

/// Writes the protobuf format.
pub(crate) struct Protobuf<'w> {
    outlet: Outlet<'w>,
    /// Labels that the registry gives to every series, as fields of a `Metric`.
    common: Vec<u8>,
    escaping: Escaping,
    /// What every message of the family begins with.
    head: Vec<u8>,
    /// The label of a state set.
    state: String,
    kind: Kind,
    /// Whether the names of its labels are rewritten.
    rewrites: bool,
    rewritten: String,
    message: Message,
    labels: Pairs,
    /// What many counters take, as soon as there are some.
    counters: Option<Box<counters::Many>>,
    scratch: String,
    native: Sides,
}

/// How far the message of a family has come.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Message {
    /// There is none.
    None,
    /// It begins at this place in the buffer, and its length is written when it ends.
    Held(usize),
    /// Its series are counted, and come again.
    Counted(usize),
    /// Its length was announced, and so much of it is still to come.
    Announced(usize),
}

/// The labels of a series.
#[derive(Clone, Copy)]
enum Labels<'a> {
    /// In text, of which they were read.
    Read(&'a str),
    /// As fields of a `Metric`, in two parts.
    Fields(&'a [u8], &'a [u8]),
}

impl<'w> Protobuf<'w> {
    pub(crate) fn new(out: Output<'w>, exposition: ExpositionFormat, common: &str) -> Self {
        let mut this = Protobuf {
            outlet: Outlet::new(out),
            common: Vec::new(),
            escaping: exposition.name_escaping(),
            head: Vec::new(),
            state: String::new(),
            kind: Kind::Unknown,
            rewrites: false,
            rewritten: String::new(),
            message: Message::None,
            labels: Pairs::default(),
            counters: None,
            scratch: String::new(),
            native: Sides::default(),
        };
        this.labels.read(common);
        let mut buffer = Buffer::default();
        buffer.write(this.labels.room(), |line| this.labels.write(common, line));
        this.common = buffer.as_slice().to_vec();
        this
    }

    /// Ends the exposition.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.end_message();
        self.outlet.finish()
    }

    /// Begins a message that is held until its length is known.
    fn hold(&mut self) {
        self.message = Message::Held(self.outlet.buffer.len());
        self.outlet.buffer.put(&self.head);
    }

    fn end_message(&mut self) {
        match std::mem::replace(&mut self.message, Message::None) {
            Message::None | Message::Counted(_) => {}
            // A family without series is none.
            Message::Held(start) if self.outlet.buffer.len() == start + self.head.len() => {
                self.outlet.buffer.truncate(start);
            }
            Message::Held(start) => {
                let len = self.outlet.buffer.len() - start;
                let mut prefix = Buffer::default();
                prefix.write(SLACK, |line| varint(line, len as u64));
                self.outlet.buffer.insert(start, prefix.as_slice());
            }
            Message::Announced(left) => fill(&mut self.outlet.buffer, left),
        }
    }

    /// Begins a message of this length.
    fn announce(&mut self, len: usize) {
        let len = self.head.len() + len;
        self.outlet
            .buffer
            .write(SLACK, |line| varint(line, len as u64));
        self.outlet.buffer.put(&self.head);
        self.message = Message::Announced(len - self.head.len());
    }

    /// Writes a `Metric`: its labels, and a value of so many bytes.
    #[inline(always)]
    fn metric(
        &mut self,
        labels: Labels<'_>,
        (room, size): (usize, usize),
        value: impl FnOnce(&mut Line<'_>),
    ) {
        let labels_size = match labels {
            Labels::Read(_) => self.labels.size,
            Labels::Fields(first, rest) => first.len() + rest.len(),
        };
        let size = self.common.len() + labels_size + size;
        let whole = 1 + varint_len(size as u64) + size;
        if !self.admits(whole) {
            return;
        }
        let room = HEADER + self.common.len() + labels_size + SLACK + room;
        let (pairs, common) = (&self.labels, &self.common);
        self.outlet.buffer.write(room, |line| {
            line.put_byte(tag(4, wire::LEN));
            varint(line, size as u64);
            line.put(common);
            match labels {
                Labels::Read(text) => pairs.write(text, line),
                Labels::Fields(first, rest) => {
                    line.put(first);
                    line.put(rest);
                }
            }
            value(line);
        });
    }

    /// Whether so many bytes are to be written, now and here.
    #[inline(always)]
    fn admits(&mut self, size: usize) -> bool {
        match &mut self.message {
            Message::Held(_) => true,
            Message::Announced(left) if size + FILLER <= *left => {
                *left -= size;
                true
            }
            _ => self.admits_elsewhere(size),
        }
    }

    #[cold]
    #[inline(never)]
    fn admits_elsewhere(&mut self, size: usize) -> bool {
        match &mut self.message {
            Message::Counted(counted) => {
                *counted += size;
                false
            }
            Message::None => false,
            Message::Held(_) | Message::Announced(_) => {
                // More has come than was announced.
                self.end_message();
                self.hold();
                true
            }
        }
    }

    /// Writes a series that is one number.
    #[inline(always)]
    fn plain(&mut self, labels: &str, created: f64, value: f64) {
        self.labels.read(labels);
        self.number_of(Labels::Read(labels), created, value);
    }

    #[inline(always)]
    fn number_of(&mut self, labels: Labels<'_>, created: f64, value: f64) {
        let (field, time) = match self.kind {
            Kind::Counter => (3, Time::new(created)),
            Kind::Unknown => (5, Time::NONE),
            _ => (2, Time::NONE),
        };
        let size = 9 + time.size();
        self.metric(labels, (2 + 9 + Time::ROOM, 2 + size), |line| {
            line.put_pair([tag(field, wire::LEN), size as u8]);
            double(line, 1, value);
            time.write(line, 3);
        });
    }

    fn counter(&mut self, labels: &str, created: f64, value: f64, exemplar: &RenderedExemplar) {
        self.labels.read(labels);
        let time = Time::new(created);
        let exemplar = example(exemplar);
        let size = 9 + field_len(exemplar.len()) + time.size();
        let all = 1 + varint_len(size as u64) + size;
        self.metric(Labels::Read(labels), (all + SLACK, all), |line| {
            line.put_byte(tag(3, wire::LEN));
            varint(line, size as u64);
            double(line, 1, value);
            bytes(line, 2, &exemplar);
            time.write(line, 3);
        });
    }

    fn summary(&mut self, labels: &str, created: f64, value: &SummaryValue<'_>) {
        self.labels.read(labels);
        let time = Time::new(created);
        let count = varint_len(value.count);
        let size = 1 + count + 9 + value.quantiles.len() * (2 + 18) + time.size();
        let all = 1 + varint_len(size as u64) + size;
        self.metric(Labels::Read(labels), (all + SLACK, all), |line| {
            line.put_byte(tag(4, wire::LEN));
            varint(line, size as u64);
            line.put_byte(tag(1, wire::VARINT));
            varint(line, value.count);
            double(line, 2, value.sum);
            for (quantile, estimate) in value.quantiles {
                line.put_pair([tag(3, wire::LEN), 18]);
                double(line, 1, *quantile);
                double(line, 2, *estimate);
            }
            time.write(line, 4);
        });
    }

    fn histogram(&mut self, labels: &str, created: f64, value: &HistogramValue<'_>) {
        self.labels.read(labels);
        let time = Time::new(created);
        let exemplars: Vec<(f64, Vec<u8>)> = value
            .exemplars
            .iter()
            .map(|exemplar| (exemplar.value, example(exemplar)))
            .collect();
        let count = value.counts.iter().fold(0_u64, |a, b| a.saturating_add(*b));
        let mut size = 1 + varint_len(count) + 9 + time.size();
        classic(value, &exemplars, |total, _, exemplar| {
            size += 2 + bucket_len(total, exemplar);
            size += varint_len(bucket_len(total, exemplar) as u64) - 1;
        });
        if let Some(native) = value.native {
            self.native.take(native);
            size += 1 + varint_len(zigzag(native.schema.into())) + 9;
            size += 1 + varint_len(native.zero_count) + self.native.size();
            for (_, exemplar) in &exemplars {
                size += 1 + field_len(exemplar.len());
            }
        }
        let all = 1 + varint_len(size as u64) + size;
        let sides = std::mem::take(&mut self.native);
        self.metric(Labels::Read(labels), (all + SLACK, all), |line| {
            line.put_byte(tag(7, wire::LEN));
            varint(line, size as u64);
            line.put_byte(tag(1, wire::VARINT));
            varint(line, count);
            double(line, 2, value.sum);
            classic(value, &exemplars, |total, bound, exemplar| {
                line.put_byte(tag(3, wire::LEN));
                varint(line, bucket_len(total, exemplar) as u64);
                line.put_byte(tag(1, wire::VARINT));
                varint(line, total);
                double(line, 2, bound);
                if let Some(exemplar) = exemplar {
                    bytes(line, 3, exemplar);
                }
            });
            if let Some(native) = value.native {
                line.put_byte(tag(5, wire::VARINT));
                varint(line, zigzag(native.schema.into()));
                double(line, 6, native.zero_threshold);
                line.put_byte(tag(7, wire::VARINT));
                varint(line, native.zero_count);
                sides.write(line);
            }
            time.write(line, 15);
            if value.native.is_some() {
                for (_, exemplar) in &exemplars {
                    long_tag(line, 16, wire::LEN);
                    varint(line, exemplar.len() as u64);
                    line.put(exemplar);
                }
            }
        });
        self.native = sides;
    }

    /// Writes a gauge of each state.
    fn state_set(&mut self, labels: &str, states: &[&str], active: usize) {
        let mut all = std::mem::take(&mut self.scratch);
        for (at, state) in states.iter().enumerate() {
            all.clear();
            all.push_str(labels);
            label_text::push_label(&mut all, &self.state, state);
            self.plain(&all, 0.0, f64::from(u8::from(at == active)));
        }
        self.scratch = all;
    }

    /// Writes a series with the names of its labels escaped.
    #[cold]
    fn rewritten(&mut self, labels: &str, write: impl FnOnce(&mut Self, &str)) {
        let mut rewritten = std::mem::take(&mut self.rewritten);
        rewritten.clear();
        label_text::push_escaped(labels, self.escaping, &mut rewritten);
        self.rewrites = false;
        write(self, &rewritten);
        self.rewrites = true;
        self.rewritten = rewritten;
    }
}

impl Sink for Protobuf<'_> {
    fn begin_family(&mut self, head: FamilyHead<'_>) {
        self.end_message();
        let FamilyHead { prefix, desc, .. } = head;
        self.kind = desc.kind();
        let name = format!("{prefix}{}", desc.name());
        // Underscores are doubled in any name.
        let dots = self.escaping == Escaping::Dots;
        let lines = head.cache.for_format(Format::Protobuf);
        let is_plain = !dots && (lines.get().is_some() || name::is_legacy_metric(&name));
        self.rewrites = dots || (self.escaping != Escaping::AllowUtf8 && !desc.has_legacy_labels());
        if self.kind == Kind::StateSet {
            self.state = escaping::label_name(&name, self.escaping).into_owned();
        }
        let kind = match self.kind {
            Kind::Counter => 0,
            Kind::Gauge | Kind::Info | Kind::StateSet => 1,
            Kind::Summary => 2,
            Kind::Unknown => 3,
            Kind::Histogram => 4,
            Kind::GaugeHistogram => 5,
        };
        let write = || -> Box<[u8]> {
            let mut buffer = Buffer::default();
            for (field, text) in [
                (1, &*escaping::metric_name(&name, self.escaping)),
                (2, desc.help()),
                (5, desc.unit_name().unwrap_or_default()),
            ] {
                if !text.is_empty() {
                    buffer.write(SLACK + text.len(), |line| {
                        bytes(line, field, text.as_bytes());
                    });
                }
            }
            buffer.write(2, |line| line.put_pair([tag(3, wire::VARINT), kind]));
            Box::from(buffer.as_slice())
        };
        self.head.clear();
        if is_plain {
            self.head.extend_from_slice(lines.get_or_init(write));
        } else {
            self.head.extend_from_slice(&write());
        }
        self.hold();
    }

    fn needs_size_pass(&mut self, expected: &dyn Fn() -> SizeEstimate) -> bool {
        let expected = expected();
        let few = if expected.is_native { FEW_NATIVE } else { FEW };
        if expected.series <= few {
            return false;
        }
        let Message::Held(start) = self.message else {
            return false;
        };
        self.outlet.buffer.truncate(start);
        if expected.are_numbers && !self.rewrites {
            let time = if self.kind == Kind::Counter {
                Time::USUAL
            } else {
                0
            };
            let each = 2 + self.common.len() + 2 + 9 + time;
            let all = expected.label_bytes + expected.series * each;
            // A metric of 128 bytes and more has a longer length.
            let longest = each - 2 + expected.longest_labels;
            let longer = if longest < 0x80 { 0 } else { all / 100 };
            self.announce(all + longer + FILLER);
            return false;
        }
        self.message = Message::Counted(0);
        true
    }

    fn end_size_pass(&mut self) {
        if let Message::Counted(counted) = self.message {
            // There may be more by now, and numbers may have become longer.
            self.announce(counted + counted / 16 + PIECE + FILLER);
        }
    }

    fn write_series(&mut self, labels: &str, created: f64, value: Value<'_>) {
        if self.rewrites {
            return self.rewritten(labels, |this, labels| {
                this.write_series(labels, created, value);
            });
        }
        match value {
            Value::Counter(number, Some(exemplar)) => {
                self.counter(labels, created, number.as_f64(), exemplar);
            }
            Value::Counter(number, None) | Value::Gauge(number) => {
                self.plain(labels, created, number.as_f64());
            }
            Value::Histogram(ref value) => self.histogram(labels, created, value),
            Value::Summary(value) => self.summary(labels, created, &value),
            Value::Info => self.plain(labels, created, 1.0),
            Value::StateSet(states, active) => self.state_set(labels, states, active),
        }
    }

    fn write_number(&mut self, labels: &str, created: f64, number: Number) {
        if self.rewrites {
            return self.rewritten(labels, |this, labels| {
                this.write_number(labels, created, number);
            });
        }
        self.plain(labels, created, number.as_f64());
    }

    fn label_rendering(&mut self) -> Option<LabelRendering<'_>> {
        (!self.rewrites).then(|| counters::written(&self.common))
    }

    fn write_counters(&mut self, counters: &CounterBatch<'_>) {
        if self.rewrites || counters.series.labels.encoding() != LabelEncoding::Protobuf {
            return counters.for_each(|labels, created, total| {
                self.write_number(labels, created, Number::Unsigned(total));
            });
        }
        let mut many = self.counters.take().unwrap_or_default();
        let are_ready =
            counters.series.labels.is_as_requested() && many.know_births(counters.series.created);
        let mut at = 0;
        while at < counters.totals.len() {
            let left = counters.skip(at);
            let most = match self.message {
                Message::Held(_) => usize::MAX,
                Message::Announced(left) => left.saturating_sub(FILLER),
                Message::None | Message::Counted(_) => 0,
            };
            let (mut some, mut written) = (0, 0);
            if are_ready {
                let room = counters::room(&left, self.common.len());
                self.outlet.buffer.write(room, |line| {
                    (some, written) = counters::write(line.rest(), &left, &mut many, most);
                    line.skip(written);
                });
            }
            if let Message::Announced(left) = &mut self.message {
                *left -= written;
            }
            if let Some(([first, second], created, total)) = left.skip(some).first() {
                self.number_of(Labels::Fields(first, second), created, total as f64);
            }
            at += some + 1;
        }
        self.counters = Some(many);
    }

    fn checkpoint(&mut self) -> bool {
        if !matches!(self.message, Message::Held(_)) {
            self.outlet.flush_if_large();
        }
        self.outlet.is_open()
    }
}

/// What stands before the fields of a `Metric`.
const HEADER: usize = 1 + wire::VARINT_LEN;
